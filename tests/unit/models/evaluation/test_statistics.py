"""Metrics are those of scikit-learn, and their terms give them back."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from boathouse.models.evaluation.metrics import METRICS, UnknownMetric, metric_named, metrics_of
from boathouse.models.evaluation.ranking import Ranking
from boathouse.models.evaluation.statistics import NotAnswers, statistics, value_of
from boathouse.models.requirements import Problem

Array = np.ndarray[Any, Any]
BINARY: dict[str, Callable[[Array, Array], float]] = {
    "log_loss": lambda y, p: sk.log_loss(y, p, labels=[0, 1]),
    "brier": sk.brier_score_loss,
    "auc": sk.roc_auc_score,
    "average_precision": sk.average_precision_score,
    "accuracy": lambda y, p: sk.accuracy_score(y, p >= 0.5),
    "f1": lambda y, p: sk.f1_score(y, p >= 0.5),
    "precision": lambda y, p: sk.precision_score(y, p >= 0.5, zero_division=np.nan),
    "recall": lambda y, p: sk.recall_score(y, p >= 0.5),
}
MULTICLASS: dict[str, Callable[[Array, Array], float]] = {
    "log_loss": lambda y, p: sk.log_loss(y, p, labels=[0, 1, 2]),
    "brier": lambda y, p: sk.brier_score_loss(y, p, labels=[0, 1, 2]),
    "auc": lambda y, p: sk.roc_auc_score(y, p, multi_class="ovr"),
    "average_precision": lambda y, p: sk.average_precision_score(np.eye(3)[y.astype(int)], p),
    "accuracy": lambda y, p: sk.accuracy_score(y, p.argmax(axis=1)),
    "f1": lambda y, p: sk.f1_score(y, p.argmax(axis=1), average="macro"),
    "precision": lambda y, p: sk.precision_score(y, p.argmax(axis=1), average="macro", zero_division=0),
    "recall": lambda y, p: sk.recall_score(y, p.argmax(axis=1), average="macro", zero_division=0),
}
REGRESSION: dict[str, Callable[[Array, Array], float]] = {
    "rmse": sk.root_mean_squared_error,
    "mae": sk.mean_absolute_error,
    "r2": sk.r2_score,
}
PEERS = {Problem.BINARY: BINARY, Problem.MULTICLASS: MULTICLASS, Problem.REGRESSION: REGRESSION}


@st.composite
def asked(draw: st.DrawFn, problem: Problem) -> tuple[Array, Array]:
    """Labels of all classes, and answers with many ties, some of them sure."""
    rows = draw(st.integers(6, 40))
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    levels = draw(st.sampled_from([3, 11, 1000]))
    match problem:
        case Problem.BINARY:
            label = random.integers(0, 2, rows).astype(float)
            label[:2] = 0, 1
            return label, random.integers(0, levels, rows) / (levels - 1)
        case Problem.MULTICLASS:
            label = random.integers(0, 3, rows).astype(float)
            label[:3] = 0, 1, 2
            raw = random.integers(1, levels + 1, (rows, 3)).astype(float)
            return label, raw / raw.sum(axis=1, keepdims=True)
        case Problem.REGRESSION:
            return random.normal(3, 2, rows), random.normal(3, 2, rows)


@pytest.mark.parametrize("problem", list(Problem))
@settings(deadline=None)
@given(data=st.data())
def test_each_metric_is_that_of_scikit_learn(problem: Problem, data: st.DataObject) -> None:
    label, answers = data.draw(asked(problem))
    found = statistics([each.name for each in metrics_of(problem)], problem, label, answers)
    for name, peer in PEERS[problem].items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = peer(label, answers)
        assert found[name].value == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True), name


@pytest.mark.parametrize("problem", list(Problem))
@settings(deadline=None)
@given(data=st.data())
def test_the_sums_of_the_terms_give_the_metric(problem: Problem, data: st.DataObject) -> None:
    label, answers = data.draw(asked(problem))
    for name, statistic in statistics([each.name for each in metrics_of(problem)], problem, label, answers).items():
        found = statistic.of_sums(statistic.terms.sum(axis=0)[np.newaxis])[0]
        assert found == pytest.approx(statistic.value, rel=1e-9, abs=1e-12, nan_ok=True), name


@settings(deadline=None)
@given(data=st.data())
def test_weights_of_rows_mean_the_same_as_rows_repeated(data: st.DataObject) -> None:
    label, answers = data.draw(asked(Problem.BINARY))
    weights = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(label), max_size=len(label))))
    weights[:2] = np.maximum(weights[:2], 1)
    again = np.repeat(np.arange(len(label)), weights)
    ranking = Ranking.of(label > 0.5, answers)
    assert ranking.weighted_auc(weights[np.newaxis])[0] == pytest.approx(sk.roc_auc_score(label[again], answers[again]))
    assert ranking.weighted_average_precision(weights[np.newaxis])[0] == pytest.approx(
        sk.average_precision_score(label[again], answers[again])
    )


@settings(deadline=None)
@given(data=st.data(), name=st.sampled_from(["auc", "average_precision"]))
def test_the_terms_of_rank_metrics_are_their_derivatives(data: st.DataObject, name: str) -> None:
    label, answers = data.draw(asked(Problem.BINARY))
    statistic = statistics([name], Problem.BINARY, label, answers)[name]
    assert statistic.exact is not None
    row = data.draw(st.integers(0, len(label) - 1))
    small = 1e-5
    above, below = np.ones((1, len(label))), np.ones((1, len(label)))
    above[0, row] += small
    below[0, row] -= small
    exact = (statistic.exact(above) - statistic.exact(below)) / (2 * small)
    near = (statistic.of_sums(above @ statistic.terms) - statistic.of_sums(below @ statistic.terms)) / (2 * small)
    assert near[0] == pytest.approx(exact[0], abs=1e-6)


@pytest.mark.parametrize("name", ["auc", "average_precision", "recall"])
def test_what_is_not_defined_is_no_number(name: str) -> None:
    label = np.zeros(5)
    assert np.isnan(value_of(name, Problem.BINARY, label, np.linspace(0.1, 0.4, 5)))


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([0.1, np.nan, 0.3], "1 of 3 answers are not numbers"),
        ([0.1, 1.5, 0.3], "no probabilities: 1.5"),
        ([-0.2, 0.5, 0.3], "no probabilities: -0.2"),
        ([0.1, 0.2], "shape (2,) for 3 rows"),
        ([[0.1, 0.9]] * 3, "One number per row"),
    ],
)
def test_answers_that_cannot_be_measured_are_refused(answers: list[Any], told: str) -> None:
    with pytest.raises(NotAnswers) as refused:
        value_of("log_loss", Problem.BINARY, np.array([0.0, 1.0, 1.0]), np.array(answers))
    assert told in str(refused.value)


def test_probabilities_of_a_row_sum_to_one() -> None:
    with pytest.raises(NotAnswers, match="of 1 rows they do not sum to one"):
        value_of("auc", Problem.MULTICLASS, np.array([0.0, 1.0]), np.array([[0.5, 0.5], [0.5, 0.1]]))


def test_a_metric_is_suggested_for_a_name_that_nobody_knows() -> None:
    with pytest.raises(UnknownMetric, match="Did you mean log_loss"):
        metric_named("logloss")
    with pytest.raises(UnknownMetric, match="rmse does not measure binary_classification"):
        metric_named("rmse", Problem.BINARY)


def test_more_is_better_for_every_improvement() -> None:
    assert METRICS["log_loss"].improvement(0.3, 0.4) == pytest.approx(0.1)
    assert METRICS["auc"].improvement(0.8, 0.7) == pytest.approx(0.1)
