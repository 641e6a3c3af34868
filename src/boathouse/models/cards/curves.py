"""The reliability curve that a measurement carries in its details."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from boathouse.models.evidence.nouns import Measurement

_CURVE = ("reliability", "reliability_curve", "curve")
_ANSWERED = ("answered", "predicted", "mean_predicted")
_OBSERVED = ("observed", "actual", "mean_observed")
_ROWS = ("rows", "counts", "count")


class Curve(NamedTuple):
    """Answers and what came true, bin by bin."""

    answered: Sequence[float]
    observed: Sequence[float]
    rows: Sequence[int]


def curve_of(measurement: Measurement) -> Curve | None:
    """The curve, as columns or as one object per bin; None when there is none that can be drawn."""
    told = _first(measurement.details, _CURVE)
    if isinstance(told, list):
        bins = [cast(dict[str, Any], each) for each in cast(list[Any], told) if isinstance(each, dict)]
        told = {
            "answered": [_first(each, _ANSWERED) for each in bins],
            "observed": [_first(each, _OBSERVED) for each in bins],
            "rows": [_first(each, _ROWS) or 0 for each in bins],
        }
    if not isinstance(told, dict):
        return None
    columns = cast(dict[str, Any], told)
    answered, observed = _first(columns, _ANSWERED), _first(columns, _OBSERVED)
    if not _numbers(answered) or not _numbers(observed) or len(answered) != len(observed):
        return None
    rows = _first(columns, _ROWS)
    return Curve(answered, observed, [int(each) for each in rows] if _numbers(rows) else [])


def _first(told: Any, names: Sequence[str]) -> Any:
    return next((told[name] for name in names if name in told), None)


def _numbers(found: Any) -> bool:
    if not isinstance(found, list) or not found:
        return False
    values = cast(list[Any], found)
    return all(isinstance(each, int | float) and math.isfinite(each) for each in values)
