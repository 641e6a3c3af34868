"""How numbers, instants and names are written on a card."""

import math
import re

from boathouse.foundation.clock import from_epoch_ms
from boathouse.models.evidence.nouns import Measurement

NONE = "–"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def number(value: float | None) -> str:
    """A value with four digits that count."""
    if value is None or math.isnan(value):
        return NONE
    if math.isinf(value) or (value == int(value) and abs(value) < 1e15):
        return f"{value:,.0f}" if not math.isinf(value) else str(value)
    return f"{value:,.4g}" if abs(value) >= 1e-4 else f"{value:.3e}"


def interval(measurement: Measurement) -> str:
    if measurement.interval is None:
        return NONE
    low, high = measurement.interval
    return f"{number(low)} to {number(high)}"


def count(rows: int) -> str:
    return f"{rows:,}"


def instant(milliseconds: int | None) -> str:
    """An instant in UTC, or a dash."""
    return NONE if not milliseconds else from_epoch_ms(milliseconds).strftime("%Y-%m-%d %H:%M UTC")


def size(count: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def words(name: str) -> str:
    """A name of code in words: ``against_champion`` becomes ``against champion``."""
    return name.replace("_", " ")


def printable(text: str) -> str:
    """The text with a mark for each character that no page can show."""
    return _CONTROL.sub("\ufffd", text)
