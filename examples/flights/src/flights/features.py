"""Questions, features since when they are known, and labels since when they are known."""

from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from flights.clocks import LATE_MINUTES, PREDICTION_LEAD
from flights.engine import run_sql

PUNCTUALITY = ("carrier_days", "route_days", "origin_days", "aircraft_days")
"""The feature tables that are made of landings, each by the SQL file of its name."""


def build_questions(flights: pa.Table) -> pa.Table:
    """One row per flight: what we are asked two hours before its scheduled departure."""
    return run_sql("questions", {"flights": flights}, prediction_lead=PREDICTION_LEAD)


def build_punctuality(flights: pa.Table) -> dict[str, pa.Table]:
    """The feature tables that are made of landings: days, revised by each landing."""
    landings = run_sql("landings", {"flights": flights}, late_minutes=LATE_MINUTES)
    return {name: run_sql(name, {"landings": landings}) for name in PUNCTUALITY}


def build_labels(flights: pa.Table) -> pa.Table:
    """What became of each flight that has landed, and since when that is known."""
    return run_sql("labels", {"flights": flights}, late_minutes=LATE_MINUTES)


def from_on(rows: pa.Table, clock: str, since: datetime | None) -> pa.Table:
    """The rows whose ``clock`` says ``since`` or later; all of them where there is no such instant."""
    return rows if since is None else rows.filter(pc.field(clock) >= pa.scalar(since, rows.schema.field(clock).type))
