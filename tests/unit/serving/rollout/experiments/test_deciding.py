"""An A/B test is decided by its outcomes, its guards and its shares, and not before."""

from dataclasses import replace
from typing import Any

import pytest

from boathouse.serving.endpoints.policy import Direction, Experiment
from boathouse.serving.rollout.experiments.deciding import decide
from boathouse.serving.rollout.experiments.nouns import ExperimentState, Outcomes, Report
from boathouse.serving.rollout.experiments.sequences import Arm

SHARES = {"old": 50.0, "new": 50.0}


def declared(**changed: Any) -> Experiment:
    base = {"key": ["tail"], "control": "old", "outcomes": "a.b.c", "outcome": "late", "outcome_time": "known_at"}
    return Experiment.model_validate({**base, **changed})


def arms(old: float, new: float, count: int = 20_000) -> dict[str, Arm]:
    return {
        name: Arm(name, count, count, mean, mean * (1 - mean), is_binary=True)
        for name, mean in (("old", old), ("new", new))
    }


def outcomes(old: float, new: float, count: int = 20_000, **changed: Any) -> Outcomes:
    keys = {"old": count, "new": count}
    return replace(Outcomes(arms(old, new, count), first_keys=keys), **changed)


def verdict(report: Report) -> tuple[ExperimentState, str | None]:
    return report.state, report.winner


def test_a_better_treatment_wins() -> None:
    assert verdict(decide(declared(), outcomes(0.20, 0.25), SHARES)) == (ExperimentState.DECIDED, "new")


def test_better_may_be_less() -> None:
    less = declared(better=Direction.DECREASE)
    assert verdict(decide(less, outcomes(0.25, 0.20), SHARES)) == (ExperimentState.DECIDED, "new")
    assert verdict(decide(less, outcomes(0.20, 0.25), SHARES)) == (ExperimentState.DECIDED, "old")


def test_a_difference_that_may_be_chance_leaves_it_open() -> None:
    report = decide(declared(), outcomes(0.20, 0.201), SHARES)
    assert verdict(report) == (ExperimentState.RUNNING, None)
    assert "nothing is decided" in report.reason


def test_too_few_outcomes_leave_it_open_however_different_they_are() -> None:
    assert verdict(decide(declared(), outcomes(0.1, 0.9, 99), SHARES)) == (ExperimentState.RUNNING, None)


def test_an_effect_smaller_than_asked_for_is_none() -> None:
    asked = declared(minimum_effect=0.1)
    report = decide(asked, outcomes(0.20, 0.25), SHARES)
    assert verdict(report) == (ExperimentState.DECIDED, "old")
    assert "less than the 0.1 asked for" in report.reason


def test_shares_of_keys_that_are_off_stop_it() -> None:
    off = outcomes(0.20, 0.30, first_keys={"old": 20_000, "new": 18_500})
    report = decide(declared(), off, SHARES)
    assert verdict(report) == (ExperimentState.STOPPED, None)
    assert report.ratio_p_value is not None
    assert report.ratio_p_value < 0.001
    assert "no difference can be trusted" in report.reason


@pytest.mark.parametrize(("old", "new", "expected"), [(0.10, 0.11, "new"), (0.10, 0.20, "old")])
def test_a_guard_that_gets_worse_costs_the_win(old: float, new: float, expected: str) -> None:
    guarded = declared(guards={"cost": 0.05})
    found = outcomes(0.20, 0.30, guards={"cost": arms(old, new)})
    assert verdict(decide(guarded, found, SHARES)) == (ExperimentState.DECIDED, expected)


def test_a_guard_that_is_not_sure_yet_is_waited_for() -> None:
    guarded = declared(guards={"cost": 0.001})
    found = outcomes(0.20, 0.30, guards={"cost": arms(0.10, 0.10, 2000)})
    report = decide(guarded, found, SHARES)
    assert verdict(report) == (ExperimentState.RUNNING, None)
    assert "not yet sure that cost is worse by no more than 0.001" in report.reason


def test_a_negative_margin_guards_what_must_not_go_down() -> None:
    guarded = declared(guards={"income": -0.05})
    down = outcomes(0.20, 0.30, guards={"income": arms(0.5, 0.3)})
    up = outcomes(0.20, 0.30, guards={"income": arms(0.3, 0.5)})
    assert decide(guarded, down, SHARES).winner == "old"
    assert decide(guarded, up, SHARES).winner == "new"


def test_after_the_longest_time_it_is_stopped_undecided() -> None:
    report = decide(declared(), outcomes(0.20, 0.20), SHARES, is_over=True)
    assert verdict(report) == (ExperimentState.STOPPED, None)


def test_of_two_treatments_that_win_the_better_one_is_named() -> None:
    shares = {"old": 50.0, "new": 25.0, "newer": 25.0}
    found = Outcomes({**arms(0.2, 0.25), "newer": Arm("newer", 20_000, 20_000, 0.3, 0.21, is_binary=True)})
    assert decide(declared(), found, shares).winner == "newer"
