# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
"""What a model takes, read by key: the lookups of a feature spec, compiled over online tables.

All that needs the registry is asked for when a reading is compiled. After that it holds plans alone, which follow each
publication by themselves; a server keeps one reading per model and calls it from any thread.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from boathouse.features.clocks import microseconds
from boathouse.features.feature_spec import FeatureSpec, Lookup, Output
from boathouse.features.online.contract import OnlineTable, Plan
from boathouse.features.online.rows.decoding import Moment, microseconds_now
from boathouse.features.online.rows.encoding import whole
from boathouse.features.online.rows.layout import EVENT, FOUND
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import TableName

_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)

OpenTable = Callable[[TableName], OnlineTable]
"""The online table of a feature table.

Raises:
    NotFound: It is not published.
"""


@dataclass(frozen=True, slots=True)
class ReadRow:
    """The features of one row."""

    values: dict[str, Any]
    """By their names in the spec; what was given with the keys stands as it was given."""
    event: dict[str, int | None]
    """When each value was so, in microseconds since 1970-01-01 UTC; None where the table has no clock, or no value."""
    missing: tuple[str, ...]
    """Features without a value of their own: they are null, or have their default."""


@dataclass(frozen=True, slots=True)
class ReadColumns:
    """The features of many rows, by name."""

    values: dict[str, pa.Array]
    event: dict[str, pa.Array]
    missing: dict[str, int]
    """In how many rows a feature has no value of its own."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Lookups of one table by one key: one read."""

    plan: Plan
    columns: tuple[str, ...]
    """Columns of the row that is given, in the order of the online table's keys."""
    keys: tuple[str, ...]
    outputs: tuple[Output, ...]
    """In the order of the plan's features; a feature may have several names."""
    lookback: int | None
    """Microseconds."""
    at: str | None
    """The column that may say from when the look-back counts."""


class Reading:
    """The lookups of a spec. Safe to share between threads."""

    def __init__(self, parts: Sequence[_Part], now: Moment) -> None:
        self._parts = tuple(parts)
        self._now = now
        self.keys: tuple[str, ...] = tuple(dict.fromkeys(column for part in parts for column in part.columns))
        """What a row must have."""
        self.features: tuple[str, ...] = tuple(output.name for part in parts for output in part.outputs)
        """What a row gets."""

    def row(self, given: Mapping[str, Any]) -> ReadRow:
        """The features of one row: its keys, and features that shall not be looked up.

        Raises:
            InvalidInput: A key is not given, or of a wrong type.
            NotFound: An online table or a feature is gone.
            Unavailable: A store does not answer.
        """
        return self.rows((given,))[0]

    def rows(self, given: Sequence[Mapping[str, Any]]) -> list[ReadRow]:
        """The features of several rows, each table asked once."""
        read: list[ReadRow] = []
        found = [part.plan.rows(_keys(part, given)) for part in self._parts]
        now = self._now()
        for at, row in enumerate(given):
            values: dict[str, Any] = {}
            events: dict[str, int | None] = {}
            missing: list[str] = []
            for part, rows in zip(self._parts, found, strict=True):
                _fill(part, rows[at], now, row, values, events, missing)
            read.append(ReadRow(values, events, tuple(missing)))
        return read

    def columns(self, given: pa.Table) -> ReadColumns:
        """The features of many rows, as columns."""
        values: dict[str, pa.Array] = {}
        events: dict[str, pa.Array] = {}
        missing: dict[str, int] = {}
        for part in self._parts:
            _require(part, given.column_names)
            keys = pa.table({key: given.column(column) for key, column in zip(part.keys, part.columns, strict=True)})
            read = part.plan.columns(keys)
            event = read.column(EVENT)
            found = read.column(FOUND)
            if part.lookback is not None:
                since = pc.subtract(_instants(part, given, self._now()), part.lookback)
                found = pc.and_(found, pc.greater_equal(event, since).fill_null(True))
            found = np.asarray(found)
            for output in part.outputs:
                if output.name in given.column_names:
                    values[output.name] = whole(given.column(output.name))
                    continue
                column = whole(read.column(output.feature))
                if not found.all():
                    column = pc.if_else(pa.array(found), column, pa.scalar(None, column.type))
                missing[output.name] = column.null_count
                events[output.name] = pc.if_else(column.is_valid(), whole(event), pa.scalar(None, pa.int64()))
                values[output.name] = column if output.default is None else column.fill_null(
                    pa.scalar(output.default, column.type))  # fmt: skip
        return ReadColumns(values, events, missing)


def compile_reading(spec: FeatureSpec, open_table: OpenTable, *, now: Moment = microseconds_now) -> Reading:
    """What a spec looks up, as it is read online: the latest known values.

    A lookup's time column is not asked for; its look-back counts from the instant there if a row gives one, else from
    now. Computed features are not computed here.

    Args:
        open_table: Asked once for each table, and never again.

    Raises:
        NotFound: A table is not published, or a feature is not among the published ones.
        InvalidInput: The online table has other keys than the lookup.
    """
    tables = {name: open_table(name) for name in spec.tables}
    grouped: dict[tuple[TableName, tuple[tuple[str, str], ...], timedelta | None, str | None], list[Output]] = {}
    for lookup in spec.lookups:
        at = None if lookup.lookback is None else lookup.at
        keys = _ordered(lookup, tables[lookup.table])
        grouped.setdefault((lookup.table, keys, lookup.lookback, at), []).extend(lookup.outputs)
    parts = [
        _Part(
            tables[table].plan([output.feature for output in outputs], instants=True),
            tuple(column for column, _ in keys), tuple(key for _, key in keys), tuple(outputs),
            None if lookback is None else microseconds(lookback), at,
        )
        for (table, keys, lookback, at), outputs in grouped.items()
    ]  # fmt: skip
    return Reading(parts, now)


def _ordered(lookup: Lookup, table: OnlineTable) -> tuple[tuple[str, str], ...]:
    """The pairs of column and key in the order of the online table's keys."""
    names = table.schema.keys.names
    if sorted(names) != sorted(key for _, key in lookup.keys):
        raise InvalidInput(
            f"{lookup.table} is looked up by {', '.join(key for _, key in lookup.keys)}, and its online table "
            f"{table.name} has the key {', '.join(names)}.",
            hint="Publish it again.",
        )
    column_of = {key: column for column, key in lookup.keys}
    return tuple((column_of[name], name) for name in names)


def _keys(part: _Part, given: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    try:
        return [tuple([row[column] for column in part.columns]) for row in given]
    except KeyError:
        for row in given:
            _require(part, row)
        raise


def _require(part: _Part, names: Any) -> None:
    if absent := [column for column in part.columns if column not in names]:
        raise InvalidInput(f"The key {absent[0]} is not given.", hint=f"These features need {', '.join(part.columns)}.")


def _fill(
    part: _Part, row: tuple[Any, ...] | None, now: int, given: Mapping[str, Any], values: dict[str, Any],
    events: dict[str, int | None], missing: list[str],
) -> None:  # fmt: skip
    event = None if row is None else row[0]
    if part.lookback is not None and event is not None:
        if part.at is not None and (said := given.get(part.at)) is not None:
            now = _microseconds_of(said, part.at)
        if event < now - part.lookback:
            row = None
    for at, output in enumerate(part.outputs, 2):
        name = output.name
        if name in given:
            values[name] = given[name]
            continue
        value = None if row is None else row[at]
        if value is None:
            value, events[name] = output.default, None
            missing.append(name)
        else:
            events[name] = event
        values[name] = value


def _instants(part: _Part, given: pa.Table, now: int) -> Any:
    """From when the look-back of each row counts."""
    if part.at is None or part.at not in given.column_names:
        return pa.scalar(now, pa.int64())
    column = whole(given.column(part.at))
    if not pa.types.is_timestamp(column.type):
        said = [None if each is None else _microseconds_of(each, part.at) for each in column.to_pylist()]
        return pa.array(said, pa.int64()).fill_null(now)
    return column.cast(pa.timestamp("us", column.type.tz)).cast(pa.int64()).fill_null(now)


def _microseconds_of(said: Any, column: str) -> int:
    """An instant as a row gives it; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(said) if isinstance(said, str) else said
        since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _BEGIN
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidInput(
            f"{column} is {said!r}, which is no instant.", hint="Write it as 2026-01-31T10:00:00Z."
        ) from error
    return since // timedelta(microseconds=1)
