# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The verbs on a table: create, append, overwrite, merge, delete rows, restore; each is one Delta commit.

A location is a URL. Every write returns the version it made. ``data`` is anything with the Arrow PyCapsule interface;
it is streamed, except by ``merge``.
"""

import shutil
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake import Schema as DeltaSchema

from boathouse.foundation.errors import BoathouseError, InvalidInput, did_you_mean
from boathouse.foundation.ids import new_id
from boathouse.lake.arrow_input import FittedRows, SchemaMode, Source, merged_schema, storable_schema
from boathouse.lake.commits import Turn, commit_append, commit_rewrite
from boathouse.lake.errors import TableThereAlready, translated
from boathouse.lake.history import changes, history
from boathouse.lake.locations import as_url, local_path, table_uri
from boathouse.lake.log import COMMIT_ID, DeltaLog
from boathouse.lake.maintenance import clean_log, optimize, vacuum
from boathouse.lake.merging import Merge, merge_rows
from boathouse.lake.snapshots import open_snapshot
from boathouse.lake.storage_format import TARGET_FILE_BYTES, writer_properties

__all__ = [
    "append",
    "changes",
    "clean_log",
    "create_table",
    "delete_rows",
    "history",
    "merge",
    "optimize",
    "overwrite",
    "restore",
    "vacuum",
]

MANAGED_PROPERTIES = {
    "delta.enableChangeDataFeed": "true",
    # delta-rs would remove old log entries at a checkpoint; cleaning the log is ours, since it has to honour pins.
    "delta.enableExpiredLogCleanup": "false",
}

_PARTITION_TYPES = (
    pa.types.is_string,
    pa.types.is_integer,
    pa.types.is_boolean,
    pa.types.is_date,
    pa.types.is_timestamp,
)

CommitInfo = Mapping[str, str] | None
"""What a commit says of itself beside what Delta writes: statement, principal, job run."""


def create_table(
    location: str,
    schema: Any = None,
    *,
    partition_by: Sequence[str] = (),
    properties: Mapping[str, str] | None = None,
    comment: str | None = None,
    data: Any = None,
    commit_info: CommitInfo = None,
) -> int:
    """Make a table; with ``data`` its first rows are in the same commit.

    ``schema`` is anything with an Arrow schema; without one it is that of the data. The properties of managed tables
    (change data feed on, log kept) hold unless ``properties`` say otherwise. When it fails, nothing is left behind.

    Raises:
        TableThereAlready: A table lies there.
        InvalidInput: A column has a type that Delta does not know, or a partition column does not exist.
    """
    location = as_url(location)
    source = None if data is None else Source(data)
    target = storable_schema(_given_schema(schema, source))
    _require_partition_columns(target, partition_by)
    commit_id = new_id()
    options: dict[str, Any] = {
        "partition_by": list(partition_by),
        "description": comment,
        "configuration": {**MANAGED_PROPERTIES, **(properties or {})},
        "commit_properties": CommitProperties(custom_metadata={**(commit_info or {}), COMMIT_ID: commit_id}),
    }
    with _nothing_left_behind(location, commit_id), translated(location):
        if source is None:
            DeltaTable.create(table_uri(location), DeltaSchema.from_arrow(target), **options)
        else:
            _write(table_uri(location), source.fitted(target, partition_by=partition_by), mode="error", **options)
    return 0


@contextmanager
def _nothing_left_behind(location: str, commit_id: str) -> Generator[None]:
    """Remove what a failed creation has written, unless it (or somebody faster) did create a table there."""
    folder, log = local_path(location), DeltaLog(location)
    was_there = folder.exists()
    try:
        yield
    except BaseException as error:
        if log.latest() < 0:
            if not was_there:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        if isinstance(error, Exception) and log.find(commit_id, after=-1) is not None:
            return
        if isinstance(error, BoathouseError) and not isinstance(error, TableThereAlready):
            raise TableThereAlready(f"There is a Delta table at {location} already.") from error
        raise


def append(
    location: str,
    data: Any,
    *,
    schema_mode: Literal["merge"] | None = None,
    commit_info: CommitInfo = None,
    turns: Sequence[Turn] = (),
) -> int:
    """Add rows. Other writers cannot make an append fail, unless they change the schema under a one-shot reader.

    With ``turns`` it lands only if nobody else has taken one of them, and takes them all.

    Raises:
        WriteConflict: Somebody has.
        SchemaMismatch: The columns differ; with ``schema_mode="merge"`` new ones are added and missing ones null.
    """
    source = Source(data)

    def attempt(table: DeltaTable, commit: CommitProperties) -> None:
        target, mode = _target(table, source, schema_mode)
        partition_by = table.metadata().partition_columns
        rows = source.fitted(target, partition_by=partition_by, fill_missing=schema_mode == "merge")
        _write(table, rows, mode="append", schema_mode=mode, commit_properties=commit)

    return commit_append(as_url(location), attempt, info=commit_info, repeatable=source.is_repeatable, turns=turns)


def overwrite(
    location: str,
    data: Any,
    *,
    predicate: str | None = None,
    read_version: int | None = None,
    schema_mode: SchemaMode | None = None,
    commit_info: CommitInfo = None,
) -> int:
    """Replace all rows, or those that match an SQL condition, by the given ones.

    Raises:
        WriteConflict: Rows were changed since ``read_version``.
        SchemaMismatch: The columns differ and ``schema_mode`` does not ask for a change.
    """
    if predicate is not None and schema_mode == "overwrite":
        raise InvalidInput("Only a whole table can get another schema; leave out the predicate or the schema mode.")
    source = Source(data)

    def attempt(table: DeltaTable, commit: CommitProperties) -> None:
        target, mode = _target(table, source, schema_mode)
        partition_by = table.metadata().partition_columns
        rows = source.fitted(target, partition_by=partition_by, fill_missing=schema_mode == "merge")
        _write(table, rows, mode="overwrite", predicate=predicate, schema_mode=mode, commit_properties=commit)

    return commit_rewrite(
        as_url(location), attempt, info=commit_info, read_version=read_version, repeatable=source.is_repeatable
    )


def merge(
    location: str,
    source: Any,
    *,
    on: Sequence[str] | str,
    when_matched: Literal["update", "delete", "ignore"] = "update",
    when_not_matched: Literal["insert", "ignore"] = "insert",
    when_not_matched_by_source: Literal["delete", "ignore"] = "ignore",
    read_version: int | None = None,
    schema_mode: Literal["merge"] | None = None,
    commit_info: CommitInfo = None,
) -> int:
    """Bring rows together with those of the table, by the columns ``on`` or a condition over ``target`` and ``source``.

    The source is held in memory.

    Raises:
        InvalidInput: Two source rows have one key, or the condition cannot be evaluated.
        WriteConflict: Rows were changed since ``read_version``.
        SchemaMismatch: The columns differ and ``schema_mode`` does not ask for a change.
    """
    rows = Source(Source(source).table())
    how = Merge(on, when_matched, when_not_matched, when_not_matched_by_source)

    def attempt(table: DeltaTable, commit: CommitProperties) -> None:
        target, mode = _target(table, rows, schema_mode)
        partition_by = table.metadata().partition_columns
        fitted = rows.fitted(target, partition_by=partition_by, fill_missing=schema_mode == "merge")
        merge_rows(table, fitted.reader().read_all(), how, evolve=mode is not None, commit=commit)

    return commit_rewrite(as_url(location), attempt, info=commit_info, read_version=read_version)


def delete_rows(
    location: str, predicate: str | None, *, read_version: int | None = None, commit_info: CommitInfo = None
) -> int:
    """Delete the rows that match an SQL condition; all rows for None. Commits nothing when none match.

    Raises:
        InvalidInput: The condition cannot be evaluated.
        WriteConflict: Rows were changed since ``read_version``.
    """

    def attempt(table: DeltaTable, commit: CommitProperties) -> None:
        table.delete(predicate, writer_properties=writer_properties(), commit_properties=commit)

    return commit_rewrite(as_url(location), attempt, info=commit_info, read_version=read_version)


def restore(
    location: str,
    *,
    version: int | None = None,
    timestamp: datetime | None = None,
    commit_info: CommitInfo = None,
) -> int:
    """Make the table again what it was at a version or an instant; that is a new version, the ones between stay. Where
    it is so now, nothing is done.

    Raises:
        VersionNotFound: There is no such version.
        DamagedTable: Its files have been vacuumed.
    """
    if (version is None) == (timestamp is None):
        raise InvalidInput("Say either a version or a timestamp to restore.")
    wanted = open_snapshot(location, version=version, timestamp=timestamp).version
    if wanted == open_snapshot(location).version:
        return wanted

    def attempt(table: DeltaTable, commit: CommitProperties) -> None:
        table.restore(wanted, commit_properties=commit)

    return commit_rewrite(as_url(location), attempt, info=commit_info)


def _write(table: DeltaTable | str, rows: FittedRows, **options: Any) -> None:
    try:
        write_deltalake(
            table,
            rows.reader(),
            target_file_size=TARGET_FILE_BYTES,
            writer_properties=writer_properties(),
            **options,
        )
    except Exception as error:
        if (cause := rows.take_error()) is not None:
            try:
                raise cause from error
            finally:
                del cause  # or the error's traceback would lead back to the error, and keep the engine alive
        raise


def _target(table: DeltaTable, source: Source, mode: SchemaMode | None) -> tuple[pa.Schema, SchemaMode | None]:
    """The schema that the table will have, and the mode for delta-rs: none where the schema stays as it is, since a
    change of schema makes concurrent appends collide."""
    existing = pa.schema(table.schema().to_arrow())
    match mode:
        case None:
            return existing, None
        case "merge":
            target = merged_schema(existing, source.schema)
        case "overwrite":
            target = storable_schema(source.schema)
    return target, None if target.equals(existing) else mode


def _given_schema(schema: Any, source: Source | None) -> pa.Schema:
    if schema is not None:
        return schema if isinstance(schema, pa.Schema) else pa.schema(schema)
    if source is None:
        raise InvalidInput("A table needs a schema or data to take it from.")
    return source.schema


def _require_partition_columns(schema: pa.Schema, partition_by: Sequence[str]) -> None:
    for name in partition_by:
        if name not in schema.names:
            raise InvalidInput(f"There is no column {name} to partition by.", hint=did_you_mean(name, schema.names))
        kind = schema.field(name).type
        if not any(fits(kind) for fits in _PARTITION_TYPES):
            # delta-rs 1.6.6 writes some decimals and fractions in a way that makes the table unreadable.
            raise InvalidInput(
                f"A table cannot be partitioned by {name}, which is {kind}.",
                hint="Partition by a string, an integer, a boolean, a date or a timestamp.",
            )
    if len(partition_by) == len(schema.names) > 0:
        raise InvalidInput("A table needs at least one column that it is not partitioned by.")
