# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""From the best value per slot to the value of each label: the best of all slots of its key up to its own."""

from dataclasses import dataclass

import numpy as np

from boathouse.features.point_in_time.labels import Labels
from boathouse.features.point_in_time.nouns import Integers, Mask
from boathouse.features.point_in_time.ordering import first_of_equal, in_order
from boathouse.features.point_in_time.slots import Slots


@dataclass(frozen=True, slots=True)
class Winners:
    """Which row of a table each row of the spine gets."""

    place: Integers
    """For each row of the spine where its row stands in the table; -1 without a match."""
    expired: int
    duplicates: int

    @property
    def matched(self) -> int:
        return int(np.count_nonzero(self.place >= 0))


def winners_of(labels: Labels, slots: Slots, rows: int, lookback: int | None) -> Winners:
    """The winners for a spine of so many rows."""
    slot = _latest_known(labels, slots) if labels.at is not None and slots.event is not None else labels.key
    found = slots.place.take(slot, mode="wrap") if len(slots.place) else slot
    has = (slot >= 0) & (found >= 0)
    expired = 0
    if lookback is not None and slots.event is not None and labels.at_most is not None:
        old = has & (slots.event.take(slot, mode="wrap") < labels.at_most - lookback)
        expired = int(np.count_nonzero(old))
        has &= ~old
    place = np.full(rows, -1, np.int64)
    place[labels.row[has]] = found[has]
    return Winners(place, expired, int(np.count_nonzero(slots.has_twin.take(slot[has]))))


def _latest_known(labels: Labels, slots: Slots) -> Integers:
    """For each label the slot with the latest event time among those of its key up to its own; -1 for none.

    Of equal event times that of the later slot is the better one: it has become known later, otherwise it would stand
    in the earlier slot.
    """
    assert slots.event is not None
    filled = np.flatnonzero(slots.place >= 0)
    filled = filled[_is_latest_so_far(labels.key.take(filled), slots.event.take(filled))]
    latest = np.full(len(labels), -1, np.int64)
    latest[filled] = filled
    latest = np.maximum.accumulate(latest)
    # The running maximum may come from the key before, where nothing has been found yet.
    latest[latest < labels.start.take(labels.key)] = -1
    return latest


def _is_latest_so_far(key: Integers, event: Integers) -> Mask:
    """Which events are not before another one of their key that stands before them; the keys are sorted."""
    falls = (event[1:] < event[:-1]) & (key[1:] == key[:-1])
    is_latest = np.ones(len(key), np.bool_)
    if falls.any():  # With one clock none do, and with two those of a few keys.
        rows = np.flatnonzero(np.isin(key, key[1:][falls], kind="table"))
        score = key.take(rows) * len(rows) + _ranks(event.take(rows))
        is_latest[rows] = score == np.maximum.accumulate(score)
    return is_latest


def _ranks(numbers: Integers) -> Integers:
    """The rank of each number; equal ones have one rank."""
    ordered, order = in_order(numbers)
    ranks = np.empty(len(numbers), np.int64)
    ranks[order] = np.cumsum(first_of_equal(ordered)) - 1
    return ranks
