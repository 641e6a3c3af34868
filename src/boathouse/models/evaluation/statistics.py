"""Metrics as functions of sums over rows, so that a bootstrap only has to draw sums.

Every metric is prepared once for its rows: some numbers per row (terms), and a function from their sums to its value.
Log loss, Brier score, errors and everything over a table of hits are exactly that. Rank metrics are, to first order in
the weights; their plain value, and their replicates over few rows, are exact.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from boathouse.foundation.errors import InvalidInput
from boathouse.models.evaluation.metrics import Metric, metric_named
from boathouse.models.evaluation.ranking import Ranking
from boathouse.models.requirements.requirements import Problem

Array = np.ndarray[Any, Any]

THRESHOLD = 0.5
"""From which probability on a row counts as positive, unless somebody says otherwise."""


_SLACK = 1e-3
"""How far the probabilities of a row may be from summing to one: some models answer in single precision."""


class NotAnswers(InvalidInput):
    """What a model says cannot be measured by the metric."""


@dataclass(frozen=True)
class Statistic:
    """A metric of certain answers to certain rows."""

    metric: Metric
    value: float
    """NaN where the metric is not defined, as AUC with one class."""
    terms: Array
    """float64 of shape (rows, k)."""
    of_sums: Callable[[Array], Array]
    """From sums of the terms, one set per row of shape (sets, k), to the metric's values."""
    exact: Callable[[Array], Array] | None = None
    """From weights of the rows, of shape (sets, rows), to exact values, where sums give them to first order only."""


def statistics(
    names: Sequence[str], problem: Problem, label: Array, answers: Array, *, threshold: float = THRESHOLD
) -> dict[str, Statistic]:
    """Metrics by name; what they share, as the order of the scores, is computed once.

    Args:
        label: 0 or 1, a class number, or the outcome.
        answers: A probability of the positive class or a number, of shape (rows,); or of shape (rows, classes).

    Raises:
        UnknownMetric: There is no such metric for the problem.
        NotAnswers: Answers are missing, not finite, or no probabilities.
    """
    metrics = [metric_named(name, problem) for name in names]
    require_answers(problem, label, answers)
    match problem:
        case Problem.REGRESSION:
            return {each.name: _regression(each, label, answers) for each in metrics}
        case Problem.BINARY:
            shared = _Rankings([(label > 0.5, answers)])
            hits = _Hits()
            return {each.name: _binary(each, label, answers, threshold, shared, hits) for each in metrics}
        case Problem.MULTICLASS:
            classes = range(answers.shape[1])
            shared = _Rankings([(label == number, answers[:, number]) for number in classes])
            return {each.name: _multiclass(each, label, answers, shared) for each in metrics}


def value_of(name: str, problem: Problem, label: Array, answers: Array, *, threshold: float = THRESHOLD) -> float:
    """One metric's value."""
    return statistics([name], problem, label, answers, threshold=threshold)[name].value


def require_answers(problem: Problem, label: Array, answers: Array) -> None:
    """Refuse answers that are no numbers, too few, or no probabilities where such are asked for.

    Raises:
        NotAnswers: Says how many, and an example.
    """
    wanted = 2 if problem is Problem.MULTICLASS else 1
    if answers.ndim != wanted or len(answers) != len(label):
        raise NotAnswers(
            f"The answers have shape {answers.shape} for {len(label)} rows.",
            hint="One number per row is needed." if wanted == 1 else "One probability per row and class is needed.",
        )
    finite = np.isfinite(answers)
    if not finite.all():
        raise NotAnswers(f"{int((~finite).sum())} of {answers.size} answers are not numbers.")
    if problem is not Problem.REGRESSION and len(answers) and not (answers.min() >= -1e-9 <= 1 + 1e-9 >= answers.max()):
        worst = answers.min() if answers.min() < 0 else answers.max()
        raise NotAnswers(f"The answers are no probabilities: {worst:.6g} is among them.")
    if problem is Problem.MULTICLASS and (odd := np.abs(answers.sum(axis=1) - 1) > _SLACK).any():
        raise NotAnswers(f"The answers are no probabilities: of {int(odd.sum())} rows they do not sum to one.")


class _Rankings:
    """Sorts once, and only if somebody asks."""

    def __init__(self, columns: Sequence[tuple[Array, Array]]) -> None:
        self._columns = columns
        self._made: list[Ranking] | None = None

    def all(self) -> list[Ranking]:
        if self._made is None:
            self._made = [Ranking.of(positive, scores) for positive, scores in self._columns]
        return self._made


class _Hits:
    """The table of hits of two classes, once for all metrics over it."""

    def __init__(self) -> None:
        self._terms: Array | None = None

    def terms(self, label: Array, answers: Array, threshold: float) -> Array:
        """Per row: said and true, said, true, right, one."""
        if self._terms is None:
            said, true = answers >= threshold, label > 0.5
            self._terms = _columns([said & true, said, true, said == true])
        return self._terms


# --- regression


def _regression(metric: Metric, label: Array, answers: Array) -> Statistic:
    error = answers - label
    if metric.name == "mae":
        return _of_sums(metric, [np.abs(error)], _mean)
    if metric.name == "rmse":
        return _of_sums(metric, [error**2], lambda sums: np.sqrt(_mean(sums)))
    centre = label.mean() if len(label) else 0.0  # of sums around the centre, no digits are lost
    return _of_sums(metric, [error**2, label - centre, (label - centre) ** 2], _r2)


def _r2(sums: Array) -> Array:
    residual, first, second, rows = sums.T
    return 1 - _ratio(residual, second - _ratio(first**2, rows))


# --- two classes


def _binary(
    metric: Metric, label: Array, answers: Array, threshold: float, rankings: _Rankings, hits: _Hits
) -> Statistic:
    match metric.name:
        case "log_loss":
            given = np.clip(answers, _TINY, 1 - _TINY)
            return _of_sums(metric, [-np.log(np.where(label > 0.5, given, 1 - given))], _mean)
        case "brier":
            return _of_sums(metric, [(answers - label) ** 2], _mean)
        case "auc" | "average_precision":
            return _ranked(metric, rankings)
        case _:
            terms = hits.terms(label, answers, threshold)
            of_sums = _accuracy if metric.name == "accuracy" else _OF_HITS[metric.name]
            return Statistic(metric, float(of_sums(terms.sum(axis=0)[np.newaxis])[0]), terms, of_sums)


# --- many classes


def _multiclass(metric: Metric, label: Array, answers: Array, rankings: _Rankings) -> Statistic:
    rows, classes = answers.shape
    number = label.astype(np.int64)
    match metric.name:
        case "log_loss":
            scaled = answers / answers.sum(axis=1, keepdims=True)
            return _of_sums(metric, [-np.log(np.clip(scaled[np.arange(rows), number], _TINY, 1 - _TINY))], _mean)
        case "brier":
            right = answers[np.arange(rows), number]
            return _of_sums(metric, [(answers**2).sum(axis=1) - 2 * right + 1], _mean)
        case "auc" | "average_precision":
            return _ranked(metric, rankings)
        case _:
            said = answers.argmax(axis=1)
            if metric.name == "accuracy":
                return _of_sums(metric, [said == number], _mean)
            columns = [
                part
                for each in range(classes)
                for part in ((said == each) & (number == each), said == each, number == each)
            ]
            of_hits = _OF_HITS[metric.name]
            return _of_sums(metric, columns, lambda sums: _mean_over_classes(sums, classes, of_hits))


def _mean_over_classes(sums: Array, classes: int, of_hits: Callable[[Array], Array]) -> Array:
    """The plain mean over classes (macro); a class that is neither there nor named has no number, and does not
    count."""
    each = np.stack([of_hits(sums[:, 3 * number : 3 * number + 4]) for number in range(classes)])
    there = np.stack([sums[:, 3 * number + 1] + sums[:, 3 * number + 2] > 0 for number in range(classes)])
    return _ratio(np.where(there, np.nan_to_num(each), 0.0).sum(axis=0), there.sum(axis=0).astype(float))


# --- shared


def _ranked(metric: Metric, rankings: _Rankings) -> Statistic:
    """A rank metric: of several classes, the mean over each against the rest."""
    made = rankings.all()
    if metric.name == "auc":
        values, terms = [each.auc() for each in made], [each.auc_terms() for each in made]
        parts: list[Callable[[Array], Array]] = [_auc_near(value) for value in values]
        exact, width = Ranking.weighted_auc, 4
    else:
        values = [each.average_precision() for each in made]
        terms = [each.average_precision_terms() for each in made]
        parts = [_precision] * len(made)
        exact, width = Ranking.weighted_average_precision, 2

    def mean_of_sums(sums: Array) -> Array:
        return np.mean([part(sums[:, width * at : width * (at + 1)]) for at, part in enumerate(parts)], axis=0)

    return Statistic(
        metric,
        float(np.mean(values)),
        terms[0] if len(terms) == 1 else np.asfortranarray(np.hstack(terms)),
        mean_of_sums,
        lambda weights: np.mean([exact(each, weights) for each in made], axis=0),
    )


def _auc_near(value: float) -> Callable[[Array], Array]:
    """With weights of one, the mean over positives and that over negatives are both the AUC; their changes add up."""

    def of_sums(sums: Array) -> Array:
        above, positives, below, negatives = sums.T
        return _ratio(above, positives) + _ratio(below, negatives) - value

    return of_sums


def _of_sums(metric: Metric, columns: Sequence[Array], of_sums: Callable[[Array], Array]) -> Statistic:
    """A statistic whose terms are these columns, and a one for each row."""
    terms = _columns(columns)
    return Statistic(metric, float(of_sums(terms.sum(axis=0)[np.newaxis])[0]), terms, of_sums)


def _columns(columns: Sequence[Array]) -> Array:
    terms = np.empty((len(columns[0]), len(columns) + 1), order="F")
    for number, column in enumerate(columns):
        terms[:, number] = column
    terms[:, -1] = 1.0
    return terms


def _accuracy(sums: Array) -> Array:
    return _ratio(sums[:, 3], sums[:, 4])


def _mean(sums: Array) -> Array:
    return _ratio(sums[:, 0], sums[:, -1])


def _f1(sums: Array) -> Array:
    return _ratio(2 * sums[:, 0], sums[:, 1] + sums[:, 2])


def _precision(sums: Array) -> Array:
    return _ratio(sums[:, 0], sums[:, 1])


def _recall(sums: Array) -> Array:
    return _ratio(sums[:, 0], sums[:, 2])


_OF_HITS = {"f1": _f1, "precision": _precision, "recall": _recall}
_TINY = float(np.finfo(np.float64).eps)


def _ratio(above: Array, below: Array) -> Array:
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below != 0)
