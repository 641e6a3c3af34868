"""Metric, champion, baseline and slices: what passes, what fails, and all that measures nothing."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.unit.models.gates.cases import blunt, case_of, chance, judged, needs, reasons, shuffled, verdicts

from boathouse.models.evaluation.case import Answers
from boathouse.models.evaluation.metrics import UnknownMetric
from boathouse.models.evidence import Slice, Verdict
from boathouse.models.gates import against_baseline, against_champion, business_value, metric, slices
from boathouse.models.gates.contract import Gate
from boathouse.models.gates.policy import PolicyDoesNotFit, policy_of

PASSED, FAILED, INCONCLUSIVE = Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE
GATES = [metric.GATE, against_champion.GATE, against_baseline.GATE]
AA, UA, EMPTY = Slice("carrier", "AA"), Slice("carrier", "UA"), Slice("x > 99", "true")


def positions(case: Any) -> dict[Slice, Any]:
    carrier = case.rows.frame["carrier"].to_numpy()
    return {AA: np.flatnonzero(carrier == "AA"), UA: np.flatnonzero(carrier == "UA")}


def sliced(**fields: Any) -> Any:
    """A case with the carriers as slices."""
    case = case_of(**fields)
    assert case.rows is not None
    return replace(case, rows=replace(case.rows, slices=positions(case)))


# --- metric


def test_a_metric_within_its_bounds_passes() -> None:
    assert verdicts(case_of(), metric.GATE, maximum=0.6, also={"auc": {"minimum": 0.7}}) == {
        "log_loss": PASSED,
        "auc": PASSED,
    }
    assert verdicts(case_of(), metric.GATE, maximum=0.3) == {"log_loss": FAILED}


def test_the_worse_end_of_the_interval_may_have_to_keep_the_bound() -> None:
    found = judged(case_of(), metric.GATE)[0][1]
    assert found.interval is not None and found.value is not None
    between = (found.value + found.interval[1]) / 2
    assert verdicts(case_of(), metric.GATE, maximum=between) == {"log_loss": PASSED}
    assert verdicts(case_of(), metric.GATE, maximum=between, judge_interval=True) == {"log_loss": FAILED}


def test_every_metric_of_the_problem_is_recorded_with_its_interval() -> None:
    found = list(metric.GATE.measure(case_of(), metric.Settings()))
    assert [each.metric for each in found] == [
        "log_loss", "brier", "auc", "average_precision", "accuracy", "f1", "precision", "recall",
    ]  # fmt: skip
    assert all(each.interval and each.interval[0] < (each.value or 0) < each.interval[1] for each in found)


def test_a_metric_that_nobody_knows_is_no_policy() -> None:
    with pytest.raises(PolicyDoesNotFit, match="Did you mean log_loss"):
        policy_of(needs(gates={"metric": {"metric": "logloss"}}))
    with pytest.raises(PolicyDoesNotFit, match="does not measure binary"):
        policy_of(needs(gates={"metric": {"also": {"rmse": {"maximum": 1}}}}))
    with pytest.raises(UnknownMetric):
        metric.GATE.rules(needs(success={"metric": "m", "proxy": "r2"}), metric.Settings())


# --- champion and baseline


def test_a_better_version_passes_and_a_worse_one_fails() -> None:
    assert verdicts(case_of(champion=blunt), against_champion.GATE) == {"log_loss_improvement": PASSED}
    assert verdicts(case_of(answer=blunt, champion=chance), against_champion.GATE) == {"log_loss_improvement": FAILED}


def test_the_same_answers_are_not_worse() -> None:
    ((_, measurement, judgement),) = judged(case_of(champion=chance), against_champion.GATE)
    assert (measurement.value, measurement.interval, judgement.verdict) == (0, (0, 0), PASSED)


def test_a_difference_that_may_be_chance_does_not_pass() -> None:
    """A bare difference would say yes."""

    def nearly(frame: Any) -> Any:
        return np.clip(chance(frame) + np.random.default_rng(5).normal(0, 0.02, len(frame)), 0.001, 0.999)

    case = case_of(answer=nearly, champion=chance, rows=400)
    ((_, measurement, judgement),) = judged(case, against_champion.GATE)
    assert measurement.interval is not None
    assert measurement.interval[0] < 0 < measurement.interval[1]
    assert judgement.verdict is FAILED
    assert verdicts(case, against_champion.GATE, tolerance=0.02) == {"log_loss_improvement": PASSED}


def test_a_first_version_meets_the_naive_baseline_and_says_so() -> None:
    ((_, measurement, judgement),) = judged(case_of(), against_champion.GATE)
    assert (measurement.baseline, judgement.verdict) == ("naive", PASSED)
    assert "no champion yet" in measurement.details["first_version"]
    assert verdicts(case_of(answer=shuffled), against_champion.GATE) == {"log_loss_improvement": FAILED}


def test_a_champion_that_does_not_load_is_no_reason_to_pass() -> None:
    case = case_of(missing={"champion": "version 2 does not load: no such file"})
    assert verdicts(case, against_champion.GATE) == {"log_loss_improvement": INCONCLUSIVE}
    assert "no such file" in reasons(case, against_champion.GATE)


@pytest.mark.parametrize("gate", [against_champion.GATE, business_value.GATE, slices.GATE], ids=lambda gate: gate.name)
def test_a_champion_that_does_not_load_leaves_two_ways_on(gate: Gate) -> None:
    asked = needs(cost_matrix={"true_positive": 20, "false_positive": -10, "false_negative": -30})
    there = sliced(requirements=asked, missing={"champion": "version 2 does not load: no such file."})
    told = reasons(there, gate)
    assert "no such file. Roll back to one that loads (boathouse model rollback dev.shop." in told
    assert f"gates: {{{gate.name}: {{inconclusive_blocks: false, reason: ...}}}}" in told


def test_labels_that_were_shuffled_do_not_beat_the_naive_answer() -> None:
    assert verdicts(case_of(answer=shuffled), against_baseline.GATE) == {"log_loss_improvement": FAILED}
    assert verdicts(case_of(), against_baseline.GATE) == {"log_loss_improvement": PASSED}


def test_the_naive_answer_does_not_beat_itself() -> None:
    case = case_of()
    assert case.naive is not None
    case = replace(case, candidate=Answers("candidate", case.naive.values))
    assert verdicts(case, against_baseline.GATE) == {"log_loss_improvement": FAILED}


# --- what measures nothing


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda case: replace(case, rows=None, missing={"rows": "it has no rows"}), "it has no rows"),
        (lambda case: replace(case, candidate=None, missing={"candidate": "it does not load"}), "it does not load"),
        (lambda case: replace(case, rows=replace(case.rows, label=np.ones(5000))), "of one class"),
        (lambda case: replace(case, candidate=Answers("candidate", np.full(5000, np.nan))), "are not numbers"),
        (lambda case: replace(case, candidate=Answers("candidate", np.full(5000, 3.0))), "no probabilities"),
        (lambda case: replace(case, candidate=Answers("candidate", np.ones(5000), False)), "answers with classes"),
        (lambda case: replace(case, candidate=Answers("candidate", np.ones(7))), "shape (7,)"),
    ],
)
def test_what_cannot_be_measured_is_inconclusive(gate: Any, spoil: Any, told: str) -> None:
    case = spoil(case_of(champion=blunt))
    assert set(verdicts(case, gate).values()) == {INCONCLUSIVE}
    assert told in reasons(case, gate)


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
def test_too_few_rows_are_inconclusive(gate: Any) -> None:
    assert set(verdicts(case_of(rows=150, champion=blunt), gate).values()) == {INCONCLUSIVE}
    assert "150 rows are too few; at least 200" in reasons(case_of(rows=150, champion=blunt), gate)


def test_an_error_in_a_gate_is_written_down() -> None:
    def broken(_case: Any, _settings: Any) -> Any:
        raise ZeroDivisionError("by zero")

    assert "ZeroDivisionError: by zero" in reasons(case_of(), replace(metric.GATE, measure=broken))


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
def test_few_groups_are_inconclusive_and_many_are_drawn_whole(gate: Any) -> None:
    def grouped(groups: int) -> Any:
        evaluation = {"table": "dev.shop.judged", "label": "is_late", "group": "day"}
        case = case_of(needs(evaluation=evaluation), champion=blunt)
        assert case.rows is not None
        day = pl.Series("day", np.arange(case.rows.rows) % groups)
        return replace(case, rows=replace(case.rows, frame=case.rows.frame.with_columns(day)))

    assert set(verdicts(grouped(9), gate).values()) == {INCONCLUSIVE}
    assert "of 9 groups; at least 10" in reasons(grouped(9), gate)
    assert set(verdicts(grouped(100), gate).values()) == {PASSED}


# --- slices


def test_a_slice_that_got_worse_is_found_behind_a_better_mean() -> None:
    def better_for_most(frame: Any) -> Any:
        return np.where(frame["carrier"] == "UA", shuffled(frame), chance(frame))

    case = sliced(answer=better_for_most, champion=blunt)
    assert verdicts(case, slices.GATE) == {
        "log_loss_improvement of carrier = AA": PASSED,
        "log_loss_improvement of carrier = UA": FAILED,
    }


def test_a_slice_has_bounds_of_its_own() -> None:
    found = verdicts(sliced(champion=blunt), slices.GATE, maximum=0.1)
    assert found["log_loss of carrier = AA"] is FAILED
    assert found["log_loss_improvement of carrier = AA"] is PASSED


def test_a_slice_fails_only_when_it_is_surely_worse() -> None:
    case = sliced(answer=lambda frame: np.clip(chance(frame) * 1.01, 0, 1), champion=chance)
    assert set(verdicts(case, slices.GATE).values()) == {PASSED}
    assert set(verdicts(case, slices.GATE, strict=True).values()) == {FAILED}


def test_intervals_of_many_slices_reach_further_out() -> None:
    case = sliced(champion=blunt)
    one = replace(case, rows=replace(case.rows, slices={AA: case.rows.slices[AA]}))
    many = {found.slice: found for _, found, _ in judged(case, slices.GATE)}[AA]
    (alone,) = [found for _, found, _ in judged(one, slices.GATE)]
    assert (alone.details["confidence"], many.details["confidence"]) == (0.95, 0.975)
    assert many.interval[0] < alone.interval[0] < alone.interval[1] < many.interval[1]


def test_empty_and_small_slices_are_inconclusive() -> None:
    case = case_of(champion=blunt, slices={EMPTY: np.array([], dtype=np.int64), AA: np.arange(49)})
    assert set(verdicts(case, slices.GATE).values()) == {INCONCLUSIVE}
    told = reasons(case, slices.GATE)
    assert "the slice is empty" in told
    assert "49 rows are too few; at least 50" in told


def test_small_values_of_a_column_may_be_left_out_by_name() -> None:
    case = sliced(champion=blunt)
    assert case.rows is not None
    case = replace(case, rows=replace(case.rows, slices={**case.rows.slices, Slice("carrier", "OO"): np.arange(10)}))
    assert INCONCLUSIVE in verdicts(case, slices.GATE).values()
    assert set(verdicts(case, slices.GATE, skip_small_values=True).values()) == {PASSED}
    counted = next(iter(slices.GATE.measure(case, slices.Settings(skip_small_values=True))))
    assert (counted.metric, counted.value, counted.details) == ("small_slices", 1.0, {"slices": ["carrier = OO"]})


def test_no_slices_are_inconclusive() -> None:
    assert set(verdicts(case_of(), slices.GATE).values()) == {INCONCLUSIVE}
    assert "no slices are declared" in reasons(case_of(), slices.GATE)
    case = case_of(missing={"slices": "The slice carier is no column."})
    assert "carier" in reasons(case, slices.GATE)
    failed = case_of(rows=1, missing={"rows": "gone"})
    assert "rows: gone" in reasons(replace(failed, rows=None), slices.GATE)


def test_a_slice_of_one_class_is_inconclusive() -> None:
    case = case_of(champion=blunt)
    assert case.rows is not None
    late = np.flatnonzero(case.rows.label == 1)
    case = replace(case, rows=replace(case.rows, slices={AA: late}))
    assert "of one class" in reasons(case, slices.GATE)
    assert set(verdicts(case, slices.GATE).values()) == {INCONCLUSIVE}


def test_what_one_gate_has_drawn_is_what_the_others_would_draw() -> None:
    case = case_of(champion=blunt, seed=3)
    alone = [judged(replace(case), gate, threshold=threshold) for gate in GATES for threshold in (0.5, 0.2)]
    together = [judged(case, gate, threshold=threshold) for gate in GATES for threshold in (0.5, 0.2)]
    assert case.drawn
    assert [[measurement for _, measurement, _ in each] for each in together] == [
        [measurement for _, measurement, _ in each] for each in alone
    ]
    assert not replace(case, seed=4).drawn
