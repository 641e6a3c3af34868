"""Had training come to its end?"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from boathouse.models.evidence import Verdict
from boathouse.models.gates.convergence import GATE, curve_of

FALLING = [0.7 * 0.9**n + 0.3 for n in range(80)]
STEADY = [1.0 - 0.01 * n for n in range(60)]


def test_a_curve_that_falls_and_flattens_passes(case: Callable[..., Any], judged: Callable[..., Any]) -> None:
    found = judged(GATE, case(metrics={"valid_0-binary_logloss": FALLING}))
    assert {said.verdict for _, said in found.values()} == {Verdict.PASSED}
    assert found["improvement"][0].value == pytest.approx((FALLING[0] - min(FALLING)) / FALLING[0])


def test_a_curve_that_still_falls_at_the_end_fails(case: Callable[..., Any], judged: Callable[..., Any]) -> None:
    found = judged(GATE, case(metrics={"loss": STEADY}), maximum_late_improvement=0.05)
    assert found["late_improvement"][1].verdict is Verdict.FAILED
    assert found["late_improvement"][0].value == pytest.approx(6 / 59)


def test_a_curve_that_never_falls_fails(case: Callable[..., Any], judged: Callable[..., Any]) -> None:
    found = judged(GATE, case(metrics={"val_loss": [0.5 + 0.01 * n for n in range(20)]}))
    assert found["improvement"][1].verdict is Verdict.FAILED


def test_a_score_that_rises_is_an_improvement(case: Callable[..., Any], judged: Callable[..., Any]) -> None:
    found = judged(GATE, case(metrics={"valid_0-auc": [1 - 0.5 * 0.8**n for n in range(50)]}))
    assert found["improvement"][1].verdict is Verdict.PASSED


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf, 1.7976931348623157e308])
def test_a_value_that_is_no_number_fails(case: Callable[..., Any], judged: Callable[..., Any], broken: float) -> None:
    found = judged(GATE, case(metrics={"loss": [*FALLING, broken]}))
    assert found["not_finite"][1].verdict is Verdict.FAILED
    assert found["improvement"][1].verdict is Verdict.INCONCLUSIVE and found["improvement"][1].blocks


def test_early_stopping_that_did_not_stop_fails(case: Callable[..., Any], judged: Callable[..., Any]) -> None:
    def last(curve: list[float], **parameters: str) -> Verdict:
        asked = case(metrics={"valid_0-logloss": curve}, parameters=parameters)
        return judged(GATE, asked, maximum_late_improvement=1.0)["stopped_at_last_round"][1].verdict

    turning = [*FALLING, *[FALLING[-1] + 0.01 * n for n in range(10)]]
    assert last(STEADY, early_stopping_rounds="10") is Verdict.FAILED
    assert last(turning, early_stopping_rounds="10") is Verdict.PASSED
    assert last(STEADY, early_stopping_rounds="None") is Verdict.PASSED


def test_no_curve_is_inconclusive_unless_none_is_needed(case: Callable[..., Any], judged: Callable[..., Any]) -> None:
    single = case(metrics={"auc": [0.8], "lr": [0.1] * 20})
    found = judged(GATE, single)
    assert found["improvement"][1].verdict is Verdict.INCONCLUSIVE
    assert "curve: iterations" in found["improvement"][1].reason
    assert list(judged(GATE, single, curve="not_needed")) == ["not_finite"]


def test_a_run_without_metrics_or_no_run_measures_nothing(case: Callable[..., Any], judged: Callable[..., Any]) -> None:
    for there in (case(metrics={}), case(missing={"run": "the run was deleted"})):
        found = judged(GATE, there, curve="not_needed")
        assert found["not_finite"][1].verdict is Verdict.INCONCLUSIVE and found["not_finite"][1].blocks


def test_a_curve_of_other_rows_is_preferred_and_losses_before_scores() -> None:
    points = list(enumerate(np.linspace(1, 0.5, 10)))
    metrics = dict.fromkeys(("training-logloss", "validation-auc", "validation-logloss", "seconds"), points)
    found = curve_of(metrics)
    assert found is not None and found.metric == "validation-logloss" and found.is_held_out
    named = curve_of(metrics, "validation-auc")
    assert named is not None and named.higher_is_better


def test_a_round_that_was_logged_twice_counts_once(case: Callable[..., Any], judged: Callable[..., Any]) -> None:
    found = curve_of({"loss": [(0, 1.0), (0, 0.9), (1, 0.8), (2, 0.7), (2, 0.6)]}, minimum_points=3)
    assert found is not None and list(found.values) == [0.9, 0.8, 0.6]
