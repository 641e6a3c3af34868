"""Which rows a scan looks at and what they are grouped by: window, model, slices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from boathouse.foundation.errors import InvalidInput
from boathouse.lake.schema import identifier, literal
from boathouse.quality.profiles.slicing import Slice

WINDOW, MODEL, SLICE = "__window", "__model", "__slice"
_FIRST_DAY = -719_162 * 86_400
"""Seconds from 1 January of the year 1 to 1970: windows are counted from there, so none has a number below zero."""
_DAY_SECONDS = 86_400
_EARLIEST, _LATEST = "0001-01-02 00:00:00", "9990-01-01 00:00:00"
"""Instants outside are no times of rows."""

_INSTANTS = {
    "timestamp": "CAST({} AS TIMESTAMP)",
    "timestamp_ntz": "{}",
    "date": "CAST({} AS TIMESTAMP)",
    "long": "CAST(to_timestamp({}) AS TIMESTAMP)",
    "integer": "CAST(to_timestamp({}) AS TIMESTAMP)",
    "double": "CAST(to_timestamp({}) AS TIMESTAMP)",
    "string": "CAST(TRY_CAST({} AS TIMESTAMP WITH TIME ZONE) AS TIMESTAMP)",
}
"""A column as an instant in UTC; numbers are seconds since 1970."""
_COMPARED = {
    "timestamp": "TIMESTAMP WITH TIME ZONE '{}+00'",
    "timestamp_ntz": "TIMESTAMP '{}'",
}
"""Types whose own values can be compared, so that files and row groups are left out."""


@dataclass(frozen=True, slots=True)
class RowsAsked:
    """The rows, and their groups."""

    time: str | None = None
    time_type: Any = None
    seconds: int = _DAY_SECONDS
    """The length of a window."""
    model: str | None = None
    slices: tuple[Slice, ...] = ()
    between: tuple[datetime, datetime] | None = None

    @property
    def keys(self) -> dict[str, str]:
        """What rows are grouped by beside slices, by name."""
        found: dict[str, str] = {}
        if self.time is not None:
            found[WINDOW] = f"(epoch_us({self._instant}) - {_FIRST_DAY * 1_000_000}) // {self.seconds * 1_000_000}"
        if self.model is not None:
            found[MODEL] = f"CAST({identifier(self.model)} AS VARCHAR)"
        return found

    @property
    def slice_keys(self) -> dict[str, str]:
        return {f"{SLICE}{place}": f"CAST({each.sql} AS VARCHAR)" for place, each in enumerate(self.slices)}

    @property
    def groups(self) -> str:
        """The GROUP BY: one set per slice; without keys all rows are one group, even if there is none."""
        if not self.slices:
            return f" GROUP BY {', '.join(self.keys)}" if self.keys else ""
        sets = ", ".join(f"({', '.join([*self.keys, each])})" for each in self.slice_keys)
        return f" GROUP BY GROUPING SETS ({sets})"

    @property
    def where(self) -> str:
        """The condition on the rows, with WHERE."""
        if self.time is None:
            return ""
        return " WHERE " + " AND ".join(self._conditions())

    def _conditions(self) -> list[str]:
        name = identifier(self.time or "")
        plain = _COMPARED.get(self.time_type)
        if self.between is None:
            first, second = _EARLIEST, _LATEST
        else:
            first, second = (_spelled(each) for each in self.between)
        if self.time_type == "date":  # as dates for the log of the table, which compares nothing else with them
            days = [f"{name} >= DATE '{first[:10]}'", f"{name} <= DATE '{second[:10]}'"]
            return [*days, f"{name} >= TIMESTAMP '{first}'", f"{name} < TIMESTAMP '{second}'"]
        if plain is not None:
            return [f"{name} >= {plain.format(first)}", f"{name} < {plain.format(second)}"]
        return [f"{self._instant} >= TIMESTAMP '{first}'", f"{self._instant} < TIMESTAMP '{second}'"]

    @property
    def _instant(self) -> str:
        return _INSTANTS[self.time_type].format(identifier(self.time or ""))


def require_time(column: str, delta_type: Any) -> None:
    """Whether a column can tell the rows' time.

    Raises:
        InvalidInput: It is of another type.
    """
    if not isinstance(delta_type, str) or delta_type not in _INSTANTS:
        raise InvalidInput(
            f"The column {column} cannot tell the time of rows.",
            hint="It must be a timestamp, a date, seconds since 1970, or text that is a timestamp.",
        )


def window_start(number: int, seconds: int) -> datetime:
    """When the window of that number begins."""
    return datetime.fromtimestamp(number * seconds + _FIRST_DAY, UTC)


def inner_sql(asked: RowsAsked, columns: dict[str, str]) -> str:
    """The rows with their keys and what is computed of each."""
    shown = {**asked.keys, **asked.slice_keys, **columns}
    listed = ", ".join(f"{sql} AS {name}" for name, sql in shown.items()) or "1 AS __one"
    return f"SELECT {listed} FROM scanned{asked.where}"


def kept_values(values: Sequence[str], sql: str) -> str:
    """A slice's expression that is null for all but these values."""
    listed = ", ".join(literal(each) for each in values)
    return f"CASE WHEN CAST({sql} AS VARCHAR) IN ({listed}) THEN CAST({sql} AS VARCHAR) END"


def _spelled(instant: datetime) -> str:
    known = instant.astimezone(UTC) if instant.tzinfo else instant
    return known.strftime("%Y-%m-%d %H:%M:%S.%f").rjust(26, "0")
