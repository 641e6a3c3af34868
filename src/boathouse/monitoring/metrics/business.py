# pyright: reportUnknownParameterType=false
"""What the decisions of a window were worth, and what its answers have cost: figures of the business beside those of
quality, from the same counts."""

from collections.abc import Iterable
from datetime import timedelta
from math import ceil
from typing import Any

import pyarrow as pa

from boathouse.models.requirements.requirements import CostMatrix
from boathouse.monitoring.metrics import intervals
from boathouse.monitoring.metrics.quality_counts import BINS, QualityCounts
from boathouse.monitoring.monitors.settings import Extras, RunningCost

_HOUR = timedelta(hours=1)
_INTERVAL = pa.struct([("low", pa.float64()), ("high", pa.float64())])
_OF_DECISIONS = pa.schema(
    [
        ("decision_value", pa.float64()),
        ("value_per_prediction", pa.float64()),
        ("value_per_prediction_interval", _INTERVAL),
        ("value_over_never_acting", pa.float64()),
    ]
)
_OF_ANSWERS = pa.schema([("prediction_cost", pa.float64()), ("cost_per_prediction", pa.float64())])

Row = dict[str, Any]
Outcome = tuple[float, float, int]
"""What each is worth, what it would be worth if nobody had acted, and how many there are."""


def business_schema(extras: Extras) -> pa.Schema:
    """The columns of the profile table that a monitor has for what it says of money."""
    fields = list(_OF_DECISIONS) if extras.cost_matrix is not None else []
    return pa.schema([*fields, *(_OF_ANSWERS if extras.running_cost is not None else [])])


def value_of(counts: QualityCounts, matrix: CostMatrix) -> Row:
    """What decisions were worth by a cost matrix, for answers whose label is known: in total, each, and each beyond
    what it would be worth if nobody ever acted (Elkan, IJCAI 2001). Nothing where nobody can tell which class is acted
    upon."""
    found = list(_outcomes(counts, matrix))
    rows = sum(count for _, _, count in found)
    if not rows:
        return {}
    total = sum(worth * count for worth, _, count in found)
    never = sum(idle * count for _, idle, count in found)
    interval = intervals.mean(total, sum(worth * worth * count for worth, _, count in found), rows)
    return {
        "decision_value": total,
        "value_per_prediction": total / rows,
        "value_per_prediction_interval": None if interval is None else {"low": interval[0], "high": interval[1]},
        "value_over_never_acting": (total - never) / rows,
    }


def cost_of(cost: RunningCost, length: timedelta, answers: int, of_all: int) -> Row:
    """What so many of a window's answers have cost to give: each by itself, and its share of what an hour costs."""
    if not of_all:
        return {}
    each = cost.per_prediction + cost.per_hour * (length / _HOUR) / of_all
    return {"prediction_cost": each * answers, "cost_per_prediction": each}


def _outcomes(counts: QualityCounts, matrix: CostMatrix) -> Iterable[Outcome]:
    positive = counts.positive
    if positive is None:
        return
    if matrix.threshold is None:
        for (prediction, label), count in counts.cells.items():
            yield *_worth(matrix, acts=prediction == positive, is_positive=label == positive), count
        return
    first = ceil(matrix.threshold * BINS - 1e-9)
    for place, sides in counts.bins.items():
        for is_positive, count in enumerate(sides):
            yield *_worth(matrix, acts=place >= first, is_positive=bool(is_positive)), count


def _worth(matrix: CostMatrix, *, acts: bool, is_positive: bool) -> tuple[float, float]:
    """What a decision is worth, and what it would be worth not to act."""
    idle = matrix.false_negative if is_positive else matrix.true_negative
    acting = matrix.true_positive if is_positive else matrix.false_positive
    return (acting if acts else idle), idle
