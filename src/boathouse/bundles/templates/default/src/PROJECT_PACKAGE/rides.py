"""The raw file: what its columns are, and what must be true of them."""

from pathlib import Path

import polars as pl

RAW_SCHEMA = {
    "day": pl.Date,
    "temperature_c": pl.Float64,
    "rain_mm": pl.Float64,
    "wind_kmh": pl.Float64,
    "is_holiday": pl.Int64,
    "rides": pl.Int64,
}


class BadData(ValueError):
    """The raw file is not what it should be."""


def read_rides(file: Path) -> pl.DataFrame:
    """The typed rows, one per day, in order."""
    rides = pl.read_csv(file, schema=RAW_SCHEMA).sort("day")
    check_rides(rides)
    return rides


def check_rides(rides: pl.DataFrame) -> None:
    """
    Raises:
        BadData: Days are missing or said twice, or a number cannot be.
    """
    if rides.is_empty():
        raise BadData("There are no rows.")
    if sum(rides.null_count().row(0)):
        raise BadData("Some values are missing.")
    gaps = rides["day"].diff().drop_nulls().unique()
    if len(rides) > 1 and [gap.days for gap in gaps] != [1]:
        raise BadData("The days do not follow one another: some are missing or said twice.")
    if rides["rides"].min() < 0 or rides["rain_mm"].min() < 0:
        raise BadData("Rides and rain cannot be negative.")
