-- What became of each flight, and since when that is known. Cancelled flights never get a label; diverted ones are late.
SELECT flight_id,
    (arrival_delay_minutes IS NULL OR arrival_delay_minutes >= getvariable('late_minutes')) AS late,
    landed_at AS known_at,
FROM flights
WHERE landed_at IS NOT NULL
ORDER BY landed_at, flight_id
