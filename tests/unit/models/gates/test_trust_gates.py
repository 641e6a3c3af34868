"""Calibration, robustness, fairness, business value: by hand on small cases, and by fairlearn and brute force."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from fairlearn.metrics import demographic_parity_difference, equalized_odds_difference
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.models.gates.cases import Made, blunt, case_of, chance, judged, needs, reasons, shuffled, verdicts

from boathouse.models.evaluation.bootstrap import Resampling
from boathouse.models.evaluation.case import Answers
from boathouse.models.evaluation.deciding import best_threshold, values_of
from boathouse.models.evaluation.parity import Cells, differences, differences_of
from boathouse.models.evaluation.reliability import equal_mass_bins, reliability
from boathouse.models.evidence import Verdict
from boathouse.models.gates import business_value, calibration, fairness, robustness
from boathouse.models.gates.policy import PolicyDoesNotFit, policy_of
from boathouse.models.requirements import CostMatrix, Problem

PASSED, FAILED, INCONCLUSIVE = Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE
COSTS = {"true_positive": 20.0, "false_positive": -10.0, "false_negative": -30.0, "currency": "EUR"}


def weighed(**costs: Any) -> Any:
    return needs(cost_matrix={**COSTS, **costs})


# --- calibration


def test_true_chances_are_calibrated_and_bold_ones_are_not() -> None:
    def bold(frame: pl.DataFrame) -> Any:
        return np.clip((chance(frame) - 0.5) * 2.5 + 0.5, 0, 1)

    assert verdicts(case_of(), calibration.GATE) == {"expected_calibration_error": PASSED}
    assert verdicts(case_of(answer=bold), calibration.GATE) == {"expected_calibration_error": FAILED}


def test_the_curve_is_in_the_details() -> None:
    ((_, found, _),) = judged(case_of(), calibration.GATE, bins=10)
    assert len(found.details["curve"]) == 10
    assert sum(each["rows"] for each in found.details["curve"]) == found.rows == 5000
    assert found.interval is not None and found.value is not None
    assert 0 <= found.interval[0] < found.value < found.interval[1]


def test_the_error_is_that_of_the_formula() -> None:
    label = np.array([0.0, 1.0, 0.0, 1.0])
    answers = np.array([0.1, 0.2, 0.6, 0.9])
    found = reliability(Problem.BINARY, label, answers, 2, Resampling(replicates=100))
    assert found.error == pytest.approx((abs(0.15 - 0.5) + abs(0.75 - 0.5)) / 2)


@settings(deadline=None)
@given(st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.5, 0.9]), min_size=1, max_size=60), st.integers(2, 20))
def test_equal_answers_share_a_bin(values: list[float], bins: int) -> None:
    codes, count = equal_mass_bins(np.array(values), bins)
    assert sorted(set(codes)) == list(range(count))
    assert count <= bins
    of_value = dict(zip(values, codes, strict=True))
    assert [of_value[value] for value in values] == list(codes)
    assert [of_value[value] for value in sorted(of_value)] == sorted(of_value.values())


def test_many_classes_are_calibrated_by_the_one_that_is_named() -> None:
    random = np.random.default_rng(0)
    answers = random.dirichlet([1, 1, 1], 20_000)
    label = (answers.cumsum(axis=1) < random.random((20_000, 1))).sum(axis=1).astype(float)
    honest = reliability(Problem.MULTICLASS, label, answers, 15, Resampling(replicates=100))
    assert honest.error is not None and honest.error < 0.02
    sure = np.eye(3)[answers.argmax(axis=1)]
    bold = reliability(Problem.MULTICLASS, label, sure, 15, Resampling(replicates=100))
    assert bold.error == pytest.approx(1 - (answers.argmax(axis=1) == label).mean())


def test_classes_alone_are_not_calibrated() -> None:
    case = case_of()
    case = replace(case, candidate=Answers("candidate", np.ones(5000), are_probabilities=False))
    assert verdicts(case, calibration.GATE) == {"expected_calibration_error": INCONCLUSIVE}


# --- robustness


def test_a_plain_model_bears_noise_and_one_on_an_edge_does_not() -> None:
    def edged(frame: pl.DataFrame) -> Any:
        odd = (np.abs(frame["x"].to_numpy()) * 1000).astype(int) % 2 == 1
        return np.where(odd, chance(frame), 1 - chance(frame))

    assert verdicts(case_of(), robustness.GATE)["worsening_by_noise"] is PASSED
    case = case_of()
    assert case.scorer is not None
    case = replace(case, scorer=Made(("x", "unused", "carrier"), edged))
    assert verdicts(case, robustness.GATE, maximum_noise=0.05)["worsening_by_noise"] is FAILED


def test_the_column_that_matters_most_is_named() -> None:
    found = {each.metric: each for _, each, _ in judged(case_of(), robustness.GATE, sample_rows=2000)}
    permuted = found["worsening_by_permuted_column"]
    assert permuted.rows == 2000
    assert permuted.details["worst"] == "x"
    assert permuted.details["columns"]["unused"] == 0
    assert permuted.interval[0] < permuted.value < permuted.interval[1]


def test_a_model_that_refuses_missing_values_gives_no_wrong_answers() -> None:
    def strict(frame: pl.DataFrame) -> Any:
        if frame["carrier"].null_count():
            raise ValueError("carrier is null")
        return chance(frame.with_columns(pl.col("x").fill_null(0)))

    case = case_of(answer=strict)
    found = {each.metric: each for _, each, _ in judged(case, robustness.GATE)}["worsening_by_missing_column"]
    assert found.details["refused"] == {"carrier": "ValueError: carrier is null"}
    assert found.details["worst"] == "x"

    def stricter(frame: pl.DataFrame) -> Any:
        if frame.null_count().sum_horizontal().item():
            raise ValueError("null")
        return chance(frame)

    told = verdicts(case_of(answer=stricter), robustness.GATE)
    assert told["worsening_by_missing_column"] is INCONCLUSIVE
    assert set(verdicts(case_of(answer=stricter), robustness.GATE, maximum_missing=None).values()) == {PASSED}


def test_answers_that_become_nan_are_inconclusive() -> None:
    def careless(frame: pl.DataFrame) -> Any:
        known = frame["x"].fill_null(float("nan"))
        return chance(frame.with_columns(known))

    assert verdicts(case_of(answer=careless), robustness.GATE)["worsening_by_missing_column"] is INCONCLUSIVE
    assert "with x disturbed" in reasons(case_of(answer=careless), robustness.GATE)


def test_a_model_without_numbers_bears_no_noise() -> None:
    def by_carrier(frame: pl.DataFrame) -> Any:
        return np.where((frame["carrier"] == "AA").fill_null(False), 0.6, 0.3)

    case = case_of(answer=by_carrier)
    case = replace(case, scorer=Made(("carrier",), by_carrier))
    assert verdicts(case, robustness.GATE) == {
        "worsening_by_noise": INCONCLUSIVE,
        "worsening_by_missing_column": PASSED,
        "worsening_by_permuted_column": PASSED,
    }


# --- fairness


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(2, 4))
def test_counts_say_what_rows_say(seed: int, groups: int) -> None:
    random = np.random.default_rng(seed)
    group, outcome, decision = random.integers(0, groups, 80), random.integers(0, 2, 80), random.integers(0, 2, 80)
    group[: 2 * groups], outcome[: 2 * groups] = np.repeat(np.arange(groups), 2), np.tile([0, 1], groups)
    cells = Cells.of(tuple("abcd"[:groups]), group, outcome > 0, decision > 0)
    expected = (
        demographic_parity_difference(outcome, decision, sensitive_features=group),
        equalized_odds_difference(outcome, decision, sensitive_features=group),
    )
    assert tuple(differences(cells).values()) == pytest.approx(expected)
    drawn = differences_of(cells.counts[np.newaxis].astype(float))
    assert tuple(float(each[0]) for each in drawn.values()) == pytest.approx(expected)


def test_a_decision_that_falls_otherwise_for_a_group_fails() -> None:
    asked = {"attributes": ["carrier"], "skip_small_groups": True, "minimum_group_rows": 200}
    found = verdicts(case_of(answer=blunt), fairness.GATE, **asked)
    assert set(found.values()) == {PASSED}
    favoured = verdicts(case_of(), fairness.GATE, **asked)
    assert favoured["demographic_parity_difference of carrier = all groups"] is FAILED


def test_small_groups_are_inconclusive_unless_they_are_left_out_by_name() -> None:
    case, asked = case_of(answer=blunt), {"attributes": ["carrier"], "minimum_group_rows": 200}
    assert set(verdicts(case, fairness.GATE, **asked).values()) == {INCONCLUSIVE}
    assert "carrier = OO has" in reasons(case, fairness.GATE, **asked)
    left = judged(case, fairness.GATE, **asked, skip_small_groups=True)
    assert all(found.details["left_out"] == ["OO"] for _, found, _ in left)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "no attributes are named"),
        ({"attributes": ["carier"]}, "Did you mean carrier"),
        ({"attributes": ["x"]}, "at most 100 groups"),
    ],
)
def test_attributes_that_are_not_there_are_inconclusive(asked: dict[str, Any], told: str) -> None:
    assert set(verdicts(case_of(), fairness.GATE, **asked).values()) == {INCONCLUSIVE}
    assert told in reasons(case_of(), fairness.GATE, **asked)


def test_a_group_of_one_class_has_no_odds() -> None:
    case = case_of(answer=blunt)
    assert case.rows is not None
    case = replace(
        case, rows=replace(case.rows, label=np.where(case.rows.frame["carrier"] == "UA", 0, case.rows.label))
    )
    found = verdicts(case, fairness.GATE, attributes=["carrier"])
    assert found["equalised_odds_difference of carrier = all groups"] is INCONCLUSIVE
    assert found["demographic_parity_difference of carrier = all groups"] is PASSED


# --- business value


def test_good_decisions_are_worth_more_than_none() -> None:
    case = case_of(weighed(), champion=shuffled)
    found = {each.metric: (each, told) for _, each, told in judged(case, business_value.GATE)}
    assert {told.verdict for _, told in found.values()} == {PASSED}
    measured = found["value_per_row_over_never"][0]
    assert measured.baseline == "never acting"
    assert measured.details["true_positives"] + measured.details["false_negatives"] > 0


def test_random_decisions_are_not_worth_their_costs() -> None:
    case = case_of(weighed(true_positive=0.0, false_negative=-1.0, false_positive=-100.0), answer=shuffled)
    assert verdicts(case, business_value.GATE)["value_per_row_over_never"] is FAILED


def test_a_champion_that_decides_better_stays() -> None:
    found = verdicts(case_of(weighed(), answer=shuffled, champion=chance), business_value.GATE)
    assert found["value_per_row_improvement"] is FAILED
    gone = case_of(weighed(), missing={"champion": "it does not load"})
    assert verdicts(gone, business_value.GATE)["value_per_row_improvement"] is INCONCLUSIVE


@settings(deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([(20, -10, 0, -30), (0, -5, 0, -1), (1, -1, 1, -1)]))
def test_the_best_threshold_is_that_of_brute_force(seed: int, costs: tuple[float, float, float, float]) -> None:
    random = np.random.default_rng(seed)
    positive, answers = random.random(30) < 0.4, random.integers(0, 10, 30) / 10
    names = ("true_positive", "false_positive", "true_negative", "false_negative")
    matrix = CostMatrix.model_validate(dict(zip(names, costs, strict=True)))
    found = best_threshold(matrix, positive, answers)
    totals = [values_of(matrix, positive, answers >= each).sum() for each in [*np.unique(answers), 2.0]]
    assert values_of(matrix, positive, answers >= found).sum() == pytest.approx(max(totals))


def test_a_declared_threshold_is_kept() -> None:
    ((_, found, _), *_) = judged(case_of(weighed(threshold=0.25)), business_value.GATE)
    assert found.details["threshold"] == 0.25


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, "no cost_matrix"),
        ({"cost_matrix": {"currency": "EUR"}}, "makes no difference"),
        ({"cost_matrix": COSTS, "problem": "regression", "success": {"metric": "m", "proxy": "rmse"}}, "two classes"),
    ],
)
def test_a_gate_without_costs_is_no_policy(more: dict[str, Any], told: str) -> None:
    with pytest.raises(PolicyDoesNotFit, match=told):
        policy_of(needs(**more, risk_tier="low", gates={"business_value": {}}))
