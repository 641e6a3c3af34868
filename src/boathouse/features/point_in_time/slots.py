# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Slots, each of which keeps the best of the values that fell into it: the latest event time, then the latest known
time, then the last in the table. Values may come in any order, from several threads."""

import threading
from dataclasses import dataclass

import numpy as np

from boathouse.features.point_in_time.instants import NEVER
from boathouse.features.point_in_time.nouns import Integers


@dataclass(frozen=True, slots=True)
class Values:
    """Some rows of a table, and the slots that they fell into."""

    slot: Integers
    event: Integers | None
    """None for tables without time."""
    known: Integers | None
    """None where it goes with the event time."""
    place: Integers
    """Where the row stands in the table: rises with the table's order."""

    def at(self, rows: Integers) -> "Values":
        return Values(
            self.slot.take(rows),
            None if self.event is None else self.event.take(rows),
            None if self.known is None else self.known.take(rows),
            self.place.take(rows),
        )


class Slots:
    """The best value per slot."""

    def __init__(self, count: int, *, has_event: bool, has_known: bool) -> None:
        self.event = np.full(count, NEVER) if has_event else None
        self.known = np.full(count, NEVER) if has_known else None
        self.place = np.full(count, -1, np.int64)
        """Of the best value; -1 while there is none."""
        self.has_twin = np.zeros(count, np.bool_)
        """Whether another value had both times of the best one."""
        self._lock = threading.Lock()

    def put(self, values: Values) -> None:
        """Let values compete for their slots."""
        if self.event is not None and values.event is not None:
            # Most values of a large table have lost already; seen without the lock, a slot can only have improved.
            rows = np.flatnonzero(values.event >= self.event.take(values.slot))
            if len(rows) == 0:
                return
            values = values.at(rows) if len(rows) < len(values.slot) else values
        with self._lock:
            if self.event is not None and values.event is not None:
                improved, values = _best(self.event, values, values.event)
                if self.known is not None:
                    self.known[improved] = NEVER
                self._forget(improved)
            if self.known is not None and values.known is not None:
                improved, values = _best(self.known, values, values.known)
                self._forget(improved)
            self._keep_last(values)

    def _forget(self, improved: Integers) -> None:
        self.place[improved] = -1
        self.has_twin[improved] = False

    def _keep_last(self, values: Values) -> None:
        before = self.place.take(values.slot)
        np.maximum.at(self.place, values.slot, values.place)
        twins = (before >= 0) | (self.place.take(values.slot) != values.place)
        if twins.any():
            self.has_twin[values.slot[twins]] = True


def _best(best: Integers, values: Values, clock: Integers) -> tuple[Integers, Values]:
    """Raise a clock; gives the slots for which it has moved, and the values that are the best by it."""
    before = best.take(values.slot)
    np.maximum.at(best, values.slot, clock)
    rows = np.flatnonzero(clock == best.take(values.slot))
    improved = values.slot[clock > before]
    return improved, values.at(rows) if len(rows) < len(values.slot) else values
