-- One row per flight: the question as it is asked two hours before the scheduled departure, with the plan and the keys
-- by which everything else is looked up.
SELECT
    flight_id,
    scheduled_departure_at - getvariable('prediction_lead') AS asked_at,
    scheduled_departure_at, departure_date, tailnum,
    carrier, origin, dest,
    distance::DOUBLE AS distance,
    date_diff('minute', scheduled_departure_at, scheduled_arrival_at)::DOUBLE AS scheduled_minutes,
    (hour(departure_local) * 60 + minute(departure_local))::DOUBLE AS minute_of_day,
    isodow(departure_local)::DOUBLE AS weekday,
FROM (SELECT *, scheduled_departure_at AT TIME ZONE 'America/New_York' AS departure_local FROM flights)
ORDER BY asked_at, flight_id
