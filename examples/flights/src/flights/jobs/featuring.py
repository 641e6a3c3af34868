"""Features and labels: the second half of the features job."""

import polars as pl

import boathouse as bh
from flights.features import build_features, build_labels
from flights.jobs.arguments import Arguments
from flights.proof import differences

PROVEN_ROWS = 40
"""Flights that are recomputed naively in each run; the tests do it for hundreds."""


class Leak(Exception):
    """A feature knows what it could not have known."""


def build() -> None:
    """Features as they were known when we were asked, and labels since when they are known."""
    arguments = Arguments.read()
    flights, weather, planes = (bh.table(arguments.table(name)).arrow() for name in ("flights", "weather", "planes"))
    features = build_features(flights, weather, planes)
    _prove(*(pl.DataFrame(table) for table in (features, flights, weather, planes)))
    for name, table in (("features", features), ("labels", build_labels(flights))):
        report = bh.write_table(arguments.table(name), table, mode="overwrite")
        print(f"{report.table} version {report.version}: {report.rows:,} rows")


def _prove(features: pl.DataFrame, flights: pl.DataFrame, weather: pl.DataFrame, planes: pl.DataFrame) -> None:
    """Write nothing that knows more than it could have known."""
    if found := differences(features, flights, weather, planes, sample=PROVEN_ROWS):
        raise Leak(f"{len(found)} feature values differ from what was known at the time: {found[:5]}")
    print(f"{PROVEN_ROWS} random flights recomputed from what was known when we were asked: no difference")
