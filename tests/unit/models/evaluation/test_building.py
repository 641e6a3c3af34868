"""The case of a version: what it holds, and what it says of everything that cannot be had."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression

from boathouse.foundation.names import ModelName
from boathouse.models.evaluation.building import CaseOrder, opened_case
from boathouse.models.evaluation.case import Case, RunFacts
from boathouse.models.evidence import Slice
from boathouse.models.requirements import Requirements
from boathouse.session import Session

MODEL = ModelName.parse("dev.shop.late")
INPUTS = ["distance", "hour"]
Needs = Callable[..., Requirements]


@pytest.fixture
def judge(session: Session, flights: pl.DataFrame, logistic: Path, scorers: Any, requirements: Needs) -> Any:
    """Builds a case over the flights; tables and models may be replaced."""
    session.write_table("dev.shop.judged", flights)
    session.write_table("dev.shop.seen", flights)

    def build(
        needs: Requirements | None = None, folders: dict[int, Path] | None = None, version: int = 1, **order: Any
    ) -> Case:
        asked = CaseOrder(MODEL, version, needs or requirements(), **order)
        run = RunFacts("r1", {}, {}, {}, (("dev.shop.seen", 0),))
        known = scorers(folders or {1: logistic, 2: logistic})
        with opened_case(session, known, asked, run_facts_of=lambda _model, _version: run) as case:
            return case

    return build


def test_rows_answers_and_training_come_together(judge: Any, flights: pl.DataFrame) -> None:
    case = judge(champion=2, version=1)
    assert case.missing == {}
    assert (case.rows.table, case.rows.version, case.rows.rows) == ("dev.shop.judged", 0, len(flights))
    assert case.candidate.are_probabilities
    assert 0 < case.candidate.values.min() < case.candidate.values.max() < 1
    assert case.champion.whose == "version 2"
    assert (case.champion.values == case.candidate.values).all()
    assert case.naive.values == pytest.approx(flights["is_late"].mean())
    assert len(case.training) == len(flights)
    assert list(case.scorer.inputs) == INPUTS


def test_rows_stand_in_the_order_of_their_keys(judge: Any, session: Session, flights: pl.DataFrame) -> None:
    session.write_table("dev.shop.judged", flights.sample(fraction=1, shuffle=True, seed=3), mode="overwrite")
    assert judge().rows.frame["flight"].is_sorted()


def test_the_champion_itself_has_no_champion(judge: Any) -> None:
    case = judge(champion=1, version=1)
    assert case.champion is None
    assert "champion" not in case.missing


def test_rows_without_a_label_are_left_out_and_counted(judge: Any, session: Session, flights: pl.DataFrame) -> None:
    late = flights.with_columns(pl.when(pl.col("flight") >= 100).then("is_late").alias("is_late"))
    session.write_table("dev.shop.judged", late, mode="overwrite")
    rows = judge().rows
    assert (rows.rows, rows.unlabelled) == (len(flights) - 100, 100)


def test_a_condition_chooses_rows_at_a_version(
    judge: Any, session: Session, flights: pl.DataFrame, requirements: Needs
) -> None:
    session.write_table("dev.shop.judged", flights, mode="append")
    case = judge(requirements({"where": "carrier = 'AA' AND hour BETWEEN 6 AND 12"}), table_version=0)
    chosen = flights.filter((pl.col("carrier") == "AA") & pl.col("hour").is_between(6, 12))
    assert (case.rows.rows, case.rows.version) == (len(chosen), 0)


def test_slices_are_positions_of_rows(judge: Any, flights: pl.DataFrame, requirements: Needs) -> None:
    slices = ["carrier", {"predicate": "distance > 1000"}, {"predicate": "hour > 99"}]
    found = judge(requirements(slices=slices)).rows.slices
    assert flights["carrier"].to_numpy()[found[Slice("carrier", "OO")]].tolist() == ["OO"] * int(
        (flights["carrier"] == "OO").sum()
    )
    assert (found[Slice("distance > 1000", "true")] == np.flatnonzero(flights["distance"].to_numpy() > 1000)).all()
    assert len(found[Slice("hour > 99", "true")]) == 0


@pytest.mark.parametrize(
    ("evaluation", "told"),
    [
        ({"table": "dev.shop.nowhere"}, "dev.shop.nowhere"),
        ({"label": "is_lat"}, "Did you mean is_late"),
        ({"where": "hour > 99"}, "it has no rows"),
        ({"where": "hour"}, "'hour' is neither true nor false"),
        ({"where": "1 = 1) GROUP BY (1"}, "more than a condition"),
        ({"where": "flight IN (SELECT flight FROM dev.shop.seen)"}, "more than a condition on one row"),
        ({"group": "crew"}, "no column crew"),
        ({"keys": ["flght"]}, "Did you mean flight"),
        ({"label": "hour"}, "other values than 0 and 1"),
        ({"label": "carrier", "positive_label": "XX"}, "No row has the positive label 'XX'"),
    ],
)
def test_rows_that_cannot_be_judged_on_are_missing_with_the_reason(
    judge: Any, requirements: Needs, evaluation: dict[str, Any], told: str
) -> None:
    case = judge(requirements(evaluation))
    assert case.rows is None
    assert told in case.missing["rows"]


def test_an_unknown_slice_is_said_and_the_rest_measured(judge: Any, requirements: Needs) -> None:
    case = judge(requirements(slices=["carier"]))
    assert case.rows.rows
    assert "Did you mean carrier" in case.missing["slices"]


def test_a_champion_that_does_not_load_is_missing(judge: Any, logistic: Path, tmp_path: Path) -> None:
    case = judge(champion=2, folders={1: logistic, 2: tmp_path / "nothing"})
    assert case.champion is None
    assert "version 2 does not load" in case.missing["champion"]
    assert case.candidate is not None


def test_a_candidate_that_takes_what_is_not_there_is_missing(
    judge: Any, session: Session, flights: pl.DataFrame
) -> None:
    session.write_table("dev.shop.judged", flights.drop("hour"), mode="overwrite", schema_mode="overwrite")
    case = judge()
    assert case.candidate is None
    assert "takes hour, which the evaluation rows do not have" in case.missing["candidate"]
    assert case.rows is not None


def test_without_training_rows_there_is_no_naive_answer(
    session: Session, scorers: Any, logistic: Path, requirements: Needs, flights: pl.DataFrame
) -> None:
    session.write_table("dev.shop.judged", flights)
    order = CaseOrder(MODEL, 1, requirements({"training_table": None}))
    with opened_case(session, scorers({1: logistic}), order, run_facts_of=lambda _model, _version: None) as case:
        assert case.naive is None
        assert "evaluation.training_table" in case.missing["naive"]


def test_the_run_says_which_table_was_trained_on(judge: Any, requirements: Needs) -> None:
    assert judge(requirements({"training_table": None})).naive is not None


def test_a_column_may_hold_the_naive_answer(judge: Any, requirements: Needs, flights: pl.DataFrame) -> None:
    case = judge(requirements({"naive_column": "hour", "label": "distance"}, problem="regression"))
    assert (case.naive.values == flights["hour"].to_numpy()).all()


def test_many_classes_stand_in_one_order(judge: Any, saved: Any, flights: pl.DataFrame, requirements: Needs) -> None:
    sample = flights.select(INPUTS).to_pandas()
    told = saved(LogisticRegression(max_iter=1000).fit(sample, flights["carrier"].to_numpy()), sample)
    two = flights.filter(pl.col("carrier") != "OO")
    fewer = saved(DummyClassifier().fit(two.select(INPUTS).to_pandas(), two["carrier"].to_numpy()), sample)
    needs = requirements(
        {"label": "carrier"}, problem="multiclass_classification", success={"metric": "m", "proxy": "f1"}
    )
    case = judge(needs, folders={1: told, 2: fewer}, champion=2)
    assert case.missing == {}
    assert case.rows.classes == ("AA", "OO", "UA")
    assert case.candidate.values.shape == case.champion.values.shape == case.naive.values.shape == (len(flights), 3)
    assert (case.champion.values[:, 1] == 0).all()
    assert case.naive.values[0].sum() == pytest.approx(1)


def test_a_regression_is_asked_for_numbers(judge: Any, saved: Any, flights: pl.DataFrame, requirements: Needs) -> None:
    sample = flights.select(["hour"]).to_pandas()
    folder = saved(LinearRegression().fit(sample, flights["distance"].to_numpy()), sample)
    needs = requirements({"label": "distance"}, problem="regression", success={"metric": "m", "proxy": "rmse"})
    case = judge(needs, folders={1: folder})
    assert case.missing == {}
    assert case.naive.values[0] == pytest.approx(flights["distance"].mean())


def test_a_model_that_only_names_classes_says_so(judge: Any, saved: Any, flights: pl.DataFrame) -> None:
    from sklearn.svm import LinearSVC

    sample = flights.select(INPUTS).to_pandas()
    folder = saved(LinearSVC().fit(sample, flights["is_late"].to_numpy()), sample)
    case = judge(folders={1: folder})
    assert not case.candidate.are_probabilities
    assert set(case.candidate.values) == {0.0, 1.0}
