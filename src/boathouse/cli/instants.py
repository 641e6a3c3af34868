"""Instants as people type and read them."""

import re
from datetime import UTC, datetime, timedelta

import click

from boathouse.foundation.clock import epoch_ms, from_epoch_ms

_AGO = re.compile(r"(\d{1,9})(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def instant(text: str, option: str) -> int:
    """``2026-03-01T10:00`` (UTC), or ``2h``, ``3d`` ago, in milliseconds since 1970-01-01 UTC."""
    if found := _AGO.fullmatch(text):
        return epoch_ms(datetime.now(UTC) - timedelta(**{_UNITS[found[2]]: int(found[1])}))
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter("write 2026-03-01T10:00, or 2h", param_hint=option) from error
    return epoch_ms(read if read.tzinfo else read.replace(tzinfo=UTC))


def shown(milliseconds: int | None) -> str:
    """To the minute; nothing for no instant."""
    return "" if milliseconds is None else from_epoch_ms(milliseconds).strftime("%Y-%m-%d %H:%M")
