-- How punctual a route has been: its day, revised by each of its landings. Looks back from the landing.
SELECT DISTINCT
    origin, dest, landing_day AS day, known_at,
    avg(late) OVER last_14d AS route_late_share_14d,
FROM landings
WINDOW last_14d AS (
    PARTITION BY origin, dest ORDER BY known_at RANGE BETWEEN INTERVAL 14 DAY PRECEDING AND CURRENT ROW
)
ORDER BY known_at, origin, dest
