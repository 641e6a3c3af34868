"""Where each of many whole numbers stands in a list of distinct ones, a batch at a time."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

import numpy as np

from boathouse.features.point_in_time.nouns import Integers, Mask

_MIX = np.uint64(0x9E3779B97F4A7C15)
_ROOM = 4
"""Places per number: with three of four free, hardly any look-up needs a second try."""
SPREAD = 8
"""Places per number that a plain table by value may have."""
DENSE_FROM = 1 << 22
"""Places that a plain table by value may have, however few numbers there are."""


class NumberIndex(Protocol):
    def find(self, numbers: Integers) -> Integers:
        """The position of each number in the list; -1 for one that is not in it."""
        ...

    def among(self, is_open: Mask) -> "FindOpen":
        """Finds only those of the list that are open."""
        ...


FindOpen = Callable[[Integers], tuple[Integers, Integers]]
"""Of many numbers those that are open: where they stand, and their positions in the list."""


def number_index(distinct: Integers) -> NumberIndex:
    """An index of distinct numbers: a table by value where they lie close together, else a hash table."""
    if len(distinct) == 0:
        return _Nothing()
    least, greatest = int(distinct.min()), int(distinct.max())
    if greatest - least < max(DENSE_FROM, SPREAD * len(distinct)):
        return _ByValue(distinct, least, greatest)
    return _ByHash(distinct)


def find_open(index: NumberIndex, is_open: Mask, numbers: Integers) -> tuple[Integers, Integers]:
    """The plain way."""
    found = index.find(numbers)
    rows = np.flatnonzero(is_open.take(found, mode="wrap"))
    return rows, found.take(rows)


class _Nothing:
    def find(self, numbers: Integers) -> Integers:
        return np.full(len(numbers), -1, np.int64)

    def among(self, is_open: Mask) -> FindOpen:
        return partial(find_open, self, is_open)


class _ByValue:
    def __init__(self, distinct: Integers, least: int, greatest: int) -> None:
        # Smaller numbers are led to the first place, and greater ones to the last: there is nothing at either.
        self._before = np.uint64((least - 1) % 2**64)
        self._positions = np.full(greatest - least + 3, -1, np.int32)
        self._place_of = self._places(distinct)
        self._positions[self._place_of] = np.arange(len(distinct))

    def find(self, numbers: Integers) -> Integers:
        return self._positions.take(self._places(numbers), mode="clip").astype(np.int64)

    def among(self, is_open: Mask) -> FindOpen:
        # A byte per place fits into a core's cache, and most numbers are not open.
        is_open_at = np.zeros(len(self._positions), np.bool_)
        is_open_at[self._place_of.take(np.flatnonzero(is_open))] = True

        def find(numbers: Integers) -> tuple[Integers, Integers]:
            places = self._places(numbers)
            rows = np.flatnonzero(is_open_at.take(places, mode="clip"))
            return rows, self._positions.take(places.take(rows)).astype(np.int64)

        return find

    def _places(self, numbers: Integers) -> Integers:
        """Differences that are too great turn into others, but never into those of numbers that are there."""
        return (numbers.astype(np.int64, copy=False).view(np.uint64) - self._before).view(np.int64)


class _ByHash:
    """Open addressing: a number stands in the first free place from that of its hash on."""

    def __init__(self, distinct: Integers) -> None:
        self._numbers = distinct.astype(np.int64)
        bits = max(4, int(_ROOM * len(distinct) - 1).bit_length())
        self._shift, self._last = np.uint64(64 - bits), (1 << bits) - 1
        self._places = np.full(1 << bits, -1, np.int64)
        waiting, place = np.arange(len(distinct)), self._first_place(self._numbers)
        while len(waiting):
            free = self._places.take(place) < 0
            self._places[place[free]] = waiting[free]  # of several for one place, the last gets it
            out = self._places.take(place) != waiting
            waiting, place = waiting[out], (place[out] + 1) & self._last

    def find(self, numbers: Integers) -> Integers:
        wide = numbers.astype(np.int64, copy=False)
        place = self._first_place(wide)
        found = self._places.take(place)
        open_ = np.flatnonzero((self._numbers.take(found, mode="wrap") != wide) & (found >= 0))
        place = place[open_]
        while len(open_):
            place = (place + 1) & self._last
            here = self._places.take(place)
            found[open_] = here
            still = (self._numbers.take(here, mode="wrap") != wide[open_]) & (here >= 0)
            open_, place = open_[still], place[still]
        return found

    def among(self, is_open: Mask) -> FindOpen:
        return partial(find_open, self, is_open)

    def _first_place(self, numbers: Integers) -> Integers:
        return ((numbers.view(np.uint64) * _MIX) >> self._shift).astype(np.int64)
