"""The point-in-time lookup, row by row: what it means, in the fewest words.

Nothing here is fast. The join is tested against it, and a certificate recomputes a sample with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from boathouse.features.feature_spec import Lookup

Row = Mapping[str, Any]
AsOf = Literal["known", "latest"]

_START = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Definition:
    """What a lookup gives one row."""

    winner: Row | None = None
    """The row of the feature table; None without a match."""
    is_expired: bool = False
    """Whether there was a value, and it is older than the look-back."""
    is_duplicate: bool = False
    """Whether another row has the key, the event time and the known time of the winner."""


def define(row: Row, lookup: Lookup, feature_rows: Sequence[Row], as_of: AsOf = "known") -> Definition:
    """Which row of a feature table is the one for a row of the spine, and why."""
    at = _never_ends if lookup.at is None else instant_of(row[lookup.at])
    if at is None:
        return Definition()
    best: tuple[tuple[int, int], Row] | None = None
    is_duplicate = False
    for candidate in feature_rows:
        clocks = _clocks(candidate, lookup)
        if not _same_key(row, candidate, lookup) or clocks is None:
            continue
        event, known = clocks
        if event > at or (known > at and as_of == "known"):
            continue
        is_duplicate = best is not None and (clocks == best[0] or (is_duplicate and clocks < best[0]))
        if best is None or clocks >= best[0]:
            best = clocks, candidate
    if best is None:
        return Definition()
    if lookup.lookback is not None and best[0][0] < at - _ticks(lookup.lookback):
        return Definition(is_expired=True)
    return Definition(best[1], is_duplicate=is_duplicate)


def values_of(lookup: Lookup, definition: Definition) -> dict[str, Any]:
    """The outputs: a default stands where there is no match, or a null."""
    winner = definition.winner or {}
    found = {output.name: winner.get(output.feature) for output in lookup.outputs}
    return {output.name: output.default if found[output.name] is None else found[output.name]
            for output in lookup.outputs}  # fmt: skip


def instant_of(value: Any) -> int | None:
    """Nanoseconds since 1970-01-01 UTC; a date is its midnight, and a time without a zone is taken for UTC."""
    if value is None or value != value:
        return None
    if not isinstance(value, datetime) and isinstance(value, date):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    moment = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    nanoseconds = getattr(moment, "nanosecond", 0)  # an instant of pandas has some
    return _ticks(moment - _START) + nanoseconds


_never_ends = 10**30
_always_was = -(10**30)


def _clocks(row: Row, lookup: Lookup) -> tuple[int, int] | None:
    """Event time and known time; None for a row that is never known."""
    known_column = lookup.known.column if lookup.event is not None or lookup.at is not None else None
    event = _always_was if lookup.event is None else instant_of(row[lookup.event])
    known = event if known_column is None else instant_of(row[known_column])
    if event is None or known is None:
        return None
    lag = _ticks(lookup.known.lag) if lookup.event is not None else 0
    return event, known + lag


def _same_key(row: Row, candidate: Row, lookup: Lookup) -> bool:
    pairs = [(row[mine], candidate[theirs]) for mine, theirs in lookup.keys]
    return all(mine is not None and mine == theirs for mine, theirs in pairs)


def _ticks(span: timedelta) -> int:
    return ((span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds) * 1_000
