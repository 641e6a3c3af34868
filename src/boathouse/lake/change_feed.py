# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The rows that commits inserted, updated and deleted, read from the log and the files it names.

delta-rs 1.6.6 has a reader for it, which does not find files in folders whose names are encoded (a partition value
with a space or a slash). So the feed is put together here, commit by commit: the change files where a commit wrote
them, else the files it added and removed.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from boathouse.lake.duckdb_connections import DuckDBSettings
from boathouse.lake.duckdb_views import snapshot_sql
from boathouse.lake.errors import DamagedTable
from boathouse.lake.locations import local_path
from boathouse.lake.log import Commit, DeltaLog
from boathouse.lake.schema import identifier, literal
from boathouse.lake.snapshots import DataFile, Snapshot, absolute_path

CHANGE_COLUMNS = pa.schema(
    [
        pa.field("_change_type", pa.string()),
        pa.field("_commit_version", pa.int64()),
        pa.field("_commit_timestamp", pa.timestamp("us", "UTC")),
    ]
)


def read_changes(
    snapshot: Snapshot, commits: Sequence[Commit], columns: Sequence[str] | None = None
) -> pa.RecordBatchReader:
    """The changed rows of the commits, in their order, in the snapshot's columns (or some of them) and those of
    ``CHANGE_COLUMNS``."""
    wanted = snapshot.arrow_schema if columns is None else [snapshot.arrow_schema.field(name) for name in columns]
    schema = pa.schema([*wanted, *CHANGE_COLUMNS])
    return pa.RecordBatchReader.from_batches(schema, _batches(snapshot, commits, schema))


def change_file_rows(snapshot: Snapshot, actions: Sequence[Mapping[str, Any]]) -> int | None:
    """How many rows the change files of a commit hold; None where one is gone or cannot be read."""
    import pyarrow.parquet as pq

    try:
        return sum(pq.read_metadata(file.path).num_rows for file in _files(snapshot, actions, "cdc"))
    except (OSError, pa.ArrowInvalid):
        return None


def _batches(snapshot: Snapshot, commits: Sequence[Commit], schema: pa.Schema) -> Generator[pa.RecordBatch]:
    shown = ", ".join(identifier(name) for name in schema.names)
    log = DeltaLog(snapshot.location)
    with duckdb.connect(config=DuckDBSettings().config()) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for commit in commits:
            for select in _selects(snapshot, commit, log.actions(commit.version) or []):
                try:
                    table = connection.sql(f"SELECT {shown} FROM ({select})").to_arrow_table()
                except duckdb.IOException as error:
                    raise DamagedTable(
                        f"The changes of version {commit.version} of {snapshot.location} are gone.",
                        hint="Their files have been vacuumed; begin at a newer version.",
                    ) from error
                yield from table.cast(schema).to_batches()


def _selects(snapshot: Snapshot, commit: Commit, actions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    change_files = _files(snapshot, actions, "cdc")
    if change_files:
        yield _select(snapshot_sql(snapshot, change_files, beside={"_change_type": "string"}), "_change_type", commit)
        return
    for action, change in (("remove", "delete"), ("add", "insert")):
        if files := _files(snapshot, actions, action):
            yield _select(snapshot_sql(snapshot, files), literal(change), commit)


def _select(rows: str, change: str, commit: Commit) -> str:
    instant = literal(commit.timestamp.isoformat())
    without = " EXCLUDE (_change_type)" if change == "_change_type" else ""
    return (
        f"SELECT *{without}, {change} AS _change_type, {commit.version}::BIGINT AS _commit_version, "
        f"{instant}::TIMESTAMPTZ AS _commit_timestamp FROM ({rows})"
    )


def _files(snapshot: Snapshot, actions: Sequence[Mapping[str, Any]], kind: str) -> list[DataFile]:
    folder = local_path(snapshot.location)
    entries = [action[kind] for action in actions if action.get(kind)]
    return [
        DataFile(
            path=absolute_path(folder, entry["path"]),
            size_bytes=entry.get("size") or 0,
            row_count=None,
            # The log writes values as text, and an empty one for null.
            partition={name: value or None for name, value in (entry.get("partitionValues") or {}).items()},
        )
        for entry in entries
        if kind == "cdc" or entry.get("dataChange", True)
    ]
