"""The two clocks of a feature value: when it was so, and since when it could be known."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from boathouse.foundation.errors import InvalidInput

FARTHEST = 1 << 62
"""Instants further away, 146,000 years from 1970, count as this far: differences, in microseconds, stay in 64 bits."""


def require_timedelta(what: str, given: Any) -> None:
    """Refuse a number where a length of time is meant: of which unit?

    Raises:
        InvalidInput: It is neither a timedelta nor None.
    """
    if given is not None and not isinstance(given, timedelta):
        raise InvalidInput(
            f"The {what} is {given!r}, which is no timedelta.", hint="Give a datetime.timedelta: timedelta(hours=6)."
        )


@dataclass(frozen=True, slots=True)
class KnownTime:
    """Since when a feature value is known: a column of the table, or its event time plus a lag.

    A lookup at ``t`` takes the values with ``max(event, known) <= t``, and of those the one with the latest event time.
    """

    column: str | None = None
    lag: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        require_timedelta("availability lag", self.lag)
        if self.column is not None and self.lag:
            raise InvalidInput("The known time is a column or a lag, not both.")
        if self.lag < timedelta(0):
            raise InvalidInput(
                f"An availability lag of {self.lag} would make values known before they were so.",
                hint="Give zero, or how long after its event time a value arrives.",
            )


AT_ONCE = KnownTime()
"""Known the moment it is so."""


def microseconds(span: timedelta) -> int:
    """The span, as far as instants go."""
    return min(span // timedelta(microseconds=1), FARTHEST)
