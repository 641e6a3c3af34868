"""Spans of time as people write them: ``90s``, ``15m``, ``2h``, ``7d``, ``4w``."""

import re
from datetime import timedelta

from boathouse.foundation.errors import InvalidInput

_SPAN = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*(s|m|h|d|w)\s*")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LONGEST = timedelta(days=3650)


class NoSpan(InvalidInput):
    """A text that is no span of time."""


def parse_span(text: str) -> timedelta:
    """The span that a text says.

    Raises:
        NoSpan: It says none, nothing at all, or more than ten years.

    Example:
        >>> parse_span("7d").days
        7
    """
    match = _SPAN.fullmatch(text)
    if match is None:
        raise NoSpan(f"{text!r} is no span of time.", hint="Write 90s, 15m, 2h, 7d or 4w.")
    if float(match[1]) > _LONGEST.total_seconds():
        raise NoSpan(f"{text!r} is more than ten years.")
    span = timedelta(**{_UNITS[match[2]]: float(match[1])})
    if not timedelta(0) < span <= _LONGEST:
        raise NoSpan(f"{text!r} is {'no time at all' if not span else 'more than ten years'}.")
    return span
