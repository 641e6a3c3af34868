# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Known time by commit: each row carries the instant at which it was written, and nothing is ever written over.

A row that says what the table says already is left out; one that says something else of the same key and event time
is a correction, and stands beside what was known before. So the table remembers what it said when.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from boathouse.features.tables.feature_tables import FeatureTable
from boathouse.features.tables.key_rules import require_keys
from boathouse.foundation.errors import Conflict, InvalidInput
from boathouse.lake import Snapshot, open_snapshot
from boathouse.lake.arrow_input import Source
from boathouse.lake.engine import EngineQuery
from boathouse.lake.schema import identifier
from boathouse.session import Session, WriteReport
from boathouse.session.law import Intent, TableRequest
from boathouse.session.running.access import by_name, new_statement

_ROUNDS = 20
_ROW = "__bh_row"
_TICK = timedelta(microseconds=1)


def known_field(name: str, event: pa.DataType) -> pa.Field:
    """The column with the instants: without a zone (and in UTC) where the event time has none."""
    naive = pa.types.is_timestamp(event) and event.tz is None
    return pa.field(name, pa.timestamp("us", None if naive else "UTC"))


def stamped(rows: pa.Table, name: str, event: str, at: datetime) -> pa.Table:
    """The rows with the instant as their last column."""
    field = known_field(name, rows.schema.field(event).type)
    value = pa.scalar(at if field.type.tz else at.replace(tzinfo=None), field.type)
    return rows.append_column(field, pa.repeat(value, rows.num_rows))


def write(session: Session, table: FeatureTable, rows: pa.Table, mode: Literal["merge", "overwrite"]) -> WriteReport:
    """Write rows under the instant of the commit; a merge adds those that say something new.

    Raises:
        InvalidInput: The rows bring a known time of their own, or do not fit.
        Conflict: Others write so often that there was no moment for this.
    """
    known, event = table.known.column, table.timeseries_column
    assert known is not None and event is not None
    if known in rows.schema.names:
        raise InvalidInput(
            f"The rows for {table.name} have a column {known}, which is filled with the instant of the commit.",
            hint=f"Leave {known} out.",
        )
    require_keys(rows, table.primary_keys, table.name)
    for _ in range(_ROUNDS):
        snapshot = _snapshot(session, table)
        at = _instant(session, snapshot, known)
        if mode == "overwrite":
            return session.write_table(table.table, stamped(rows, known, event, at), mode="overwrite")
        new = stamped(_news(session, table, snapshot, rows), known, event, at)
        if new.num_rows == 0:
            return WriteReport(table.name, snapshot.version, 0)
        try:
            identity = [*table.primary_keys, known]
            return session.write_table(table.table, new, mode="merge", merge_on=identity, read_version=snapshot.version)
        except Conflict:
            continue
    raise Conflict(
        f"Feature table {table.name} is written by others so often that the merge found no moment for itself.",
        hint="Try again, or write less often.",
    )


def _snapshot(session: Session, table: FeatureTable) -> Snapshot:
    statement = new_statement("WRITE_TABLE", f"write_table({table.name})")
    (found,) = session.law.resolve_tables(session.principal, [TableRequest(table.table, Intent.WRITE)], statement)
    return open_snapshot(found.storage_location)


def _instant(session: Session, snapshot: Snapshot, known: str) -> datetime:
    """Now, but after everything that the table knows: a clock that was set back would hide corrections."""
    query = EngineQuery(f"SELECT max({identifier(known)}) AS newest FROM features", snapshots={"features": snapshot})
    newest: Any = session.engine.run(query).arrow().column("newest")[0].as_py()
    now = datetime.now(UTC)
    if newest is None:
        return now
    return max(now, newest.replace(tzinfo=newest.tzinfo or UTC).astimezone(UTC) + _TICK)


def _news(session: Session, table: FeatureTable, snapshot: Snapshot, rows: pa.Table) -> pa.Table:
    """The rows that are not what is known latest of their key and event time."""
    known = table.known.column
    assert known is not None
    target = pa.schema([field for field in snapshot.arrow_schema if field.name != known])
    with by_name(table.table, snapshot.location):
        fitted = Source(rows).fitted(target).reader().read_all()
    keys = table.primary_keys
    differs = [f"b.{identifier(name)} IS DISTINCT FROM l.{identifier(name)}" for name in target.names]
    partition = ", ".join(f"f.{identifier(key)}" for key in keys)
    query = EngineQuery(
        f"SELECT b.{_ROW} FROM batch AS b LEFT JOIN (SELECT f.* FROM features AS f SEMI JOIN batch AS b "
        f"ON {_same('b', 'f', keys)} QUALIFY row_number() OVER "
        f"(PARTITION BY {partition} ORDER BY f.{identifier(known)} DESC NULLS LAST) = 1) AS l "
        f"ON {_same('b', 'l', keys)} WHERE {' OR '.join([f'l.{identifier(known)} IS NULL', *differs])} ORDER BY 1",
        snapshots={"features": snapshot},
        arrow={"batch": fitted.append_column(_ROW, pa.array(np.arange(fitted.num_rows)))},
    )
    return fitted.take(session.engine.run(query).arrow().column(_ROW))


def _same(left: str, right: str, keys: Sequence[str]) -> str:
    return " AND ".join(f"{left}.{identifier(key)} = {right}.{identifier(key)}" for key in keys)
