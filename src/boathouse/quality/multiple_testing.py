"""Many tests at once: some of them find by chance what is not there.

Benjamini and Hochberg, Journal of the Royal Statistical Society B 57(1), 1995.
"""

from collections.abc import Sequence

import numpy as np


def adjust(p_values: Sequence[float | None]) -> list[float | None]:
    """The p-values such that of those below a level at most that share is expected to be false; None stays None.

    The i-th smallest of m becomes ``p * m / i``, and never more than a larger one.
    """
    values = np.array([np.nan if each is None else each for each in p_values], np.float64)
    adjusted = adjusted_together(values, np.zeros(len(values), np.int64))
    return [None if given is None else float(found) for given, found in zip(p_values, adjusted, strict=True)]


def adjusted_together(p_values: np.ndarray, families: np.ndarray) -> np.ndarray:
    """Many families of tests at once, each adjusted by itself; NaN stays NaN, and counts for none."""
    adjusted = np.full(len(p_values), np.nan)
    known = np.flatnonzero(~np.isnan(p_values))
    if not len(known):
        return adjusted
    order = known[np.lexsort((p_values[known], families[known]))]
    line, rank, size = _within(families[order])
    scaled = np.full((line[-1] + 1, size.max()), np.inf)
    scaled[line, rank] = p_values[order] * size / (rank + 1)
    smallest = np.minimum.accumulate(scaled[:, ::-1], axis=1)[:, ::-1]
    adjusted[order] = np.minimum(smallest[line, rank], 1.0)
    return adjusted


def _within(ordered: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each place: the how manieth family it is of, which place within it, and how many that family has."""
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    sizes = np.diff(np.append(starts, len(ordered)))
    line = np.repeat(np.arange(len(starts)), sizes)
    return line, np.arange(len(ordered)) - starts[line], sizes[line]
