"""Features as they were known when we were asked, and labels since when they are known."""

import pyarrow as pa

from flights.clocks import LATE_MINUTES, PREDICTION_LEAD
from flights.engine import run_sql


def build_features(flights: pa.Table, weather: pa.Table, planes: pa.Table) -> pa.Table:
    """One row per flight: what could be known of it two hours before its scheduled departure."""
    tables = {"flights": flights, "weather": weather, "planes": planes}
    return run_sql("features", tables, prediction_lead=PREDICTION_LEAD, late_minutes=LATE_MINUTES)


def build_labels(flights: pa.Table) -> pa.Table:
    """What became of each flight that has landed, and since when that is known."""
    return run_sql("labels", {"flights": flights}, late_minutes=LATE_MINUTES)
