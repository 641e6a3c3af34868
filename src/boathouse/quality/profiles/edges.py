"""Where the bins of a histogram end, so that histograms of one column add up and tell its quantiles.

Bins hold equally many rows of a sample. A value that many rows share (a zero, a code) has a bin of its own, between the
number before it and itself, so its rows are counted exactly; where a column has few values, all have one. Zeros always
have one.
"""

from collections.abc import Sequence

import numpy as np

BINS = 50
"""A quantile is off by at most a 50th of the rows, mostly by much less: values in a bin count as spread evenly."""
_TAILS = np.array([0.25, 0.5, 1.0, 2.0, 4.0, 16.0, 64.0])
"""Beyond the outermost quantiles, in their distances from the median: for rows that have moved far from the sample."""
FEW_VALUES = 32
"""Up to this many different values, each is counted by itself."""


def edges_of(sample: np.ndarray) -> list[float] | None:
    """Edges for finite numbers like these; None without any."""
    if not len(sample):
        return None
    distinct, counts = np.unique(sample, return_counts=True)
    if len(distinct) <= FEW_VALUES:
        return _sorted([*distinct, *_before(distinct)])
    quantiles = np.quantile(sample, np.linspace(0, 1, BINS + 1)[1:-1], method="inverted_cdf")
    frequent = distinct[counts > len(sample) / BINS]
    middle = quantiles[len(quantiles) // 2]
    above = quantiles[-1] + _TAILS * (quantiles[-1] - middle)
    below = quantiles[0] - _TAILS * (middle - quantiles[0])
    return _sorted([*below, *quantiles, *_before(frequent), *above])


def exact_bins(edges: Sequence[float] | np.ndarray) -> np.ndarray:
    """Of each bin, whether it holds one value alone (its upper edge); edges along the last axis."""
    upper = np.asarray(edges, np.float64)
    alone = np.zeros((*upper.shape[:-1], upper.shape[-1] + 1), bool)
    if upper.shape[-1] > 1:
        alone[..., 1:-1] = np.nextafter(upper[..., 1:], -np.inf) <= upper[..., :-1]
    return alone


def _before(values: np.ndarray) -> np.ndarray:
    return np.nextafter(values, -np.inf)


def _sorted(values: Sequence[float]) -> list[float]:
    # Adding zero makes -0.0 to 0.0: they are one number, and would be two edges.
    found = np.unique(np.concatenate([np.asarray(values, np.float64) + 0.0, [0.0, np.nextafter(0.0, -np.inf)]]))
    return [float(each) for each in found[np.isfinite(found)]]
