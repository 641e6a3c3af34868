"""Many tests at once: some of them find by chance what is not there.

Benjamini and Hochberg, Journal of the Royal Statistical Society B 57(1), 1995.
"""

from collections.abc import Sequence

import numpy as np


def adjust(p_values: Sequence[float | None]) -> list[float | None]:
    """The p-values such that of those below a level at most that share is expected to be false; None stays None.

    The i-th smallest of m becomes ``p * m / i``, and never more than a larger one.
    """
    known = [place for place, value in enumerate(p_values) if value is not None]
    adjusted: list[float | None] = [None] * len(p_values)
    if not known:
        return adjusted
    values = np.array([p_values[place] for place in known], np.float64)
    order = np.argsort(values)[::-1]
    scaled = values[order] * len(values) / np.arange(len(values), 0, -1)
    smallest = np.minimum(np.minimum.accumulate(scaled), 1.0)
    for rank, place in enumerate(order):
        adjusted[known[int(place)]] = float(smallest[rank])
    return adjusted
