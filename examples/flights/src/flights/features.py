"""Features as they were known when we were asked, and labels since when they are known."""

import pyarrow as pa

from flights.clocks import LATE_MINUTES, PREDICTION_LEAD
from flights.engine import run_sql

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


def build_features(flights: pa.Table, weather: pa.Table, planes: pa.Table) -> pa.Table:
    """One row per flight: what could be known of it two hours before its scheduled departure."""
    tables = {"flights": flights, "weather": weather, "planes": planes}
    return run_sql("features", tables, prediction_lead=PREDICTION_LEAD, late_minutes=LATE_MINUTES)


def build_labels(flights: pa.Table) -> pa.Table:
    """What became of each flight that has landed, and since when that is known."""
    return run_sql("labels", {"flights": flights}, late_minutes=LATE_MINUTES)
