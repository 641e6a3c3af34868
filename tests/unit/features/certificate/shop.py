"""A shop with hourly weather that is corrected later, and flights that look it up."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from boathouse.features import FeatureEngineeringClient, FeatureLookup, TrainingSet
from boathouse.features.certificate import Certificate, Check

AT_THE_SAME_TIME = timedelta(0)
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
STATIONS = ["JFK", "LGA", "EWR"]


def hour(number: float) -> datetime:
    return FIRST + timedelta(hours=number)


def weather() -> pl.DataFrame:
    """Hourly, known after twenty minutes; each fourth value is corrected after six hours."""
    rows: list[dict[str, Any]] = []
    for number in range(48):
        for place, station in enumerate(STATIONS):
            row = {"station": station, "at": hour(number), "temp": float(number + 100 * place), "wind": number % 7}
            rows.append({**row, "known_at": hour(number) + timedelta(minutes=20)})
            if number % 4 == 0:
                rows.append({**row, "temp": row["temp"] + 0.5, "known_at": hour(number + 6)})
    return pl.DataFrame(rows)


def flights(rows: int = 60) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "flight": range(rows),
            "origin": [[*STATIONS, "BOS"][number % 4] for number in range(rows)],
            "leaves": [FIRST + timedelta(minutes=47 * number) for number in range(rows)],
            "late": [number % 3 == 0 for number in range(rows)],
        }
    )


def weather_lookup(**options: Any) -> FeatureLookup:
    wishes = {"lookup_key": "origin", "timestamp_lookup_key": "leaves", **options}
    return FeatureLookup("dev.shop.weather", **wishes)


def training_set(
    fe: FeatureEngineeringClient, lookups: Sequence[Any] | None = None, df: Any = None, **options: Any
) -> TrainingSet:
    lookups = lookups or [weather_lookup(), FeatureLookup("dev.shop.airports", lookup_key="origin")]
    return fe.create_training_set(df=flights() if df is None else df, feature_lookups=lookups, label="late", **options)


def the(certificate: Certificate, name: str, lookup: str = "dev.shop.weather") -> Check:
    [check] = [each for each in certificate.checks if each.name == name and each.lookup.startswith(lookup)]
    return check
