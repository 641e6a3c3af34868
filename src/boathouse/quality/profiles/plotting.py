"""Histograms as bars of equal width, for eyes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

BLOCKS = " ▁▂▃▄▅▆▇█"
BARS = 32


def bars(column: dict[str, Any], counts: Sequence[int], most: int = BARS) -> tuple[float, float, list[float]] | None:
    """From where to where, and the share of the rows in each bar. The outermost percents are left out where they would
    make the rest a single bar. None without numbers to draw."""
    histogram, quantiles = column["histogram"], column["quantiles"]
    if histogram is None or not quantiles or not sum(counts):
        return None
    low, high = quantiles[0], quantiles[-1]
    inner_low, inner_high = quantiles[1], quantiles[-2]
    if inner_high > inner_low and high - low > 4 * (inner_high - inner_low):
        low, high = inner_low, inner_high
    if high <= low:
        return low, high, [1.0]
    bounds = np.concatenate([[quantiles[0]], np.clip(histogram["edges"], quantiles[0], quantiles[-1]), [quantiles[-1]]])
    below = np.concatenate([[0.0], np.cumsum(np.asarray(counts, np.float64))])
    cuts = np.linspace(low, high, most + 1)
    # At a value that many rows share, the distribution jumps; what lies up to and with a cut is wanted.
    at = np.array([_up_to(cut, bounds, below) for cut in cuts])
    at[0] = _before(cuts[0], bounds, below)
    return float(low), float(high), [float(share) for share in np.diff(at) / below[-1]]


def sparkline(column: dict[str, Any], width: int = 12) -> str:
    """The histogram in one line of text."""
    found = bars(column, column["histogram"]["counts"], width) if column["histogram"] else None
    if found is None:
        return ""
    most = max(found[2]) or 1.0
    return "".join(BLOCKS[int(np.ceil(share / most * (len(BLOCKS) - 1)))] for share in found[2])


def _up_to(cut: float, bounds: np.ndarray, below: np.ndarray) -> float:
    place = int(np.searchsorted(bounds, cut, side="right"))
    return _between(place, cut, bounds, below)


def _before(cut: float, bounds: np.ndarray, below: np.ndarray) -> float:
    place = int(np.searchsorted(bounds, cut, side="left"))
    return _between(place, cut, bounds, below)


def _between(place: int, cut: float, bounds: np.ndarray, below: np.ndarray) -> float:
    if place <= 0:
        return 0.0
    if place >= len(bounds):
        return float(below[-1])
    low, high = bounds[place - 1], bounds[place]
    share = (cut - low) / (high - low) if high > low else 1.0
    return float(below[place - 1] + share * (below[place] - below[place - 1]))
