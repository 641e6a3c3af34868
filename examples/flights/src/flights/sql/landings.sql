-- Every landing: when it became known, whether it was late, and the New York day that it belongs to.
SELECT
    flight_id, carrier, origin, dest, tailnum, arrival_delay_minutes,
    landed_at AS known_at,
    (arrival_delay_minutes IS NULL OR arrival_delay_minutes >= getvariable('late_minutes'))::INTEGER AS late,
    date_trunc('day', landed_at AT TIME ZONE 'America/New_York') AT TIME ZONE 'America/New_York' AS landing_day,
    departure_date::TIMESTAMP AT TIME ZONE 'America/New_York' AS departure_day,
FROM flights
WHERE landed_at IS NOT NULL
