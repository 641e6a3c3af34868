"""The reliability curve that a measurement carries in its details: one object per bin of answers."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeGuard, cast

from boathouse.models.evidence.nouns import Measurement


class Curve(NamedTuple):
    """Answers and what came true, bin by bin."""

    answered: Sequence[float]
    observed: Sequence[float]
    rows: Sequence[int]


def curve_of(measurement: Measurement) -> Curve | None:
    """The curve; None when there is none that can be drawn."""
    told = measurement.details.get("curve")
    if not isinstance(told, list) or not told:
        return None
    bins: list[tuple[float, float, int]] = []
    for each in cast(list[Any], told):
        found = cast(dict[str, Any], each) if isinstance(each, dict) else {}
        answer, observed, rows = found.get("answer"), found.get("observed"), found.get("rows", 0)
        if not _is_number(answer) or not _is_number(observed) or not _is_number(rows):
            return None
        bins.append((answer, observed, int(rows)))
    return Curve(*zip(*bins, strict=True))


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and math.isfinite(value)
