-- How punctual a carrier has been: its day, revised by each of its landings. Looks back from the landing.
SELECT DISTINCT  -- two that land in one minute say the same
    carrier, landing_day AS day, known_at,
    avg(late) OVER last_1d AS carrier_late_share_1d,
    avg(late) OVER last_7d AS carrier_late_share_7d,
FROM landings
WINDOW
    last_1d AS (PARTITION BY carrier ORDER BY known_at RANGE BETWEEN INTERVAL 1 DAY PRECEDING AND CURRENT ROW),
    last_7d AS (PARTITION BY carrier ORDER BY known_at RANGE BETWEEN INTERVAL 7 DAY PRECEDING AND CURRENT ROW)
ORDER BY known_at, carrier
