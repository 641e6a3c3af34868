"""Two columns counted over the same bins, which are made from the reference alone, or over the same categories."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from boathouse.quality.columns import numbers

BINS = 10
FEW_VALUES = 20
"""Numbers with no more different values than this are counted by value."""
CATEGORIES = 20
"""Rarer categories of the reference are counted together."""
OTHERS = "(others)"


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each bin occurs in the frame and in the reference."""

    labels: tuple[str, ...]
    counts: np.ndarray
    reference: np.ndarray


def number_counts(values: np.ndarray, reference: np.ndarray, bins: int = BINS) -> Counts:
    """Numbers in bins that hold equally many rows of the reference; the first and the last are open to their side."""
    distinct = np.unique(reference[: FEW_VALUES * 50])
    if len(distinct) <= FEW_VALUES and len(distinct := np.unique(reference)) <= FEW_VALUES:
        return _by_value(values, reference, distinct)
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, bins + 1)[1:-1]))
    shown = [f"{edge:.6g}" for edge in edges]
    labels = (
        f"< {shown[0]}",
        *(f"{low} to {high}" for low, high in pairwise(shown)),
        f">= {shown[-1]}",
    )
    return Counts(labels, _binned(values, edges), _binned(reference, edges))


def category_counts(column: pl.Series, reference: pl.Series, most: int = CATEGORIES) -> Counts:
    """The most frequent categories of the reference, and all others together."""
    before, after = _frequencies(reference), _frequencies(column)
    kept = sorted(before, key=lambda name: (-before[name], name))[:most]
    new = sum(count for name, count in after.items() if name not in set(kept))
    rest = sum(before.values()) - sum(before[name] for name in kept)
    counts = [after.get(name, 0) for name in kept]
    old = [before[name] for name in kept]
    if new or rest:
        kept, counts, old = [*kept, OTHERS], [*counts, new], [*old, rest]
    return Counts(tuple(kept), np.array(counts, np.float64), np.array(old, np.float64))


def two_of(column: pl.Series, reference: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of both."""
    return numbers(column), numbers(reference)


def _by_value(values: np.ndarray, reference: np.ndarray, distinct: np.ndarray) -> Counts:
    place = np.searchsorted(distinct, values).clip(max=len(distinct) - 1)
    known = distinct[place] == values
    counts = np.bincount(place[known], minlength=len(distinct))
    old = np.bincount(np.searchsorted(distinct, reference), minlength=len(distinct))
    labels = tuple(f"{value:.6g}" for value in distinct)
    if not known.all():
        labels, counts, old = (*labels, OTHERS), np.append(counts, (~known).sum()), np.append(old, 0)
    return Counts(labels, counts.astype(np.float64), old.astype(np.float64))


def _binned(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    below = np.searchsorted(np.sort(values), edges)  # sorting is faster than to look for the bin of each value
    return np.diff(below, prepend=0, append=len(values)).astype(np.float64)


def _frequencies(column: pl.Series) -> dict[str, int]:
    counted = column.drop_nulls().cast(pl.String).value_counts(name="_count")
    return dict(zip(counted[counted.columns[0]].to_list(), counted["_count"].to_list(), strict=True))
