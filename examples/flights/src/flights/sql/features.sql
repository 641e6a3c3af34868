-- One row per flight: what could be known about it two hours before its scheduled departure.
--
-- Landings and questions lie on one time line. Each question looks back from its own instant over the landings in its
-- window, so a flight counts from the minute it is on the ground, however long ago it was scheduled.
CREATE TABLE landings AS
SELECT *, (arrival_delay_minutes IS NULL OR arrival_delay_minutes >= getvariable('late_minutes'))::INTEGER AS late
FROM flights WHERE landed_at IS NOT NULL;

CREATE TABLE asked AS
SELECT *,
    scheduled_departure_at - getvariable('prediction_lead') AS asked_at,
    scheduled_departure_at AT TIME ZONE 'America/New_York' AS departure_local,
FROM flights;

CREATE TABLE punctuality AS
WITH time_line AS (
    SELECT NULL AS flight_id, carrier, origin, dest, landed_at AS moment, late FROM landings
    UNION ALL
    SELECT flight_id, carrier, origin, dest, asked_at, NULL FROM asked  -- no outcome: averages pass over it
)
SELECT flight_id,
    avg(late) OVER carrier_1d AS carrier_late_share_1d,
    avg(late) OVER carrier_7d AS carrier_late_share_7d,
    avg(late) OVER route_14d AS route_late_share_14d,
    avg(late) OVER origin_6h AS origin_late_share_6h,
    count(late) OVER origin_6h AS origin_landings_6h,
FROM time_line
WINDOW
    carrier_1d AS (PARTITION BY carrier ORDER BY moment RANGE BETWEEN INTERVAL 1 DAY PRECEDING AND CURRENT ROW),
    carrier_7d AS (PARTITION BY carrier ORDER BY moment RANGE BETWEEN INTERVAL 7 DAY PRECEDING AND CURRENT ROW),
    route_14d AS (PARTITION BY origin, dest ORDER BY moment RANGE BETWEEN INTERVAL 14 DAY PRECEDING AND CURRENT ROW),
    origin_6h AS (PARTITION BY origin ORDER BY moment RANGE BETWEEN INTERVAL 6 HOUR PRECEDING AND CURRENT ROW)
QUALIFY flight_id IS NOT NULL;

CREATE TABLE own_legs AS  -- what the same aircraft had done earlier on the same New York day
SELECT a.flight_id,
    count(*) AS legs,
    sum(l.late) AS late_legs,
    arg_max(l.arrival_delay_minutes, (l.landed_at, l.flight_id)) AS last_delay,
    date_diff('minute', max(l.landed_at), any_value(a.asked_at)) AS minutes_down,
FROM asked a JOIN landings l
  ON a.tailnum = l.tailnum AND a.departure_date = l.departure_date AND l.landed_at <= a.asked_at
GROUP BY a.flight_id;

SELECT
    a.flight_id, a.asked_at, a.scheduled_departure_at,
    -- the plan
    a.carrier, a.origin, a.dest,
    a.distance::DOUBLE AS distance,
    date_diff('minute', a.scheduled_departure_at, a.scheduled_arrival_at)::DOUBLE AS scheduled_minutes,
    (hour(a.departure_local) * 60 + minute(a.departure_local))::DOUBLE AS minute_of_day,
    isodow(a.departure_local)::DOUBLE AS weekday,
    -- the weather at the origin
    w.temperature_f, w.humidity, w.wind_mph, w.gust_mph, w.precipitation_inches, w.pressure_mb, w.visibility_miles,
    date_diff('minute', w.known_at, a.asked_at)::DOUBLE AS weather_age_minutes,
    -- recent punctuality
    p.carrier_late_share_1d, p.carrier_late_share_7d, p.route_late_share_14d, p.origin_late_share_6h,
    p.origin_landings_6h::DOUBLE AS origin_landings_6h,
    -- the aircraft
    (year(a.departure_local) - m.built)::DOUBLE AS aircraft_age_years,
    m.seats::DOUBLE AS aircraft_seats,
    coalesce(l.legs, 0)::DOUBLE AS aircraft_legs_today,
    coalesce(l.late_legs, 0)::DOUBLE AS aircraft_late_legs_today,
    l.last_delay::DOUBLE AS aircraft_last_delay_minutes,
    l.minutes_down::DOUBLE AS aircraft_minutes_since_landing,
FROM asked a
JOIN punctuality p USING (flight_id)
LEFT JOIN own_legs l USING (flight_id)
LEFT JOIN planes m USING (tailnum)
ASOF LEFT JOIN weather w ON w.origin = a.origin AND a.asked_at >= w.known_at
ORDER BY a.asked_at, a.flight_id
