-- What an aircraft has done today: the New York day of its departures, revised by each of its landings.
SELECT
    tailnum, departure_day AS day, known_at,
    count(*) OVER so_far::DOUBLE AS aircraft_legs_today,
    sum(late) OVER so_far::DOUBLE AS aircraft_late_legs_today,
    last_value(arrival_delay_minutes IGNORE NULLS) OVER so_far::DOUBLE AS aircraft_last_delay_minutes,
    known_at AS aircraft_landed_at,
FROM landings
WHERE tailnum IS NOT NULL
WINDOW so_far AS (PARTITION BY tailnum, departure_day ORDER BY known_at, flight_id ROWS UNBOUNDED PRECEDING)
-- Of two landings in one minute, the second knows of both.
QUALIFY row_number() OVER (PARTITION BY tailnum, departure_day, known_at ORDER BY flight_id DESC) = 1
ORDER BY known_at, tailnum
