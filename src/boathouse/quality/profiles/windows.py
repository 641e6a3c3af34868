"""Windows of time: [start, end) in UTC, of lengths as Databricks names them.

Weeks begin on Mondays; windows of several weeks are counted from Monday 5 January 1970. A longer window is made of
whole shorter ones (those of weeks, months and years of days), so a table is scanned for the shortest and the rest is
added up.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import gcd

from boathouse.foundation.errors import InvalidInput

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
_UNITS = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_DAY = _UNITS["day"]
_SPELLED = re.compile(r"(\d+)\s+(minute|hour|day|week|month|year)s?")
_KNOWN = "5 minutes, 30 minutes, 1 hour, 1 day, n weeks, 1 month, 1 year"
_FIXED = {("minute", 5), ("minute", 30), ("hour", 1), ("day", 1), ("month", 1), ("year", 1)}


@dataclass(frozen=True, slots=True)
class Granularity:
    """One length of windows."""

    text: str
    """As it was asked for."""
    unit: str
    amount: int

    @property
    def seconds(self) -> int | None:
        """None for months and years, which differ."""
        return _UNITS[self.unit] * self.amount if self.unit in _UNITS else None

    def start_of(self, instant: datetime) -> datetime:
        """Where the window begins that holds an instant."""
        instant = instant.astimezone(UTC)
        if self.unit == "month":
            return datetime(instant.year, instant.month, 1, tzinfo=UTC)
        if self.unit == "year":
            return datetime(instant.year, 1, 1, tzinfo=UTC)
        origin = _MONDAY if self.unit == "week" else EPOCH
        width = timedelta(seconds=_UNITS[self.unit] * self.amount)
        return origin + (instant - origin) // width * width

    def end_of(self, start: datetime) -> datetime:
        """Where the window ends that begins at ``start``; at the end of all time where it would be later."""
        try:
            return self._end_of(start)
        except (OverflowError, ValueError):
            return datetime.max.replace(tzinfo=UTC)

    def _end_of(self, start: datetime) -> datetime:
        if self.unit == "month":
            return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
        if self.unit == "year":
            return start.replace(year=start.year + 1)
        return start + timedelta(seconds=_UNITS[self.unit] * self.amount)


def granularity(text: str) -> Granularity:
    """Read one.

    Raises:
        InvalidInput: It is none of those that there are.
    """
    found = _SPELLED.fullmatch(text.strip().lower())
    if found is None:
        raise InvalidInput(f"{text!r} is no granularity.", hint=f"There are {_KNOWN}.")
    amount, unit = int(found[1]), found[2]
    if (unit, amount) not in _FIXED and (unit != "week" or amount < 1):
        raise InvalidInput(f"{text!r} is no granularity.", hint=f"There are {_KNOWN}.")
    return Granularity(text, unit, amount)


def base_seconds(asked: Sequence[Granularity]) -> int:
    """The longest stretch that every asked window is made of whole ones of."""
    widths = [_DAY if each.unit in ("week", "month", "year") else each.seconds or _DAY for each in asked]
    return gcd(*widths)
