-- Raw rows to flights as they were known at `as_of`.
--
-- The raw file has wall clocks: departures on New York's, arrivals on the destination's. We make instants of them:
--   scheduled departure  New York wall clock -> UTC (no flight of 2013 was scheduled inside an hour that DST skips or repeats)
--   actual departure     scheduled + dep_delay minutes, which is right over midnight and over a change of clocks
--   scheduled arrival    the destination's wall clock, the first such time after the scheduled departure
--   landing              scheduled arrival + arr_delay minutes
-- A check (see checks.py) reads the landing back on the destination's wall clock and compares it with arr_time.
WITH zones AS (
    SELECT faa AS airport, tzone AS zone FROM airports WHERE tzone IS NOT NULL
    UNION ALL  -- Puerto Rico and the US Virgin Islands are missing from the airports file; they have no DST
    SELECT unnest(['SJU', 'BQN', 'PSE', 'STT']), 'America/Puerto_Rico'
),
read AS (
    SELECT
        carrier, flight, tailnum, origin, dest, distance, dep_delay, arr_delay, arr_time, air_time,
        coalesce(zone, 'America/New_York') AS dest_zone,
        make_timestamp(year, month, day, sched_dep_time // 100, sched_dep_time % 100, 0) AS departure_local,
        make_timestamp(year, month, day, 0, 0, 0) AS departure_day,
        to_minutes((sched_arr_time % 2400) // 100 * 60 + sched_arr_time % 100) AS arrival_clock,
        to_minutes((arr_time % 2400) // 100 * 60 + arr_time % 100) AS landing_clock,
    FROM raw_flights LEFT JOIN zones ON dest = zones.airport
),
scheduled AS (
    SELECT *,
        strftime(departure_local, '%Y%m%d') || '-' || carrier || flight || '-' || origin AS flight_id,
        departure_local AT TIME ZONE 'America/New_York' AS scheduled_departure_at,
        CASE WHEN (departure_day + arrival_clock) AT TIME ZONE dest_zone > scheduled_departure_at
             THEN (departure_day + arrival_clock) AT TIME ZONE dest_zone
             ELSE (departure_day + INTERVAL 1 DAY + arrival_clock) AT TIME ZONE dest_zone
        END AS scheduled_arrival_at,
        scheduled_departure_at + to_minutes(dep_delay) AS took_off_at,
    FROM read
),
landed AS (
    SELECT *,
        CASE
            WHEN took_off_at IS NULL THEN 'cancelled'
            WHEN arr_delay IS NULL THEN 'diverted'
            ELSE 'landed'
        END AS final_status,
        CASE
            WHEN arr_delay IS NOT NULL THEN scheduled_arrival_at + to_minutes(arr_delay)
            -- Diverted, and reached its destination after all: the first such wall clock after the departure.
            WHEN landing_clock IS NOT NULL AND (departure_day + landing_clock) AT TIME ZONE dest_zone > took_off_at
                THEN (departure_day + landing_clock) AT TIME ZONE dest_zone
            WHEN landing_clock IS NOT NULL
                THEN (departure_day + INTERVAL 1 DAY + landing_clock) AT TIME ZONE dest_zone
            -- Diverted for good. The file does not say when that was known; the slowest of the others arrived nine
            -- hours late, so after twelve it surely was.
            WHEN took_off_at IS NOT NULL THEN scheduled_arrival_at + INTERVAL 12 HOUR
        END AS down_at,
    FROM scheduled
)
SELECT
    flight_id, carrier, flight::INTEGER AS flight, tailnum, origin, dest, dest_zone, distance::INTEGER AS distance,
    departure_local::DATE AS departure_date,
    scheduled_departure_at, scheduled_arrival_at,
    CASE
        WHEN final_status = 'cancelled' AND scheduled_departure_at <= getvariable('as_of') THEN 'cancelled'
        WHEN down_at <= getvariable('as_of') THEN final_status
        WHEN took_off_at <= getvariable('as_of') THEN 'in the air'
        ELSE 'scheduled'
    END AS status,
    -- What has not happened yet is not known yet.
    CASE WHEN took_off_at <= getvariable('as_of') THEN took_off_at END AS departed_at,
    CASE WHEN down_at <= getvariable('as_of') THEN down_at END AS landed_at,
    CASE WHEN down_at <= getvariable('as_of') THEN arr_delay::INTEGER END AS arrival_delay_minutes,
    CASE WHEN down_at <= getvariable('as_of') THEN air_time::INTEGER END AS air_minutes,
    CASE WHEN down_at <= getvariable('as_of') AND arr_delay IS NOT NULL THEN arr_time::INTEGER END AS arrival_clock_local,
FROM landed
WHERE scheduled_departure_at <= getvariable('as_of') + getvariable('schedule_horizon')
  AND scheduled_departure_at >= getvariable('departing_from')
  -- A sample keeps whole aircraft, so that what an aircraft did earlier in the day stays complete.
  AND ('0x' || md5(coalesce(tailnum, flight_id))[1:6])::INTEGER % 100 < getvariable('sample_percent')
ORDER BY scheduled_departure_at, flight_id
