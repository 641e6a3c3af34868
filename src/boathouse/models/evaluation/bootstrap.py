"""The paired bootstrap: how far a metric, or a difference of two, would wander had other rows been drawn.

B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7 (1979); percentile intervals.

Up to ``BLOCKS`` rows (or groups), every replicate draws rows with replacement and every metric is computed exactly.
With more, rows are thrown into ``BLOCKS`` blocks at random, blocks are drawn, and rank metrics are taken to first
order.
Rows that are drawn independently of each other spread over such blocks as they would alone; the standard error so found
is itself off by some 1 / sqrt(2 * BLOCKS), one percent, which is less than what 1,000 replicates leave open.
Candidate and baseline always get the same rows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np

from boathouse.models.evaluation.statistics import Statistic

Array = np.ndarray[Any, Any]

BLOCKS = 4096
REPLICATES = 1000
CONFIDENCE = 0.95
_AT_ONCE = 100
"""Replicates whose weights of rows are in memory together."""


@dataclass(frozen=True, slots=True)
class Resampling:
    """How rows are drawn again."""

    replicates: int = REPLICATES
    seed: int = 0
    groups: Array | None = None
    """A whole number per row, from 0 on: rows of one group are drawn together."""
    confidence: float = CONFIDENCE

    def of_rows(self, positions: Array) -> "Resampling":
        """The same for some of the rows."""
        if self.groups is None:
            return self
        kept = np.unique(self.groups[positions], return_inverse=True)[1]
        return Resampling(self.replicates, self.seed, kept, self.confidence)


def replicated(statistics: list[Statistic], resampling: Resampling) -> Array:
    """Values of the statistics, of shape (replicates, statistics); each replicate draws the same rows for all.

    A replicate in which a statistic is not defined, as one without positives, holds NaN.
    """
    rows = len(statistics[0].terms)
    units = rows if resampling.groups is None else int(resampling.groups.max(initial=-1)) + 1
    if units <= BLOCKS and rows <= BLOCKS:
        return _exactly(statistics, resampling, units)
    terms = {id(each.terms): each.terms for each in statistics}  # some share theirs
    drawn = {key: drawn_sums(each, resampling) for key, each in terms.items()}
    return np.column_stack([each.of_sums(drawn[id(each.terms)]) for each in statistics])


def drawn_sums(terms: Array, resampling: Resampling) -> Array:
    """Sums of the terms over the rows of each replicate, of shape (replicates, terms)."""
    block_of, blocks = blocks_of(len(terms), resampling)
    if blocks == len(terms) and resampling.groups is None:
        of_blocks = terms
    else:
        columns = [np.bincount(block_of, weights=column, minlength=blocks) for column in terms.T]
        of_blocks = np.stack(columns).T
    return weighted_sums(drawn_weights(blocks, resampling.replicates, resampling.seed), of_blocks)


def weighted_sums(weights: Array, terms: Array) -> Array:
    """``weights @ terms`` without the threads of linear algebra, which spin for longer than such a small product takes
    and slow down all that comes after it."""
    return np.einsum("ru,tu->rt", weights, np.ascontiguousarray(terms.T))


def blocks_of(rows: int, resampling: Resampling) -> tuple[Array, int]:
    """The block of each row, and how many there are: rows or groups themselves while there are few."""
    groups = resampling.groups
    if groups is None:
        return (np.arange(rows), rows) if rows <= BLOCKS else (_thrown(rows, BLOCKS, resampling.seed), BLOCKS)
    count = int(groups.max(initial=-1)) + 1
    return (groups, count) if count <= BLOCKS else (_thrown(count, BLOCKS, resampling.seed)[groups], BLOCKS)


def interval_of(samples: Array, confidence: float = CONFIDENCE) -> tuple[float, float] | None:
    """The percentile interval of a statistic's replicates; None when more than one in a hundred is not defined, and
    so are the ends."""
    defined = samples[np.isfinite(samples)]
    if len(defined) < 0.99 * len(samples) or not len(defined):
        return None
    tail = (1 - confidence) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)


def normal_interval_of(value: float, samples: Array, confidence: float) -> tuple[float, float] | None:
    """The interval by the replicates' standard error, for ends further out than replicates reach."""
    defined = samples[np.isfinite(samples)]
    if len(defined) < 0.99 * len(samples) or len(defined) < 2:
        return None
    reach = NormalDist().inv_cdf(1 - (1 - confidence) / 2) * float(np.std(defined, ddof=1))
    return value - reach, value + reach


def _exactly(statistics: list[Statistic], resampling: Resampling, units: int) -> Array:
    weights = drawn_weights(units, resampling.replicates, resampling.seed)
    parts: list[Array] = []
    for start in range(0, len(weights), _AT_ONCE):
        some = weights[start : start + _AT_ONCE]
        of_rows = some if resampling.groups is None else some[:, resampling.groups]
        parts.append(np.column_stack([_values(each, of_rows) for each in statistics]))
    return np.vstack(parts)


def _values(statistic: Statistic, weights: Array) -> Array:
    compute: Callable[[Array], Array] | None = statistic.exact
    return compute(weights) if compute is not None else statistic.of_sums(weighted_sums(weights, statistic.terms))


@lru_cache(maxsize=2)
def drawn_weights(units: int, replicates: int, seed: int) -> Array:
    """How often each unit is drawn, in each replicate."""
    random = np.random.default_rng([seed, units])
    weights = np.empty((replicates, units))
    for replicate in range(replicates):
        weights[replicate] = np.bincount(random.integers(0, units, units), minlength=units)
    return weights


@lru_cache(maxsize=2)
def _thrown(units: int, blocks: int, seed: int) -> Array:
    """A block for each unit, at random; blocks have the same size, give or take one."""
    return np.random.default_rng([seed, units, blocks]).permutation(units) % blocks
