"""A second, naive computation of the features that cannot look ahead, because it is given nothing from ahead.

For one flight at a time it throws away everything that was not known when we were asked, and counts what is left in
plain Python. The job compares that with what the feature store answers; a difference is a leak or a bug.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl

from flights.clocks import LATE_MINUTES, MEMORY, NEW_YORK, PREDICTION_LEAD

Row = dict[str, Any]

LONGEST_LOOK = timedelta(days=29)
"""No feature looks back further over landings: to a landing up to 15 days ago, and from it over 14 days."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A feature that came out differently."""

    flight_id: str
    feature: str
    built: float | None
    recomputed: float | None


def some_of(questions: pl.DataFrame, sample: int) -> pl.DataFrame:
    """``sample`` random questions, the same ones each time."""
    rows = random.Random(2013).sample(range(questions.height), min(sample, questions.height))
    return questions[sorted(rows)]


def differences(
    features: pl.DataFrame, flights: pl.DataFrame, weather: pl.DataFrame, planes: pl.DataFrame
) -> list[Difference]:
    """Recompute the flights of ``features`` and tell where they disagree."""
    built = {row["flight_id"]: row for row in features.to_dicts()}
    found: list[Difference] = []
    for flight in flights.filter(pl.col("flight_id").is_in(list(built))).to_dicts():
        row, again = built[flight["flight_id"]], recompute(flight, flights, weather, planes)
        found += [
            Difference(flight["flight_id"], name, row[name], value)
            for name, value in again.items()
            if not _same(row[name], value)
        ]
    return found


def recompute(flight: Row, flights: pl.DataFrame, weather: pl.DataFrame, planes: pl.DataFrame) -> Row:
    """The time-dependent features of one flight, from what was known when we were asked and nothing else."""
    asked_at = flight["scheduled_departure_at"] - PREDICTION_LEAD
    landed = flights.filter(pl.col("landed_at").is_between(asked_at - LONGEST_LOOK, asked_at))
    seen = weather.filter(pl.col("origin") == flight["origin"], pl.col("known_at") <= asked_at)
    tail = flight["tailnum"] or "not yet known"
    plane = planes.filter(pl.col("tailnum") == tail).to_dicts()

    def before_last(table: str, window: timedelta, *same: str) -> pl.DataFrame:
        return _before_last_landing(
            landed.filter(pl.col(name) == flight[name] for name in same), window, asked_at, table
        )

    today = _latest_day(landed.filter(pl.col("tailnum") == tail), asked_at)
    return dict(_weather(seen, asked_at)) | {
        "carrier_late_share_1d": _late_share(before_last("carrier_days", timedelta(days=1), "carrier")),
        "carrier_late_share_7d": _late_share(before_last("carrier_days", timedelta(days=7), "carrier")),
        "route_late_share_14d": _late_share(before_last("route_days", timedelta(days=14), "origin", "dest")),
        "origin_late_share_6h": _late_share(before_last("origin_days", timedelta(hours=6), "origin")),
        "origin_landings_6h": before_last("origin_days", timedelta(hours=6), "origin").height or None,
        "aircraft_age_years": _age(flight, plane),
        "aircraft_legs_today": today.height,
        "aircraft_late_legs_today": sum(_late(today)),
        "aircraft_last_delay_minutes": _last_delay(today),
        "aircraft_minutes_since_landing": _minutes_down(today, asked_at),
    }


def _before_last_landing(landed: pl.DataFrame, window: timedelta, asked_at: datetime, table: str) -> pl.DataFrame:
    """The landings of the window that ends with the last one, unless that was too long ago."""
    if landed.is_empty():
        return landed
    last = max(landed["landed_at"])
    if _day_began(last.astimezone(NEW_YORK).date()) < asked_at - MEMORY[table]:
        return landed.clear()
    return landed.filter(pl.col("landed_at") >= last - window)


def _latest_day(landed: pl.DataFrame, asked_at: datetime) -> pl.DataFrame:
    """The landings of an aircraft that belong to its latest day, unless that began too long ago."""
    if landed.is_empty():
        return landed
    day = max(landed["departure_date"])
    if _day_began(day) < asked_at - MEMORY["aircraft_days"]:
        return landed.clear()
    return landed.filter(pl.col("departure_date") == day)


def _day_began(day: date) -> datetime:
    return datetime.combine(day, time(), NEW_YORK).astimezone(UTC)


def _weather(seen: pl.DataFrame, asked_at: datetime) -> Iterator[tuple[str, Any]]:
    names = ("temperature_f", "humidity", "wind_mph", "gust_mph", "precipitation_inches", "pressure_mb")
    last = max(seen.to_dicts(), key=lambda row: row["known_at"], default=None)
    for name in (*names, "visibility_miles"):
        yield name, last[name] if last else None
    yield "weather_age_minutes", _minutes(asked_at - last["known_at"]) if last else None


def _late(landed: pl.DataFrame) -> Sequence[bool]:
    return [delay is None or delay >= LATE_MINUTES for delay in landed["arrival_delay_minutes"]]


def _late_share(landed: pl.DataFrame) -> float | None:
    return sum(_late(landed)) / landed.height if landed.height else None


def _age(flight: Row, plane: Sequence[Row]) -> float | None:
    built = plane[0]["built"] if plane else None
    return flight["departure_date"].year - built if built is not None else None


def _last_delay(today: pl.DataFrame) -> float | None:
    delays = today.filter(pl.col("arrival_delay_minutes").is_not_null()).sort("landed_at", "flight_id")
    return delays["arrival_delay_minutes"][-1] if delays.height else None


def _minutes_down(today: pl.DataFrame, asked_at: datetime) -> float | None:
    return _minutes(asked_at - max(today["landed_at"])) if today.height else None


def _minutes(duration: timedelta) -> int:
    return int(duration.total_seconds() // 60)


def _same(left: float | None, right: float | None) -> bool:
    if left is None or right is None:
        return left is right
    return abs(left - right) < 1e-9
