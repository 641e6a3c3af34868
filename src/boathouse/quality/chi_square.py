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
    from scipy.special import chdtrc

    table = np.vstack([counts, reference]).astype(np.float64)
    table = table[:, table.sum(axis=0) > 0]
    total = table.sum()
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / total
    statistic = float(((table - expected) ** 2 / expected).sum())
    freedom = table.shape[1] - 1
    p_value = float(chdtrc(freedom, statistic)) if freedom else 1.0
    return ChiSquare(statistic, freedom, p_value, float(np.sqrt(statistic / total)))
