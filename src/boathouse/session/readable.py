# pyright: reportUnknownParameterType=false
"""Values of a result for people and for text formats: those that Python has no type for are text."""

from datetime import timedelta
from typing import Any

import pyarrow as pa

_MONTHS = 12
_UNITS = ("year", "month", "day")


def readable_values(column: "pa.ChunkedArray[Any]") -> list[Any]:
    """The values as Python has them; as text, where it has none: spans of time, days outside of the years 1 to 9999."""
    if pa.types.is_interval(column.type):
        return [None if value is None else _span(value) for value in column.to_pylist()]
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        try:
            return column.to_pylist()
        except (OverflowError, ValueError):
            return column.cast(pa.string()).to_pylist()
    return column.to_pylist()


def _span(value: Any) -> str:
    """``1 year 2 months 3 days 04:05:06``"""
    months, days, nanoseconds = value
    years, months = int(months / _MONTHS), int(abs(months) % _MONTHS * (1 if months > 0 else -1))
    parts = [
        f"{count} {unit}{'' if abs(count) == 1 else 's'}"
        for count, unit in zip((years, months, days), _UNITS, strict=True)
        if count
    ]
    if nanoseconds or not parts:
        time = timedelta(microseconds=abs(nanoseconds) // 1000)
        hours, rest = divmod(time, timedelta(hours=1))
        parts.append(f"{'-' if nanoseconds < 0 else ''}{hours:02}:{str(rest)[2:]}")
    return " ".join(parts)
