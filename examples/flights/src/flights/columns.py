"""What the model sees, by name. Nothing else is in here, so that a server of the model needs nothing else."""

CATEGORIES = ("carrier", "origin", "dest")

NUMBERS = (
    "distance", "scheduled_minutes", "minute_of_day", "weekday",
    "temperature_f", "humidity", "wind_mph", "gust_mph", "precipitation_inches", "pressure_mb", "visibility_miles",
    "weather_age_minutes",
    "carrier_late_share_1d", "carrier_late_share_7d", "route_late_share_14d", "origin_late_share_6h",
    "origin_landings_6h",
    "aircraft_age_years", "aircraft_seats", "aircraft_legs_today", "aircraft_late_legs_today",
    "aircraft_last_delay_minutes", "aircraft_minutes_since_landing",
)  # fmt: skip

FEATURES = CATEGORIES + NUMBERS
"""What the model sees, in this order."""
