"""Does the model know more than it will know in use?"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from boathouse.features.training.packing import LEAKS_FILE
from boathouse.models.evidence import Verdict
from boathouse.models.gates import leakage
from boathouse.models.gates.leakage import GATE
from boathouse.models.gates.single_inputs import auc, rank_correlation, scores
from boathouse.models.requirements import Requirements

DICE = np.random.default_rng(0)


def flights(count: int, first: int = 0) -> pl.DataFrame:
    late = DICE.integers(0, 2, count)
    return pl.DataFrame(
        {
            "flight": range(first, first + count),
            "temp": late * 0.3 + DICE.normal(size=count),
            "carrier": DICE.choice(["AA", "UA"], count),
            "late": late,
        }
    )


def signals(*verdicts: str) -> str:
    said = [
        {"name": "single", "column": f"c{at}", "score": 0.99, "threshold": 0.98, "verdict": verdict,
         "explanation": "as said", "advice": "leave it out"}
        for at, verdict in enumerate(verdicts)
    ]  # fmt: skip
    return json.dumps({"leak_signals": said})


def test_honest_rows_pass(case: Callable[..., Any], judged: Callable[..., Any]) -> None:
    found = judged(GATE, case(rows=flights(500), training=flights(500, 500), inputs=["temp", "carrier"]))
    assert {said.verdict for _, said in found.values()} == {Verdict.PASSED}


def test_keys_that_were_learnt_from_fail(
    case: Callable[..., Any], judged: Callable[..., Any], requirements: Callable[..., Requirements]
) -> None:
    rows = flights(500)
    asked = case(
        rows=rows, training=rows[250:].vstack(flights(250, 500)), inputs=["temp"],
        requirements=requirements(evaluation={"keys": ["flight"]}),
    )  # fmt: skip
    measured, said = judged(GATE, replace(asked, training_table="dev.flights.learnt at version 2"))["shared_rows"]
    assert measured.value == 0.5 and said.verdict is Verdict.FAILED
    assert f"rows of dev.flights.learnt at version 2 that are in {asked.rows.table} too" in said.reason


def test_without_keys_rows_that_look_alike_count(case: Callable[..., Any], judged: Callable[..., Any]) -> None:
    rows = flights(500)
    measured, said = judged(GATE, case(rows=rows, training=rows, inputs=["temp", "carrier"]))["shared_rows"]
    assert measured.value == 1.0 and said.verdict is Verdict.FAILED and measured.details["by_keys"] is False


def test_keys_of_other_types_are_compared_by_what_they_say(
    case: Callable[..., Any], judged: Callable[..., Any], requirements: Callable[..., Requirements]
) -> None:
    rows = flights(100)
    training = rows.with_columns(pl.col("flight").cast(pl.String))
    asked = case(rows=rows, training=training, inputs=["temp"],
                 requirements=requirements(evaluation={"keys": ["flight"]}))  # fmt: skip
    assert judged(GATE, asked)["shared_rows"][0].value == 1.0


def test_without_training_rows_or_keys_in_them_nothing_is_known(
    case: Callable[..., Any], judged: Callable[..., Any], requirements: Callable[..., Requirements]
) -> None:
    asked = case(rows=flights(500), inputs=["temp"], missing={"training": "its run has read no table"})
    found = judged(GATE, asked)["shared_rows"][1]
    assert found.verdict is Verdict.INCONCLUSIVE and found.reason == "its run has read no table" and found.blocks
    keyed = requirements(evaluation={"keys": ["flight"]})
    asked = case(rows=flights(500), training=flights(500).drop("flight"), inputs=["temp"], requirements=keyed)
    assert judged(GATE, asked)["shared_rows"][1].verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("copy", [pl.col("late"), pl.col("late") * -3.5, pl.col("late").cast(pl.String)])
def test_an_input_that_is_the_label_fails(case: Callable[..., Any], judged: Callable[..., Any], copy: pl.Expr) -> None:
    rows = flights(500).with_columns(arrived=copy)
    inputs = ["temp", "arrived"]
    measured, said = judged(GATE, case(rows=rows, training=flights(500, 500), inputs=inputs))["single_input_score"]
    assert said.verdict is Verdict.FAILED and measured.details["column"] == "arrived"
    accepted = judged(GATE, case(rows=rows, training=flights(500, 500), inputs=inputs), accepted_columns=["arrived"])[
        "single_input_score"
    ]
    assert accepted[1].verdict is Verdict.PASSED


def test_one_class_only_is_inconclusive(case: Callable[..., Any], judged: Callable[..., Any]) -> None:
    rows = flights(500).with_columns(late=pl.lit(1))
    found = judged(GATE, case(rows=rows, training=flights(500, 500), inputs=["temp"]))["single_input_score"]
    assert found[1].verdict is Verdict.INCONCLUSIVE and found[1].blocks


def test_an_identifier_of_each_row_tells_nothing() -> None:
    names = pl.DataFrame({"name": [f"N{each}" for each in range(2_000)]})
    found = scores(names, DICE.integers(0, 2, 2_000).astype(float), is_number=False)["name"]
    assert found is not None and found < 0.6


def test_the_feature_stores_signals_count_where_they_are(
    case: Callable[..., Any], judged: Callable[..., Any], folder: Path
) -> None:
    def said(text: str, **settings: Any) -> Verdict:
        (folder / LEAKS_FILE).write_text(text)
        return judged(GATE, case(folder=folder), **settings)["suspicious_signals"][1].verdict

    assert said(signals("clear", "not measured")) is Verdict.PASSED
    assert said(signals("clear", "suspicious")) is Verdict.FAILED
    assert said(signals("clear", "suspicious"), accepted_columns=["c1"]) is Verdict.PASSED
    assert said(signals("not measured")) is Verdict.INCONCLUSIVE
    assert said("{") is Verdict.INCONCLUSIVE
    assert said(json.dumps({"leak_signals": []})) is Verdict.INCONCLUSIVE


def test_no_signals_are_inconclusive_only_where_they_are_required(
    case: Callable[..., Any], judged: Callable[..., Any]
) -> None:
    assert judged(GATE, case())["suspicious_signals"][1].verdict is Verdict.PASSED
    assert judged(GATE, case(), signals_required=True)["suspicious_signals"][1].verdict is Verdict.INCONCLUSIVE


VALUES = st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=2, max_size=40)


@given(VALUES)
def test_auc_is_that_of_scikit_learn(pairs: list[tuple[int, bool]]) -> None:
    values, positive = (np.array(each) for each in zip(*pairs, strict=True))
    found = auc(values.astype(float), positive)
    if positive.all() or not positive.any():
        assert found is None
    else:
        assert found == pytest.approx(roc_auc_score(positive, values))


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=3, max_size=40))
def test_the_rank_correlation_is_that_of_scipy(pairs: list[tuple[int, int]]) -> None:
    left, right = (np.array(each, float) for each in zip(*pairs, strict=True))
    found = rank_correlation(left, right)
    if len(set(left)) == 1 or len(set(right)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(spearmanr(left, right).statistic, abs=1e-9)


def test_the_file_has_the_name_that_the_feature_store_gives_it() -> None:
    assert leakage.SIGNALS_FILE == LEAKS_FILE
