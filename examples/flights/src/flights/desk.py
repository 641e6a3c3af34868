"""The duty desk in a replayed year: at which hours it asks, and what it does with the answers."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import numpy as np

from flights.clocks import NEW_YORK

ASKED_AHEAD = timedelta(hours=3)
"""Each time it asks about the flights whose questions come up within so long; so old the online store may be."""
FIRST_HOUR, LAST_HOUR = 5, 16
"""It asks between these hours, on New York's clock; before and after hardly anything leaves."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What a flight is worth to us, by what was done and what became of it."""

    true_positive: float
    false_positive: float
    false_negative: float
    true_negative: float

    @classmethod
    def of(cls, matrix: Mapping[str, float]) -> "Costs":
        """From the cost matrix of ``boathouse.yml``; what it does not name is worth nothing."""
        return cls(*(float(matrix.get(name, 0)) for name in cls.__slots__))

    @property
    def threshold(self) -> float:
        """From this probability on it pays to re-book.

        Example:
            >>> Costs(true_positive=180, false_positive=-60, false_negative=-240, true_negative=0).threshold
            0.125
        """
        late, punctual = self.true_positive - self.false_negative, self.true_negative - self.false_positive
        return punctual / (late + punctual)

    def value(self, late: np.ndarray, probability: np.ndarray) -> float:
        """What flights have brought, when those from the threshold on were re-booked."""
        acted = probability >= self.threshold
        when_acted = np.where(late, self.true_positive, self.false_positive)
        return float(np.where(acted, when_acted, np.where(late, self.false_negative, self.true_negative)).sum())


def hours_to_ask(since: datetime, until: datetime, count: int) -> list[datetime]:
    """``count`` hours, spread evenly over the days of a stretch, each at a random hour; the same ones each time."""
    chance = random.Random(since.isoformat())
    first, days = since.astimezone(NEW_YORK).date(), (until - since) / timedelta(days=1)
    found: set[datetime] = set()
    for number in range(count):
        day = first + timedelta(days=int(days * (number + 0.5) / count))
        hour = datetime.combine(day, time(chance.randint(FIRST_HOUR, LAST_HOUR)), NEW_YORK).astimezone(UTC)
        if since <= hour <= until - ASKED_AHEAD:
            found.add(hour)
    return sorted(found)
