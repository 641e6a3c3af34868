"""What time it is for a publication: that of the run's replay where there is one, else the machine's."""

import os
import time
from datetime import UTC, datetime, timedelta

from boathouse.foundation.errors import InvalidInput

AS_OF_VARIABLE = "BOATHOUSE_AS_OF"


def run_instant() -> int:
    """Microseconds since 1970-01-01 UTC of the instant that the run takes for now."""
    given = os.environ.get(AS_OF_VARIABLE)
    if not given:
        return time.time_ns() // 1_000
    try:
        moment = datetime.fromisoformat(given)
    except ValueError as error:
        raise InvalidInput(f"{AS_OF_VARIABLE} holds {given!r}, which is no instant.") from error
    return microseconds_of(moment)


def microseconds_of(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def milliseconds_now() -> int:
    """Of the machine's clock."""
    return time.time_ns() // 1_000_000


_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def duration_of(text: str) -> timedelta:
    """What people write for a time to live: ``90s``, ``15m``, ``36h``, ``7d``; a bare number is seconds.

    Raises:
        InvalidInput: It says no time.
    """
    number, unit = (text[:-1], text[-1].lower()) if text[-1:].lower() in _UNITS else (text, "s")
    try:
        return timedelta(seconds=float(number) * _UNITS[unit])
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"{text!r} is no duration.", hint="Write 90s, 15m, 36h or 7d.") from error
