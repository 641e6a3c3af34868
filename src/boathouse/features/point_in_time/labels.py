# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The rows of a spine, sorted by key and instant: each is a slot that values of its key fall into."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from boathouse.features.clocks import FARTHEST
from boathouse.features.point_in_time.instants import instants_of, present_in
from boathouse.features.point_in_time.keys import Keys
from boathouse.features.point_in_time.nouns import Integers

_POSITION_BITS = 31


@dataclass(frozen=True, slots=True)
class Labels:
    """Rows of a spine that a value can match, sorted by key and instant; in any order where there are no instants."""

    keys: Keys
    row: Integers
    """Where each stands in the spine."""
    key: Integers
    """The number of its key."""
    start: Integers
    """By key, the first of its labels; one more at the end. Empty without instants."""
    at: Integers | None
    """The instant of each, rounded down; None for the end of time."""
    at_most: Integers | None
    """The instant of each, rounded up."""

    def __len__(self) -> int:
        return len(self.row)


def labels_of(keys: Keys, at: pa.ChunkedArray | None) -> Labels:
    """Rows whose key or instant is null are left out."""
    wanted = keys.codes >= 0
    if at is None:
        row = np.flatnonzero(wanted)
        return Labels(keys, row, keys.codes[row], np.zeros(0, np.int64), None, None)
    if (present := present_in(at)) is not None:
        wanted &= present
    row = np.flatnonzero(wanted)
    instants = instants_of(at)
    row = row[np.argsort(instants[row])]
    row = row[_order(keys.codes[row])]
    key, floor = keys.codes[row], instants[row]
    up = instants_of(at, up=True)[row] if pa.types.is_timestamp(at.type) and at.type.unit == "ns" else floor
    return Labels(keys, row, key, _starts(key, keys.count), floor, up)


class Search:
    """Finds the first label of a key at or after an instant: the slot that a value of that instant falls into.

    A binary search in all keys at once; its steps are as many as the key with most labels needs.
    """

    def __init__(self, labels: Labels, lag: int) -> None:
        assert labels.at is not None
        counts = np.diff(labels.start)
        most = int(counts.max()) if len(counts) else 0
        self._first_step = 1 << (most.bit_length() - 1) if most else 0
        self._start, self._end = labels.start[:-1], labels.start[1:]
        # A value that is known with a lag meets a label that much earlier.
        self._at = np.concatenate([labels.at - lag, np.full(2 * self._first_step, 2 * FARTHEST - 1)])

    def slots(self, key: Integers, instant: Integers) -> Integers:
        """The slots; -1 where all labels of the key are before the instant."""
        slot, end, step = self._start.take(key), self._end.take(key), self._first_step
        while step:
            ahead = slot + step
            goes_on = self._at.take(ahead - 1) < instant
            goes_on &= ahead <= end
            slot += goes_on * step
            step >>= 1
        slot[slot >= end] = -1
        return slot


def _order(codes: Integers) -> Integers:
    """The stable order by code. Sorting numbers that carry their position takes a fifth of a stable argsort."""
    packed = np.sort((codes << _POSITION_BITS) | np.arange(len(codes)))
    return packed & ((1 << _POSITION_BITS) - 1)


def _starts(sorted_codes: Integers, count: int) -> Integers:
    return np.concatenate([[0], np.cumsum(np.bincount(sorted_codes, minlength=count))])
