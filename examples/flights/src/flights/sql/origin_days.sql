-- How punctual an airport's departures have been: its day, revised by each landing of one of them.
SELECT DISTINCT
    origin, landing_day AS day, known_at,
    avg(late) OVER last_6h AS origin_late_share_6h,
    count(*) OVER last_6h::DOUBLE AS origin_landings_6h,
FROM landings
WINDOW last_6h AS (PARTITION BY origin ORDER BY known_at RANGE BETWEEN INTERVAL 6 HOUR PRECEDING AND CURRENT ROW)
ORDER BY known_at, origin
