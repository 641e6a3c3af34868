"""Rows of the metric tables as readings: structs and maps taken apart, what is empty left out."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from boathouse.foundation.clock import epoch_ms
from boathouse.monitoring.readings.nouns import DriftRow, Farthest, Reading, Shape

CONSECUTIVE = "consecutive."
_INTERVAL = "_interval"
_NO_FIGURES = frozenset({"monitor_version", "refresh_id", "logging_table_commit_version"})
_INTERVAL_OF = {
    "accuracy": "accuracy_score",
    "roc_auc": "roc_auc_score.macro",
}
"""Whose interval it is, where the names do not say it."""


def readings_of(profile: Iterable[Mapping[str, Any]], drift: Iterable[Mapping[str, Any]]) -> list[Reading]:
    """One per window, in time."""
    apart: dict[int, dict[str, float]] = {}
    for row in drift:
        prefix = CONSECUTIVE if row["drift_type"] == "CONSECUTIVE" else ""
        told = apart.setdefault(epoch_ms(row["window"]["start"]), {})
        told |= {f"{prefix}{name}": value for name, value in figures_in(row).items()}
    found = [_reading(row, apart.get(epoch_ms(row["window"]["start"]), {})) for row in profile]
    return sorted(found, key=lambda each: each.start)


def _reading(row: Mapping[str, Any], drift: Mapping[str, float]) -> Reading:
    return Reading(
        epoch_ms(row["window"]["start"]),
        epoch_ms(row["window"]["end"]),
        {**figures_in(row), **drift},
        intervals_in(row),
        row.get("logging_table_commit_version"),
        row.get("refresh_id"),
    )


def figures_in(row: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of a row by name; parts of structs and maps behind a dot."""
    found: dict[str, float] = {}
    for name, value in row.items():
        if name in _NO_FIGURES or name.endswith(_INTERVAL):
            continue
        found |= {f"{name}{part}": number for part, number in _numbers(value)}
    return found


def intervals_in(row: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Where figures lie at 95 %."""
    found: dict[str, tuple[float, float]] = {}
    for name, value in row.items():
        if name.endswith(_INTERVAL) and isinstance(value, Mapping):
            low, high = (cast("Mapping[str, Any]", value).get(end) for end in ("low", "high"))
            if low is not None and high is not None:
                whose = name.removesuffix(_INTERVAL)
                found[_INTERVAL_OF.get(whose, whose)] = (low, high)
    return found


def _numbers(value: Any) -> list[tuple[str, float]]:
    match value:
        case bool() | None:
            return []
        case int() | float():
            return [("", float(value))] if math.isfinite(value) else []
        case Mapping():
            parts = cast("Mapping[str, Any]", value).items()
        case [(str(), _), *_]:  # a map
            parts = cast("Sequence[tuple[str, Any]]", value)
        case _:
            return []
    return [(f".{name}{part}", number) for name, inner in parts for part, number in _numbers(inner)]


def drift_row(row: Mapping[str, Any]) -> DriftRow:
    """One column's drift."""
    compared = row.get("window_cmp")
    has_window = isinstance(compared, Mapping) and compared["start"] is not None
    return DriftRow(
        row["column_name"],
        row["data_type"],
        row["drift_type"],
        epoch_ms(row["window"]["start"]),
        epoch_ms(row["window"]["end"]),
        (epoch_ms(compared["start"]), epoch_ms(compared["end"])) if has_window else None,  # pyright: ignore[reportOptionalSubscript]
        figures_in(row),
    )


def farthest_of(found: Sequence[Mapping[str, Any]]) -> list[Farthest]:
    """Of each window the column that is farthest; distances to a baseline count where there are any."""
    kinds = {row["drift_type"] for row in found}
    kind = "BASELINE" if "BASELINE" in kinds else "CONSECUTIVE"
    worst: dict[int, Mapping[str, Any]] = {}
    for row in found:
        start = epoch_ms(row["window"]["start"])
        if row["drift_type"] == kind and (start not in worst or row["js_distance"] > worst[start]["js_distance"]):
            worst[start] = row
    return [
        Farthest(start, epoch_ms(row["window"]["end"]), row["column_name"], row["js_distance"], kind)
        for start, row in sorted(worst.items())
    ]


def shape_of(row: Mapping[str, Any]) -> Shape:
    """A stored summary as what is drawn of it."""
    return Shape(
        rows=row["count"] or 0,
        nulls=row["nulls"] or 0,
        edges=tuple(row["edges"] or ()),
        counts=tuple(row["histogram"] or ()),
        low=_finite(row["min"]),
        high=_finite(row["max"]),
        items={each["item"]: each["count"] for each in row["items"] or ()},
        others=row["other_items"] or 0,
        start=None if row["window_start"] is None else epoch_ms(row["window_start"]),
        end=None if row["window_end"] is None else epoch_ms(row["window_end"]),
    )


def instants_of(shape: Shape) -> int:
    return shape.start or 0


def is_before(shape: Shape, other: Shape) -> bool:
    return (shape.start or 0) < (other.start or 0)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
