"""Metrics over the order of scores: the area under the ROC curve, and average precision.

One sort serves both, their exact values under any weights of the rows, and the share that each row has in them.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Ranking:
    """Rows in ascending order of their score; equal scores stand together as one step."""

    order: Array
    """Row numbers by ascending score."""
    positive: Array
    """Whether the row of that place is positive."""
    starts: Array
    """The places where steps begin."""
    is_positive: Array
    """Whether a row is positive, by row number."""

    @classmethod
    def of(cls, positive: Array, scores: Array) -> "Ranking":
        """Sort the scores."""
        order = np.argsort(scores, kind="stable") if len(scores) < 2 else np.argsort(scores)
        ascending = scores[order]
        starts = np.flatnonzero(np.concatenate(([True], ascending[1:] != ascending[:-1])))
        is_positive = np.asarray(positive, dtype=bool)
        return cls(order, is_positive[order], starts, is_positive)

    @cached_property
    def _steps(self) -> tuple[Array, Array]:
        """Of each step: how many positives and how many negatives."""
        size = np.diff(np.append(self.starts, len(self.order)))
        positives = np.add.reduceat(self.positive.astype(np.int64), self.starts)
        return positives, size - positives

    @cached_property
    def _step_of_place(self) -> Array:
        marks = np.zeros(len(self.order), dtype=np.int64)
        marks[self.starts[1:]] = 1
        return np.cumsum(marks)

    def auc(self) -> float:
        """The probability that a positive is ranked above a negative; ties count half. NaN with one class."""
        positives, negatives = self._steps
        below = np.cumsum(negatives) - negatives
        pairs = float(positives.sum()) * float(negatives.sum())
        return float((positives * (below + negatives / 2)).sum() / pairs) if pairs else np.nan

    def average_precision(self) -> float:
        """The mean over positives of the precision down to their step. NaN without positives."""
        positives, precision = self._steps[0], self._precision
        total = positives.sum()
        return float((positives * precision).sum() / total) if total else np.nan

    @cached_property
    def _above(self) -> tuple[Array, Array]:
        """Of each step: positives, and rows, from it upwards."""
        positives, negatives = self._steps
        above = np.cumsum(positives[::-1])[::-1]
        return above, np.cumsum((positives + negatives)[::-1])[::-1]

    @property
    def _precision(self) -> Array:
        found, rows = self._above
        return found / rows

    def auc_terms(self) -> Array:
        """Four numbers per row, whose weighted sums give the AUC to first order: by the placement of each positive
        among negatives and of each negative among positives (E. R. DeLong and others, Biometrics 44, 1988)."""
        positives, negatives = self._steps
        below = (np.cumsum(negatives) - negatives + negatives / 2) / max(negatives.sum(), 1)
        above = (self._above[0] - positives + positives / 2) / max(positives.sum(), 1)
        step, is_positive = self._step_of_place, self.is_positive
        placement = np.empty(len(self.order))
        placement[self.order] = np.where(self.positive, below[step], above[step])
        return np.asfortranarray(
            np.stack([placement * is_positive, is_positive, placement * ~is_positive, ~is_positive]).T
        )

    def average_precision_terms(self) -> Array:
        """Two numbers per row, whose weighted sums' ratio gives average precision to first order.

        With T positives and N rows from a step upwards, a row of weight w adds w to N, and to T when it is positive, of
        every step down from its own. The derivative of the sum over positives of T / N by w is the first column.
        """
        found, rows = self._above
        positives = self._steps[0]
        gains = np.cumsum(positives / rows)
        losses = np.cumsum(positives * found / rows.astype(float) ** 2)
        terms = np.empty((len(self.order), 2), order="F")
        terms[self.order, 0] = (self.positive * (found / rows + gains)[self._step_of_place]) - losses[
            self._step_of_place
        ]
        terms[:, 1] = self.is_positive
        return terms

    def weighted_auc(self, weights: Array) -> Array:
        """The AUC under each row of ``weights`` (replicates x rows), exactly."""
        positives, negatives = self._weighted_steps(weights)
        below = np.cumsum(negatives, axis=1) - negatives
        pairs = positives.sum(axis=1) * negatives.sum(axis=1)
        return _ratio((positives * (below + negatives / 2)).sum(axis=1), pairs)

    def weighted_average_precision(self, weights: Array) -> Array:
        """Average precision under each row of ``weights`` (replicates x rows), exactly."""
        positives, negatives = self._weighted_steps(weights)
        found = np.cumsum(positives[:, ::-1], axis=1)[:, ::-1]
        rows = np.cumsum((positives + negatives)[:, ::-1], axis=1)[:, ::-1]
        precision = np.divide(found, rows, out=np.zeros_like(found), where=rows > 0)
        return _ratio((positives * precision).sum(axis=1), positives.sum(axis=1))

    def _weighted_steps(self, weights: Array) -> tuple[Array, Array]:
        ordered = weights[:, self.order].astype(float)
        positives = np.add.reduceat(ordered * self.positive, self.starts, axis=1)
        return positives, np.add.reduceat(ordered * ~self.positive, self.starts, axis=1)


def _ratio(above: Array, below: Array) -> Array:
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
