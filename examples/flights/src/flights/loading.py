"""From raw files to tables as they were known at an instant."""

from datetime import UTC, datetime

import pyarrow as pa

from flights.clocks import SCHEDULE_HORIZON, WEATHER_LAG
from flights.engine import run_sql

BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


def load_flights(
    raw_flights: pa.Table,
    airports: pa.Table,
    as_of: datetime,
    *,
    sample_percent: int = 100,
    departing_from: datetime = BEFORE_ALL,
) -> pa.Table:
    """Flights with instants instead of wall clocks, without anything that happened after ``as_of``."""
    return run_sql(
        "flights",
        {"raw_flights": raw_flights, "airports": airports},
        as_of=as_of,
        schedule_horizon=SCHEDULE_HORIZON,
        sample_percent=sample_percent,
        departing_from=departing_from,
    )


def load_weather(raw_weather: pa.Table, as_of: datetime) -> pa.Table:
    """Hourly weather that was known at ``as_of``."""
    return run_sql("weather", {"raw_weather": raw_weather}, as_of=as_of, weather_lag=WEATHER_LAG)
