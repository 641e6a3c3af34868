"""What decisions were worth and what answers have cost, beside the same worked out row by row."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boathouse.models.requirements import CostMatrix
from boathouse.monitoring.metrics.business import cost_of, value_of
from boathouse.monitoring.metrics.quality_counts import BINS, QualityCounts
from boathouse.monitoring.monitors.settings import RunningCost

AMOUNTS = st.integers(-300, 300).map(float)
ANSWERS = st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, BINS - 1)), min_size=1, max_size=30)


def counted(answers: list[tuple[bool, bool, int]]) -> QualityCounts:
    cells = Counter((str(int(predicted)), str(int(label))) for predicted, label, _ in answers)
    bins: dict[int, tuple[int, int]] = {}
    for _, label, place in answers:
        others, own = bins.get(place, (0, 0))
        bins[place] = (others + (not label), own + label)
    return QualityCounts(cells, bins, {}, "1")


def worth(matrix: CostMatrix, acts: bool, label: bool) -> float:
    if acts:
        return matrix.true_positive if label else matrix.false_positive
    return matrix.false_negative if label else matrix.true_negative


@settings(deadline=None)
@given(ANSWERS, st.tuples(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS), st.one_of(st.none(), st.integers(0, BINS)))
def test_decisions_are_worth_what_their_outcomes_are(
    answers: list[tuple[bool, bool, int]], amounts: tuple[float, ...], threshold: int | None
) -> None:
    names = ("true_positive", "false_positive", "true_negative", "false_negative")
    said: dict[str, Any] = dict(zip(names, amounts, strict=True))
    matrix = CostMatrix(**said, threshold=None if threshold is None else threshold / BINS)
    found = value_of(counted(answers), matrix)
    decided = [(predicted if threshold is None else place >= threshold, label) for predicted, label, place in answers]
    values = [worth(matrix, acts, label) for acts, label in decided]
    never = [worth(matrix, False, label) for _, label in decided]
    assert found["decision_value"] == pytest.approx(sum(values))
    assert found["value_per_prediction"] == pytest.approx(sum(values) / len(values))
    assert found["value_over_never_acting"] == pytest.approx((sum(values) - sum(never)) / len(values))
    interval = found["value_per_prediction_interval"]
    assert (interval is None) == (len(values) < 2)
    if interval is not None:
        assert interval["low"] <= found["value_per_prediction"] + 1e-9
        assert found["value_per_prediction"] <= interval["high"] + 1e-9


def test_nothing_is_said_of_a_class_that_nobody_can_tell() -> None:
    counts = counted([(True, True, 3)])
    counts.positive = None
    assert value_of(counts, CostMatrix(true_positive=1)) == {}
    assert value_of(QualityCounts(positive="1"), CostMatrix(true_positive=1)) == {}


@given(st.lists(st.integers(1, 1_000), min_size=1, max_size=5))
def test_what_parts_of_a_window_cost_adds_up_to_what_it_costs(parts: list[int]) -> None:
    cost, day = RunningCost(per_prediction=0.01, per_hour=2.0), timedelta(days=1)
    found = [cost_of(cost, day, part, sum(parts)) for part in parts]
    assert sum(each["prediction_cost"] for each in found) == pytest.approx(0.01 * sum(parts) + 48)
    assert len({each["cost_per_prediction"] for each in found}) == 1
