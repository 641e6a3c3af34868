"""How a window is named: whole days, months and years by their date in UTC, a shorter one by its instants."""

from datetime import datetime, timedelta

from boathouse.foundation.clock import from_epoch_ms
from boathouse.server.ui.parts.text import words
from boathouse.server.ui.parts.times import when


def window_name(start: int, end: int) -> str | None:
    """``2013-07-05``, ``2013-07``, ``2013``, ``2013-07-01 to 2013-07-07``; None of a window that is no whole days."""
    first, after = from_epoch_ms(start), from_epoch_ms(end)
    if not (_is_midnight(first) and _is_midnight(after)) or after <= first:
        return None
    last = after - timedelta(days=1)
    if first.date() == last.date():
        return f"{first:%Y-%m-%d}"
    if first.day == 1 and after.day == 1 and (after - first).days <= 31:
        return f"{first:%Y-%m}"
    if (first.month, first.day, after.month, after.day) == (1, 1, 1, 1) and after.year == first.year + 1:
        return f"{first:%Y}"
    return f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"


def window_cell(start: int, end: int) -> str | datetime:
    """For a grid: its name, else where it begins."""
    return window_name(start, end) or from_epoch_ms(start)


def told_window(start: int, end: int) -> None:
    """Words on the page."""
    name = window_name(start, end)
    if name is not None:
        words(name).props["title"] = "in UTC"
        return
    when(start)
    words(" to ")
    when(end)


def day_cell(instant: int) -> str | datetime:
    """For a grid: a day by its date, where the instant begins one."""
    found = from_epoch_ms(instant)
    return f"{found:%Y-%m-%d}" if _is_midnight(found) else found


def told_instant(instant: int) -> None:
    """As :func:`day_cell`, as words on the page."""
    found = day_cell(instant)
    if isinstance(found, str):
        words(found).props["title"] = "in UTC"
    else:
        when(found)


def _is_midnight(instant: datetime) -> bool:
    return (instant.hour, instant.minute, instant.second, instant.microsecond) == (0, 0, 0, 0)
