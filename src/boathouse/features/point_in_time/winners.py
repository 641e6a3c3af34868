# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""From the best value per slot to the value of each label: the best of all slots of its key up to its own."""

from dataclasses import dataclass

import numpy as np

from boathouse.features.point_in_time.labels import Labels
from boathouse.features.point_in_time.nouns import Integers
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
    count = len(labels)
    filled = np.flatnonzero(slots.place >= 0)
    if len(filled) == 0:
        return np.full(count, -1, np.int64)
    score = labels.key * (count + 1)
    score[filled] += _ranks(slots.event[filled]) + 1
    best = np.maximum.accumulate(score)
    # The running maximum may come from the key before, where nothing has been found yet.
    holds = (score == best) & (slots.place >= 0)
    latest = np.maximum.accumulate(np.where(holds, np.arange(count), -1))
    latest[latest < labels.start[labels.key]] = -1
    return latest


def _ranks(numbers: Integers) -> Integers:
    """The rank of each number; equal ones have one rank."""
    order = np.argsort(numbers)
    ordered = numbers[order]
    dense = np.concatenate([[0], np.cumsum(ordered[1:] != ordered[:-1])])
    ranks = np.empty(len(numbers), np.int64)
    ranks[order] = dense
    return ranks
