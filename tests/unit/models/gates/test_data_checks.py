"""Training and evaluation rows beside those that were accepted before."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from boathouse.models.evidence import Verdict
from boathouse.models.gates import evaluation_data, training_data
from boathouse.models.requirements import Requirements

DICE = np.random.default_rng(0)


def flights(count: int = 1_000, shift: float = 0.0) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "flight": range(count),
            "temp": DICE.normal(shift, size=count),
            "wind": DICE.normal(shift, size=count),
            "carrier": DICE.choice(["AA", "UA", "B6"], count),
            "late": DICE.integers(0, 2, count),
        }
    )


INPUTS = ["temp", "wind", "carrier"]
Gate = Callable[..., Any]


def verdicts(found: dict[str, Any]) -> dict[str, Verdict]:
    return {metric: said.verdict for metric, (_, said) in found.items()}


def test_rows_like_those_before_pass(case: Gate, judged: Gate) -> None:
    there = case(
        rows=flights(), training=flights(), accepted=flights(), accepted_training=flights(), inputs=INPUTS
    )  # fmt: skip
    assert set(verdicts(judged(evaluation_data.GATE, there)).values()) == {Verdict.PASSED}
    assert set(verdicts(judged(training_data.GATE, there)).values()) == {Verdict.PASSED}


def test_a_first_version_is_compared_within_itself(case: Gate, judged: Gate) -> None:
    there = case(rows=flights(), training=flights(), inputs=INPUTS)
    found = judged(evaluation_data.GATE, there)
    assert found["drifted_share"][0].baseline == "the training rows"
    assert judged(training_data.GATE, there)["drifted_share"][0].baseline == "the evaluation rows"
    assert set(verdicts(found).values()) == {Verdict.PASSED}


def test_most_columns_moved_fails(case: Gate, judged: Gate) -> None:
    there = case(rows=flights(shift=3), accepted=flights(), inputs=INPUTS)
    measured, said = judged(evaluation_data.GATE, there)["drifted_share"]
    assert measured.value == pytest.approx(2 / 3) and said.verdict is Verdict.FAILED
    ignored = judged(evaluation_data.GATE, there, ignore_columns=["temp", "wind"])["drifted_share"]
    assert ignored[1].verdict is Verdict.PASSED


def test_a_column_that_is_gone_or_another_kind_fails(case: Gate, judged: Gate) -> None:
    gone = case(rows=flights().drop("wind"), accepted=flights(), inputs=INPUTS)
    measured, said = judged(evaluation_data.GATE, gone)["schema_changes"]
    assert measured.value == 1 and said.verdict is Verdict.FAILED
    assert measured.details["changes"][0]["column"] == "wind"
    other = case(rows=flights().with_columns(pl.col("wind").cast(pl.String)), accepted=flights(), inputs=INPUTS)
    assert judged(evaluation_data.GATE, other)["schema_changes"][1].verdict is Verdict.FAILED


def test_features_that_are_looked_up_are_not_missed_in_rows_that_were_kept_without_them(
    case: Gate, judged: Gate
) -> None:
    there = case(rows=flights(), accepted=flights().drop("temp"), inputs=INPUTS)
    assert judged(evaluation_data.GATE, there)["schema_changes"][1].verdict is Verdict.PASSED


def test_more_missing_values_fail(case: Gate, judged: Gate) -> None:
    holes = flights().with_columns(pl.when(pl.col("flight") % 2 == 0).then("temp").alias("temp"))
    measured, said = judged(evaluation_data.GATE, case(rows=holes, accepted=flights(), inputs=INPUTS))["null_increase"]
    assert measured.value == 0.5 and said.verdict is Verdict.FAILED


def test_more_numbers_far_out_fail(case: Gate, judged: Gate) -> None:
    wild = flights().with_columns(temp=pl.when(pl.col("flight") % 4 == 0).then(1e6).otherwise("temp"))
    found = judged(evaluation_data.GATE, case(rows=wild, accepted=flights(), inputs=INPUTS))["outlier_increase"]
    assert found[0].value == pytest.approx(0.25) and found[1].verdict is Verdict.FAILED


@pytest.mark.parametrize("gate", [evaluation_data.GATE, training_data.GATE])
def test_too_few_rows_say_nothing(case: Gate, judged: Gate, gate: Any) -> None:
    there = case(rows=flights(20), training=flights(20), inputs=INPUTS)
    found = verdicts(judged(gate, there))
    assert {found[name] for name in ("null_increase", "drifted_share", "outlier_increase")} == {Verdict.INCONCLUSIVE}


def test_rows_before_that_cannot_be_read_block(case: Gate, judged: Gate) -> None:
    why = {"accepted": "table dev.a.b is gone", "accepted_training": "table dev.a.c is gone"}
    there = case(rows=flights(), training=flights(), inputs=INPUTS, missing=why)
    for gate, reason in ((evaluation_data.GATE, why["accepted"]), (training_data.GATE, why["accepted_training"])):
        said = judged(gate, there)["drifted_share"][1]
        assert said.verdict is Verdict.INCONCLUSIVE and said.reason == reason and said.blocks


def test_nothing_to_compare_with_blocks(case: Gate, judged: Gate) -> None:
    there = case(rows=flights(), inputs=INPUTS, missing={"training": "its run has read no table"})
    said = judged(evaluation_data.GATE, there)["drifted_share"][1]
    assert said.verdict is Verdict.INCONCLUSIVE and "its run has read no table" in said.reason


def test_keys_that_come_twice_fail(case: Gate, judged: Gate, requirements: Callable[..., Requirements]) -> None:
    keyed = requirements(evaluation={"keys": ["flight"]})
    doubled = flights().vstack(flights(100))
    there = case(rows=doubled, accepted=flights(), inputs=INPUTS, requirements=keyed)
    measured, said = judged(evaluation_data.GATE, there)["duplicate_keys"]
    assert measured.value == pytest.approx(100 / 1100) and said.verdict is Verdict.FAILED
    absent = requirements(evaluation={"keys": ["tail"]})
    there = case(rows=flights(), accepted=flights(), inputs=INPUTS, requirements=absent)
    assert judged(evaluation_data.GATE, there)["duplicate_keys"][1].verdict is Verdict.INCONCLUSIVE


def test_labels_that_are_no_numbers_fail_and_missing_ones_are_counted(case: Gate, judged: Gate) -> None:
    broken = flights().with_columns(late=pl.when(pl.col("flight") == 3).then(float("nan")).otherwise("late"))
    there = case(rows=broken, accepted=flights(), inputs=INPUTS, unlabelled=3_000)
    found = judged(evaluation_data.GATE, there, maximum_unlabelled_share=0.5)
    assert found["unusable_labels"][1].verdict is Verdict.FAILED
    assert found["unlabelled_share"][0].value == 0.75 and found["unlabelled_share"][1].verdict is Verdict.FAILED


def test_training_rows_of_one_class_or_with_an_empty_column_fail(case: Gate, judged: Gate) -> None:
    odd = flights().with_columns(late=pl.lit(0), wind=pl.lit(None, dtype=pl.Float64))
    found = verdicts(judged(training_data.GATE, case(rows=flights(), training=odd, inputs=INPUTS)))
    assert found["label_values"] is Verdict.FAILED and found["empty_columns"] is Verdict.FAILED


def test_training_rows_without_the_label_are_inconclusive(case: Gate, judged: Gate) -> None:
    found = judged(training_data.GATE, case(rows=flights(), training=flights().drop("late"), inputs=INPUTS))
    assert found["label_values"][1].verdict is Verdict.INCONCLUSIVE
