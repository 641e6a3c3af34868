"""Pearson's chi-square test that two samples come from one distribution over categories, and Cramér's V.

Pearson, Philosophical Magazine 50, 1900; Cramér, Mathematical Methods of Statistics, 1946.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class ChiSquare:
    statistic: float
    degrees_of_freedom: int
    p_value: float
    cramers_v: float
    """The statistic without the number of rows in it: 0 for the same, 1 for what has no category in common."""


def chi_square(counts: np.ndarray, reference: np.ndarray) -> ChiSquare:
    """Of the counts of two samples over the same categories, neither of them empty."""
    statistic, freedom, p_value = chi_squares(counts, reference)
    total = counts.sum() + reference.sum()
    return ChiSquare(float(statistic), int(freedom), float(p_value), float(np.sqrt(statistic / total)))


def chi_squares(counts: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Statistics, degrees of freedom and p-values of many pairs, the categories along the last axis."""
    from scipy.special import chdtrc

    both = counts + reference
    there = both > 0
    total = both.sum(axis=-1, keepdims=True)
    statistic = np.zeros(both.shape[:-1])
    for side in (counts, reference):
        expected = side.sum(axis=-1, keepdims=True) * both / total
        apart = np.divide((side - expected) ** 2, expected, out=np.zeros(both.shape), where=there)
        statistic = statistic + apart.sum(axis=-1)
    freedom = there.sum(axis=-1) - 1
    return statistic, freedom, np.where(freedom > 0, chdtrc(np.maximum(freedom, 1), statistic), 1.0)
