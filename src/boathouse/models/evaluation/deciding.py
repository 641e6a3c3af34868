"""Decisions by a threshold, and what each row is worth by them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from boathouse.models.evaluation.bootstrap import Resampling, drawn_sums, interval_of
from boathouse.models.evaluation.statistics import require_answers
from boathouse.models.requirements.requirements import CostMatrix, Problem

Array = np.ndarray[Any, Any]

_NEVER = 2.0
"""A threshold that no probability reaches."""
_CURVE_POINTS = 20


@dataclass(frozen=True, slots=True)
class Decided:
    """What somebody's decisions are worth."""

    values: Array
    """Of each row."""
    threshold: float | None
    """From which probability on it is acted; None: never. The best one over all rows, unless it is declared."""
    counts: Mapping[str, int]
    """True and false positives and negatives."""
    curve: list[dict[str, float]]
    """The value of a row at some thresholds."""


def decided(matrix: CostMatrix, label: Array, answers: Array, resampling: Resampling) -> Decided:
    """Decide each row, by the declared threshold or by the best one of the other half of the rows.

    Raises:
        NotAnswers: The answers are no probabilities.
    """
    require_answers(Problem.BINARY, label, answers)
    positive = label > 0.5
    order = np.argsort(-answers)  # once, for everything that is asked of it
    came, said = positive[order], answers[order]
    if matrix.threshold is not None:
        acts, best = answers >= matrix.threshold, matrix.threshold
    else:
        best = _best(matrix, came, said)
        is_first = _halves(len(label), resampling)
        acts = np.empty(len(label), dtype=bool)
        for half in (is_first, ~is_first):
            others = ~half[order]
            acts[half] = answers[half] >= _best(matrix, came[others], said[others])
    counts = {
        "true_positives": int((acts & positive).sum()),
        "false_positives": int((acts & ~positive).sum()),
        "true_negatives": int((~acts & ~positive).sum()),
        "false_negatives": int((~acts & positive).sum()),
    }
    shown = None if best == _NEVER else float(best)
    return Decided(values_of(matrix, positive, acts), shown, counts, _curve(matrix, came, said))


def never_acting(matrix: CostMatrix, label: Array) -> Array:
    """What each row is worth when nothing is done about it."""
    return values_of(matrix, label > 0.5, np.zeros(len(label), dtype=bool))


def values_of(matrix: CostMatrix, positive: Array, acts: Array) -> Array:
    """The matrix's cell of each row."""
    of_positives = np.where(acts, matrix.true_positive, matrix.false_negative)
    return np.where(positive, of_positives, np.where(acts, matrix.false_positive, matrix.true_negative))


def best_threshold(matrix: CostMatrix, positive: Array, answers: Array) -> float:
    """The answer from which on acting is worth most; of equal ones the highest, so that less is done."""
    order = np.argsort(-answers)
    return _best(matrix, positive[order], answers[order])


def _best(matrix: CostMatrix, positive: Array, descending: Array) -> float:
    if not len(descending):
        return _NEVER
    gains = np.where(
        positive,
        matrix.true_positive - matrix.false_negative,
        matrix.false_positive - matrix.true_negative,
    )
    total = np.cumsum(gains)
    ends = np.flatnonzero(np.append(descending[1:] != descending[:-1], True))  # equal answers are decided alike
    best = int(ends[np.argmax(total[ends])])
    return float(descending[best]) if total[best] > 0 else _NEVER


def mean_difference(
    values: Array, others: Array | None, resampling: Resampling
) -> tuple[float, tuple[float, float] | None]:
    """The mean of values, over that of others on the same rows if there are any, and its interval."""
    differences = values if others is None else values - others
    sums = drawn_sums(np.column_stack([differences, np.ones(len(differences))]), resampling)
    return float(differences.mean()), interval_of(sums[:, 0] / sums[:, 1], resampling.confidence)


def _halves(rows: int, resampling: Resampling) -> Array:
    """Whether each row is in the first half; groups stay together."""
    if resampling.groups is None:
        return _half_of(rows, rows, resampling.seed)
    units = int(resampling.groups.max(initial=-1)) + 1
    return _half_of(units, rows, resampling.seed)[resampling.groups]


@lru_cache(maxsize=1)
def _half_of(units: int, rows: int, seed: int) -> Array:
    """Half of the units, at random; candidate and champion are measured on the same halves."""
    return np.random.default_rng([seed, rows, 2]).permutation(units) % 2 == 0


def _curve(matrix: CostMatrix, positive: Array, descending: Array) -> list[dict[str, float]]:
    """The value of a row, from never acting to always acting."""
    rows, hits_until = len(descending), np.append(0, np.cumsum(positive))
    rising = -descending
    points: list[dict[str, float]] = []
    for place in np.unique(np.linspace(0, rows - 1, _CURVE_POINTS).astype(np.int64)):
        threshold = descending[place]
        acted = int(np.searchsorted(rising, -threshold, side="right"))
        hits, positives = int(hits_until[acted]), int(hits_until[-1])
        total = hits * matrix.true_positive + (acted - hits) * matrix.false_positive
        total += (positives - hits) * matrix.false_negative
        total += (rows - positives - acted + hits) * matrix.true_negative
        points.append({"threshold": round(float(threshold), 6), "value_per_row": round(total / rows, 6)})
    return points
