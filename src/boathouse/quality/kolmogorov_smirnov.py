"""The two-sample Kolmogorov-Smirnov test: the largest distance between two empirical distribution functions.

Smirnov, Annals of Mathematical Statistics 19, 1948. The p-value is that of the limiting distribution with Stephens'
correction for finite samples (Journal of the Royal Statistical Society B 32, 1970).
"""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class KolmogorovSmirnov:
    statistic: float
    p_value: float


def kolmogorov_smirnov(values: np.ndarray, reference: np.ndarray) -> KolmogorovSmirnov:
    """Of two samples of numbers, neither of them empty."""
    left, right = np.sort(values), np.sort(reference)
    statistic = max(_highest_above(left, right), _highest_above(right, left))
    return KolmogorovSmirnov(statistic, _p_value(statistic, len(left), len(right)))


def binned_kolmogorov_smirnov(counts: np.ndarray, reference: np.ndarray) -> KolmogorovSmirnov:
    """Of two histograms over the same bins in their order, neither of them empty: the largest distance at the end of a
    bin. It is at most that of the rows themselves, and smaller by no more than the largest share of one bin."""
    rows, others = float(counts.sum()), float(reference.sum())
    statistic = float(np.abs(np.cumsum(counts) / rows - np.cumsum(reference) / others).max())
    return KolmogorovSmirnov(statistic, _p_value(statistic, rows, others))


def _highest_above(upper: np.ndarray, lower: np.ndarray) -> float:
    """How far the first of two distribution functions rises above the second: most at one of its own steps."""
    own = np.arange(1, len(upper) + 1) / len(upper)
    return float((own - np.searchsorted(lower, upper, side="right") / len(lower)).max())


def _p_value(statistic: float, rows: float, others: float) -> float:
    root = math.sqrt(rows * others / (rows + others))
    return limiting_p_value((root + 0.12 + 0.11 / root) * statistic)


def limiting_p_value(scaled: float) -> float:
    """``2 * sum((-1)^(k-1) * exp(-2 k^2 x^2))``: Kolmogorov's distribution, from its upper side."""
    if scaled < 0.2:  # the sum converges slowly there, and is one to twelve digits
        return 1.0
    total = 2 * sum((-1) ** (term - 1) * math.exp(-2 * term * term * scaled * scaled) for term in range(1, 101))
    return min(max(total, 0.0), 1.0)
