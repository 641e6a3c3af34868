# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Making, filling and dropping feature tables. Each write is one commit, checked before it is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pyarrow as pa

from boathouse.catalog import SecurableKind
from boathouse.catalog.keys import (
    FRESHNESS_SECONDS,
    KNOWN_COLUMN,
    KNOWN_COMMIT,
    KNOWN_LAG_SECONDS,
    PrimaryKey,
    default_name,
)
from boathouse.features.clocks import AT_ONCE, KnownTime, require_timedelta
from boathouse.features.frames import read_frame, type_text
from boathouse.features.tables import commit_times
from boathouse.features.tables.feature_tables import FeatureTable, feature_table, feature_table_of
from boathouse.features.tables.key_rules import require_keys
from boathouse.foundation.errors import AlreadyExists, BoathouseError, InvalidInput, NotFound, did_you_mean
from boathouse.foundation.names import TableName
from boathouse.lake.schema import identifier
from boathouse.session import Session, WriteReport
from boathouse.session.law import Alteration
from boathouse.session.running.writes import TableShape

KNOWN_AT = "known_at"
"""What the column with the instant of the commit is called."""


@dataclass(frozen=True, slots=True)
class NewFeatureTable:
    """What a feature table shall be."""

    name: str
    primary_keys: tuple[str, ...]
    """With the time column or without it."""
    timeseries_column: str | None = None
    partition_columns: tuple[str, ...] = ()
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    known_time: str | KnownTime = AT_ONCE
    """A column, a lag, or ``commit``."""
    freshness: timedelta | None = None

    @property
    def by_commit(self) -> bool:
        return self.known_time == "commit"

    @property
    def known(self) -> KnownTime:
        if isinstance(self.known_time, KnownTime):
            return self.known_time
        return KnownTime(column=KNOWN_AT if self.by_commit else self.known_time)

    @property
    def entity_keys(self) -> tuple[str, ...]:
        return tuple(key for key in self.primary_keys if key != self.timeseries_column)


def create_table(session: Session, wish: NewFeatureTable, df: Any = None, schema: Any = None) -> FeatureTable:
    """Create a feature table from rows, or empty from a schema.

    Raises:
        AlreadyExists: There is a table of that name.
        InvalidInput: A key or a clock is missing from the rows, of a wrong type, or null; a key is there twice.
    """
    name = TableName.parse(wish.name)
    _require_sound(wish)
    _require_free(session, name)
    rows = None if df is None else read_frame(df).table
    columns = _given_schema(name, rows, schema)
    _require_columns(wish, columns)
    if rows is not None:
        require_keys(rows, _identity(wish), str(name), may_be_null={wish.known.column or ""})
    if wish.by_commit and wish.timeseries_column:
        columns = columns.append(commit_times.known_field(KNOWN_AT, columns.field(wish.timeseries_column).type))
        if rows is not None:
            rows = commit_times.stamped(rows, KNOWN_AT, wish.timeseries_column, datetime.now(UTC))
    required = {*wish.primary_keys, wish.timeseries_column}
    columns = pa.schema([each.with_nullable(False) if each.name in required else each for each in columns])
    key = PrimaryKey(wish.entity_keys, wish.timeseries_column, default_name(str(name)))
    shape = TableShape(columns, wish.partition_columns, wish.description, None, key, declared_clocks(wish))
    session.create_table(name, shape, rows)
    _tag_or_undo(session, name, wish.tags)
    return feature_table(session, name)


def write_table(session: Session, name: str, df: Any, *, mode: Literal["merge", "overwrite"] = "merge") -> WriteReport:
    """Write rows in one commit: ``merge`` updates by key and adds, ``overwrite`` replaces all.

    Raises:
        InvalidInput: The table has no key, or the rows do not fit it.
        Conflict: Others write so often that there was no moment for this.
    """
    if mode not in ("merge", "overwrite"):
        raise InvalidInput(f"There is no mode {mode!r}.", hint="Use merge or overwrite.")
    table = feature_table(session, name)
    rows = read_frame(df).table
    _require_known_columns(table, rows)
    if table.known_by_commit:
        return commit_times.write(session, table, rows, mode)
    require_keys(rows, identity(table), table.name, may_be_null={table.known.column or ""})
    if mode == "overwrite":
        return session.write_table(table.table, rows, mode="overwrite")
    return session.write_table(table.table, rows, mode="merge", merge_on=_merge_on(table, rows))


def delete_table(session: Session, name: str) -> None:
    """Drop a feature table with its rows.

    Raises:
        Conflict: It is published to an online store.
        InvalidInput: It is no feature table.
    """
    table = feature_table(session, name)
    session.law.drop(session.principal, SecurableKind.TABLE, table.name)


def set_tag(session: Session, name: str, key: str, value: str) -> None:
    """Set a tag of a feature table."""
    table = feature_table(session, name)
    session.law.alter(session.principal, SecurableKind.TABLE, table.name, Alteration(tags={key: value}))


def delete_tag(session: Session, name: str, key: str) -> None:
    """Take a tag of a feature table away.

    Raises:
        NotFound: It has no such tag.
    """
    table = feature_table(session, name)
    if key not in table.tags:
        raise NotFound(f"Feature table {table.name} has no tag {key}.", hint=did_you_mean(key, table.tags))
    session.law.alter(session.principal, SecurableKind.TABLE, table.name, Alteration(untag=(key,)))


def identity(table: FeatureTable) -> list[str]:
    """The columns that no two rows have alike: of what changes with time, a correction is a row of its own where the
    known time is a column."""
    is_history = table.timeseries_column and table.known.column
    return [*table.primary_keys, *([table.known.column] if is_history and table.known.column else [])]


def _merge_on(table: FeatureTable, rows: pa.Table) -> list[str] | str:
    """The key columns; a condition where some rows are not known yet: writing them twice is writing them once."""
    keys, known = identity(table), table.known.column
    if known not in keys or rows.column(known).null_count == 0:
        return keys
    same = {key: "IS NOT DISTINCT FROM" if key == known else "=" for key in keys}
    return " AND ".join(f"target.{identifier(key)} {how} source.{identifier(key)}" for key, how in same.items())


def declared_clocks(wish: NewFeatureTable) -> dict[str, str]:
    """What the catalog keeps of the known time and the promise."""
    known, declared = wish.known, dict[str, str]()
    if known.column is not None:
        declared[KNOWN_COLUMN] = known.column
    if known.lag:
        declared[KNOWN_LAG_SECONDS] = _number(known.lag)
    if wish.by_commit:
        declared[KNOWN_COMMIT] = "true"
    if wish.freshness is not None:
        declared[FRESHNESS_SECONDS] = _number(wish.freshness)
    return declared


def _identity(wish: NewFeatureTable) -> list[str]:
    if wish.timeseries_column is None:
        return list(wish.entity_keys)
    known = [wish.known.column] if wish.known.column and not wish.by_commit else []
    return [*wish.entity_keys, wish.timeseries_column, *known]


def _tag_or_undo(session: Session, name: TableName, tags: Mapping[str, str]) -> None:
    if not tags:
        return
    try:
        session.law.alter(session.principal, SecurableKind.TABLE, str(name), Alteration(tags=dict(tags)))
    except BaseException:
        session.law.drop(session.principal, SecurableKind.TABLE, str(name))
        raise


def _require_sound(wish: NewFeatureTable) -> None:
    if not isinstance(wish.known_time, str | KnownTime):  # type: ignore[redundant-expr]
        raise InvalidInput(
            f"The known_time of {wish.name} is {wish.known_time!r}, which is neither a column nor a lag.",
            hint="Name a column, or give KnownTime(lag=timedelta(minutes=20)) of boathouse.features.clocks.",
        )
    require_timedelta(f"freshness of {wish.name}", wish.freshness)
    if not wish.entity_keys:
        raise InvalidInput(
            f"Feature table {wish.name} needs a primary key beside its time column.",
            hint="Name the columns that say whose values these are: primary_keys=[...].",
        )
    if len(set(wish.primary_keys)) < len(wish.primary_keys):
        raise InvalidInput(f"The primary key of {wish.name} names a column twice: {', '.join(wish.primary_keys)}.")
    if wish.freshness is not None and wish.freshness <= timedelta(0):
        raise InvalidInput(f"A freshness of {wish.freshness} cannot be kept.", hint="Give a time that is positive.")
    if wish.known.column in {*wish.primary_keys, wish.timeseries_column} - {None}:
        raise InvalidInput(
            f"The known time {wish.known.column} of {wish.name} is a column of its key.",
            hint="Leave known_time out where a value is known the moment it is so.",
        )
    if wish.by_commit and wish.timeseries_column is None:
        raise InvalidInput(
            f"{wish.name} has no time column, so it keeps one row per key and cannot say since when each was known.",
            hint="Name a timeseries_column, or leave known_time out.",
        )


def _require_free(session: Session, name: TableName) -> None:
    """Somebody who meets a table without a key wants to hear how it becomes a feature table."""
    try:
        found = session.law.table(session.principal, name)
    except NotFound:
        return
    try:
        feature_table_of(found)
    except BoathouseError as error:
        raise AlreadyExists(f"There is {name} already. {error.message}", hint=error.hint) from error
    raise AlreadyExists(f"Feature table {name} already exists.", hint="Use write_table to write into it.")


def _given_schema(name: TableName, rows: pa.Table | None, schema: Any) -> pa.Schema:
    if rows is not None and schema is not None:
        raise InvalidInput(f"Say either the rows of {name} or its schema, not both.")
    if rows is not None:
        return rows.schema
    if schema is None:
        raise InvalidInput(f"Feature table {name} needs rows (df=) or a schema (schema=) to take its columns from.")
    try:
        return schema if isinstance(schema, pa.Schema) else pa.schema(schema)
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            f"A {type(schema).__name__} is no schema.", hint='Give a pyarrow.Schema: pa.schema([("id", pa.int64())]).'
        ) from error


def _require_columns(wish: NewFeatureTable, columns: pa.Schema) -> None:
    wanted = {
        **dict.fromkeys(wish.primary_keys, "primary key"),
        **({wish.timeseries_column: "time column"} if wish.timeseries_column else {}),
        **({wish.known.column: "known time"} if wish.known.column and not wish.by_commit else {}),
        **dict.fromkeys(wish.partition_columns, "partition column"),
    }
    for name, role in wanted.items():
        if name not in columns.names:
            raise InvalidInput(
                f"The {role} {name} of {wish.name} is not among its columns.",
                hint=did_you_mean(name, columns.names) or f"There are {', '.join(columns.names)}.",
            )
    if wish.by_commit and wish.known.column in columns.names:
        raise InvalidInput(
            f"The column {wish.known.column} of {wish.name} is filled with the instant of the commit.",
            hint="Leave it out of the rows, or name it as the known time: known_time='known_at'.",
        )


def _require_known_columns(table: FeatureTable, rows: pa.Table) -> None:
    """Writing adds no columns: whoever reads features shall have been told of them."""
    known = [column.name for column in table.columns]
    for name in rows.schema.names:
        if name not in known:
            kind = type_text(rows.schema.field(name).type).upper()
            raise InvalidInput(
                f"Feature table {table.name} has no column {name}.",
                hint=did_you_mean(name, [each for each in known if each not in rows.schema.names])
                or f"Leave it out, or add it first: ALTER TABLE {table.name} ADD COLUMN {name} {kind}",
            )


def _number(time: timedelta) -> str:
    seconds = time.total_seconds()
    return str(int(seconds)) if seconds == int(seconds) else repr(seconds)
