"""The two-sample Kolmogorov-Smirnov test: the largest distance between two empirical distribution functions.

Smirnov, Annals of Mathematical Statistics 19, 1948. The p-value is that of the limiting distribution with Stephens'
correction for finite samples (Journal of the Royal Statistical Society B 32, 1970).
"""

from dataclasses import dataclass

import numpy as np

_SLOW, _TERMS = 0.2, 30


@dataclass(frozen=True, slots=True)
class KolmogorovSmirnov:
    statistic: float
    p_value: float


def kolmogorov_smirnov(values: np.ndarray, reference: np.ndarray) -> KolmogorovSmirnov:
    """Of two samples of numbers, neither of them empty."""
    left, right = np.sort(values), np.sort(reference)
    statistic = max(_highest_above(left, right), _highest_above(right, left))
    rows, others = (np.asarray(len(each), np.float64) for each in (left, right))
    return KolmogorovSmirnov(statistic, float(_p_values(np.asarray(statistic), rows, others)))


def binned_kolmogorov_smirnov(counts: np.ndarray, reference: np.ndarray) -> KolmogorovSmirnov:
    """Of two histograms over the same bins in their order, neither of them empty: the largest distance at the end of a
    bin. It is at most that of the rows themselves, and smaller by no more than the largest share of one bin."""
    statistic, p_value = binned_kolmogorov_smirnovs(counts, reference)
    return KolmogorovSmirnov(float(statistic), float(p_value))


def binned_kolmogorov_smirnovs(counts: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Statistics and p-values of many pairs of histograms, the bins along the last axis."""
    rows, others = counts.sum(axis=-1), reference.sum(axis=-1)
    below, before = (np.cumsum(each, axis=-1) for each in (counts, reference))
    statistic = np.abs(below / rows[..., None] - before / others[..., None]).max(axis=-1)
    return statistic, _p_values(statistic, rows, others)


def _highest_above(upper: np.ndarray, lower: np.ndarray) -> float:
    """How far the first of two distribution functions rises above the second: most at one of its own steps."""
    own = np.arange(1, len(upper) + 1) / len(upper)
    return float((own - np.searchsorted(lower, upper, side="right") / len(lower)).max())


def _p_values(statistic: np.ndarray, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    root = np.sqrt(rows * others / (rows + others))
    return limiting_p_values((root + 0.12 + 0.11 / root) * statistic)


def limiting_p_values(scaled: np.ndarray) -> np.ndarray:
    """``2 * sum((-1)^(k-1) * exp(-2 k^2 x^2))``: Kolmogorov's distribution, from its upper side."""
    # Below 0.2 the sum converges slowly, and is one to twelve digits; from there on the terms left out are below 1e-31.
    square = np.maximum(scaled, _SLOW) ** 2
    total = np.zeros(square.shape)
    for term in range(1, _TERMS + 1):
        total = total + (2 if term % 2 else -2) * np.exp(-2 * term * term * square)
    return np.where(scaled < _SLOW, 1.0, np.clip(total, 0.0, 1.0))
