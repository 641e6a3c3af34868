# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The rows of a spine, sorted by key and instant: each is a slot that values of its key fall into."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from boathouse.features.point_in_time.instants import instants_of, present_in
from boathouse.features.point_in_time.keys import Keys
from boathouse.features.point_in_time.nouns import Integers, Mask, Span
from boathouse.features.point_in_time.ordering import in_order


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
    key, order = in_order(keys.codes[row])
    row = row[order]
    floor = instants[row]
    up = instants_of(at, up=True)[row] if pa.types.is_timestamp(at.type) and at.type.unit == "ns" else floor
    return Labels(keys, row, key, _starts(key, keys.count), floor, up)


class Search:
    """Finds the first label of a key at or after an instant: the slot that a value of that instant falls into."""

    def __init__(self, labels: Labels, lag: int) -> None:
        assert labels.at is not None
        self._start, self._end = labels.start[:-1], labels.start[1:]
        self._first_step = 1 << int((self._end - self._start).max(initial=0)).bit_length() >> 1
        # A value that is known with a lag meets a label that much earlier.
        self._at = labels.at - lag
        self._last = self._at.take(self._end - 1, mode="clip") if len(labels) else self._end

    def open_keys(self, events: Integers, span: Span) -> Mask:
        """By key with labels, whether values with events of a span may be for one of them.

        Not when all are before the span, nor when the first has a later event already: then all of them have.

        Args:
            events: The latest event of each slot so far.
        """
        return (self._last >= span.first) & (events.take(self._start, mode="clip") <= span.last)

    def slots(self, key: Integers, instant: Integers) -> Integers:
        """The slots, for keys with labels; -1 where all of them are before the instant."""
        slot = self._start.take(key)
        later = np.flatnonzero(self._at.take(slot) < instant)  # Most values are for the first label, or for none.
        slot[later] = -1
        key, instant = key.take(later), instant.take(later)
        between = np.flatnonzero(instant <= self._last.take(key))
        slot[later.take(between)] = self._between(key.take(between), instant.take(between))
        return slot

    def _between(self, key: Integers, instant: Integers) -> Integers:
        """The slots of values between two labels of their keys.

        A binary search in all keys at once; its steps are as many as the key with most labels needs.
        """
        slot, end, step = self._start.take(key), self._end.take(key), self._first_step
        while step:
            ahead = slot + step
            goes_on = self._at.take(ahead - 1, mode="clip") < instant
            goes_on &= ahead <= end
            slot += goes_on * step
            step >>= 1
        return slot


def _starts(sorted_codes: Integers, count: int) -> Integers:
    return np.concatenate([[0], np.cumsum(np.bincount(sorted_codes, minlength=count))])
