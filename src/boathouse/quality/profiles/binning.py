# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
"""Which bins two summaries are compared over, many pairs at once: one pair per line of a matrix."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from boathouse.quality.counting import CATEGORIES
from boathouse.quality.profiles.stacking import Lists

TENTHS = 10
FEW_BINS = 20
"""Up to so many bins with rows in them, none are joined."""


def joined_bins(counts: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The bins that shares are compared over: those with rows in them, or tenths of the reference where there are many.

    A bin belongs to the tenth in which it begins; those beyond the last row of the reference belong to the last one.
    """
    (own,), (old,) = joined(counts[None, :], reference[None, :])
    filled = (own + old) > 0
    return own[filled], old[filled]


def joined(counts: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`joined_bins`, but bins that are empty on both sides are still there: a line has as many as it had."""
    many = np.flatnonzero(((counts + reference) > 0).sum(axis=1) > FEW_BINS)
    if not len(many):
        return counts, reference
    old = reference[many]
    begins = (np.cumsum(old, axis=1) - old) / old.sum(axis=1, keepdims=True)
    tenths = np.minimum((begins * TENTHS + 1e-9).astype(np.int64), TENTHS - 1)
    places = (tenths + TENTHS * np.arange(len(many))[:, None]).ravel()
    found: list[np.ndarray] = []
    for side in (counts, reference):
        summed = np.bincount(places, weights=side[many].ravel(), minlength=TENTHS * len(many))
        whole = side.copy()
        whole[many] = 0
        whole[many, :TENTHS] = summed.reshape(-1, TENTHS)
        found.append(whole)
    return found[0], found[1]


@dataclass(frozen=True, slots=True)
class ItemCounts:
    """The frequent values of all rows of some summaries."""

    lists: Lists
    names: np.ndarray
    """Numbers of the values, in the order of their texts."""
    counts: np.ndarray
    known: np.ndarray
    """Row and name as one number, in their order."""
    known_places: np.ndarray
    """Which place each of them is."""
    how_many: int

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> "ItemCounts":
        lists = Lists.of(column)
        encoded = lists.values.field("item").dictionary_encode()
        texts = encoded.dictionary
        rank = np.empty(len(texts), np.int64)
        rank[np.asarray(pc.sort_indices(texts))] = np.arange(len(texts))
        names = rank[np.asarray(encoded.indices)]
        counts = np.asarray(lists.values.field("count")).astype(np.float64)
        rows, _, places = lists.places(np.arange(len(lists.lengths)))
        keys = rows * max(len(texts), 1) + names[places]
        order = np.argsort(keys, kind="stable")
        return cls(lists, names, counts, keys[order], places[order], max(len(texts), 1))

    def bins(self, rows: np.ndarray, references: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of each pair of rows the most frequent values of the second, on both sides."""
        line, within, places = self.lists.places(references)
        names, counts = self.names[places], self.counts[places]
        order = np.lexsort((names, -counts, line))
        kept = within < CATEGORIES  # lines are in their order already: only what is within one has moved
        chosen, line, within = order[kept], line[kept], within[kept]
        own, old = (np.zeros((len(rows), CATEGORIES)) for _ in range(2))
        old[line, within] = counts[chosen]
        own[line, within] = self._counts_of(rows[line], names[chosen])
        return own, old

    def _counts_of(self, rows: np.ndarray, names: np.ndarray) -> np.ndarray:
        """How often these rows have these values."""
        if not len(self.known):
            return np.zeros(len(rows))
        wanted = rows * self.how_many + names
        place = np.minimum(np.searchsorted(self.known, wanted), len(self.known) - 1)
        return np.where(self.known[place] == wanted, self.counts[self.known_places[place]], 0.0)


def with_others(bins: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """One more bin, for what is in none of them."""
    return np.column_stack([bins, counts - bins.sum(axis=1)])
