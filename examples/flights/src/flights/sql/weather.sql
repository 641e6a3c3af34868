-- Hourly weather at the three origins, with the instant at which each row could be known.
SELECT
    origin,
    time_hour AS observed_at,
    time_hour + getvariable('weather_lag') AS known_at,
    temp AS temperature_f, dewp AS dew_point_f, humid AS humidity, wind_dir::INTEGER AS wind_direction,
    wind_speed AS wind_mph, wind_gust AS gust_mph, precip AS precipitation_inches, pressure AS pressure_mb,
    visib AS visibility_miles,
FROM raw_weather
WHERE time_hour + getvariable('weather_lag') <= getvariable('as_of')
ORDER BY origin, observed_at
