# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Writing tables: create, append, overwrite, merge. Each is one commit, and lineage is recorded right after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa

from boathouse.catalog import LineageNode, NodeKind, Table
from boathouse.catalog.columns import columns_from_delta
from boathouse.catalog.keys import PrimaryKey, checked_key, primary_key_of, require_known_time
from boathouse.foundation.errors import AlreadyExists, InvalidInput, NotFound
from boathouse.foundation.names import TableName
from boathouse.lake import Snapshot, altering, local_path, open_snapshot, tables
from boathouse.lake.commits import Turn
from boathouse.lake.key_merging import merge_frame
from boathouse.lake.merging import Merge
from boathouse.session.law import Intent, NewTable
from boathouse.session.running.access import Access, by_name, table_node
from boathouse.session.running.constraints import checks_of
from boathouse.session.running.guarding import contract_checks, guarded

WriteMode = Literal["append", "overwrite", "error", "merge"]
SchemaMode = Literal["merge", "overwrite"]


@dataclass(frozen=True, slots=True)
class WriteReport:
    """What a write did."""

    table: str
    version: int
    rows: int | None
    """Rows that were handed over; None when the data does not tell."""
    set_aside: int = 0
    """Of them, those that the table's contract has sent to its quarantine table."""


@dataclass(frozen=True, slots=True)
class TableShape:
    """What a new table is made with, beside its rows."""

    schema: pa.Schema | None = None
    partition_by: tuple[str, ...] = ()
    comment: str | None = None
    properties: Mapping[str, str] | None = None
    key: PrimaryKey | None = None
    declared: Mapping[str, str] = field(default_factory=dict[str, str])
    """What else the catalog shall know of the table, as properties that its log does not have."""


class Counted:
    """A stream of Arrow batches that counts what passes."""

    def __init__(self, reader: pa.RecordBatchReader) -> None:
        self._reader = reader
        self.schema = reader.schema
        self.rows = 0

    def reader(self) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(self.schema, self._batches())

    def _batches(self) -> Any:
        for batch in self._reader:
            self.rows += batch.num_rows
            yield batch


def create(
    access: Access,
    name: TableName,
    data: Any,
    shape: TableShape,
    sources: Sequence[LineageNode],
    *,
    replace: bool = False,
) -> int:
    """Write a new table where nobody sees it, then give it its name: all or nothing.

    Raises:
        AlreadyExists: There is such a table.
    """
    staged = access.law.stage_table(access.principal, name, replace=replace)
    given = shape.properties or {}
    own = {key: value for key, value in given.items() if not key.startswith("delta.")}
    try:
        version = tables.create_table(
            staged.storage_location,
            shape.schema,
            partition_by=shape.partition_by,
            properties={key: value for key, value in given.items() if key not in own},
            comment=shape.comment,
            data=data,
            commit_info=access.commit_info(),
        )
        if own:  # delta-rs takes them for a table that is there only
            version = altering.set_properties(staged.storage_location, own, commit_info=access.commit_info())
        snapshot = open_snapshot(staged.storage_location)
        columns = columns_from_delta(snapshot.schema_json, snapshot.partition_columns)
        properties = {**(shape.properties or {}), **shape.declared}
        if shape.key is not None:
            key = checked_key(shape.key, columns, str(name))
            require_known_time(key, properties, columns, str(name))
            properties |= {each: value for each, value in key.properties().items() if value is not None}
        new = NewTable(staged, columns, shape.comment, properties)
        access.law.create_table(access.principal, new, replace=replace)
    except BaseException:
        _discard(staged.storage_location)
        raise
    record_write(access, table_node(name, version), sources, data)
    return version


def append(
    access: Access,
    table: Table,
    name: TableName,
    data: Any,
    sources: Sequence[LineageNode],
    *,
    schema_mode: Literal["merge"] | None = None,
    commit_info: Mapping[str, Any] | None = None,
    turns: Sequence[Turn] = (),
) -> int:
    """Add rows to a table that the law has resolved for writing."""
    info = {**access.commit_info(), **(commit_info or {})}
    place = table.storage_location
    with guarded(access, table, name, data, sources) as rows, by_name(name, place):
        version = tables.append(place, rows, schema_mode=schema_mode, commit_info=info, turns=turns)
    _after_write(access, table, name, version, sources, data, schema_mode is not None)
    return version


def overwrite(
    access: Access,
    table: Table,
    name: TableName,
    data: Any,
    sources: Sequence[LineageNode],
    *,
    schema_mode: SchemaMode | None = None,
    read_version: int | None = None,
    predicate: str | None = None,
) -> int:
    """Replace all rows of a table that the law has resolved for writing, or those that fulfil a condition."""
    loses_columns = schema_mode == "overwrite"
    with (
        guarded(access, table, name, data, sources, loses_columns=loses_columns) as rows,
        by_name(name, table.storage_location),
    ):
        version = tables.overwrite(
            table.storage_location,
            rows,
            predicate=predicate,
            read_version=read_version,
            schema_mode=schema_mode,
            commit_info=access.commit_info(),
        )
    _after_write(access, table, name, version, sources, data, schema_mode is not None)
    return version


def merge(
    access: Access,
    table: Table,
    name: TableName,
    data: Any,
    on: Sequence[str] | str,
    *,
    schema_mode: SchemaMode | None = None,
    read_version: int | None = None,
) -> int:
    """Update the rows whose keys are there, insert the others."""
    if schema_mode == "overwrite":
        raise InvalidInput("A merge cannot overwrite the schema.", hint="Use schema_mode='merge' to add columns.")
    place, info = table.storage_location, access.commit_info()
    with by_name(name, place):
        if schema_mode is None:
            checks = (*checks_of(open_snapshot(place)), *contract_checks(table))
            how = Merge(on, "update", "insert", "ignore")
            version = merge_frame(
                access.engine, place, data, how, checks=checks, read_version=read_version, commit_info=info
            ).version
        else:
            with guarded(access, table, name, data, (), refuses=True) as rows:
                version = tables.merge(
                    place, rows, on=on, read_version=read_version, schema_mode=schema_mode, commit_info=info
                )
    _after_write(access, table, name, version, (), data, schema_mode is not None)
    return version


def existing(access: Access, name: TableName, intent: Intent) -> Table | None:
    """The table, resolved for the intent, or None when there is none of that name."""
    try:
        return access.resolve_one(name, intent)
    except NotFound:
        return None


def partitioned_alike(snapshot: Snapshot, partition_by: Sequence[str]) -> bool:
    return tuple(column.lower() for column in snapshot.partition_columns) == tuple(
        column.lower() for column in partition_by
    )


def require_absent(name: TableName, table: Table | None) -> None:
    if table is not None:
        raise AlreadyExists(f"Table {name} already exists.", hint="Use mode='append' or mode='overwrite'.")


def require_key_kept(table: Table, data: Any) -> None:
    """Refuse rows that would take the columns of a declared key away with the old schema.

    Raises:
        InvalidInput: They would.
    """
    key, given = primary_key_of(table), _names_of(data)
    lost = [name for name in key.columns if name not in given] if key is not None and given is not None else []
    if lost:
        name = table.securable.full_name
        raise InvalidInput(
            f"The rows have no column {lost[0]}, which belongs to the primary key of {name}.",
            hint=f"ALTER TABLE {name} DROP PRIMARY KEY first, if it shall not be one any more.",
        )


def _names_of(data: Any) -> list[str] | None:
    """The names of a frame's columns; None where they cannot be known without reading."""
    schema = getattr(data, "schema", None)
    names: Any = getattr(schema, "names", None)
    found: Any = names() if callable(names) else names
    if found is None:
        found = getattr(data, "columns", None)
    return None if found is None else [str(name) for name in found]


def volume_node(name: object) -> LineageNode:
    return LineageNode(NodeKind.VOLUME, str(name))


def record_write(access: Access, target: LineageNode, sources: Sequence[LineageNode], data: Any) -> None:
    """Draw the edges of a write, with the columns where the rows come from a query whose columns ``data`` has."""
    names = getattr(getattr(data, "schema", None), "names", None)
    columns = access.trace.into(names, target) if names is not None else None
    access.record(list(sources), target, "WRITE", columns)


def _after_write(
    access: Access,
    table: Table,
    name: TableName,
    version: int,
    sources: Sequence[LineageNode],
    data: Any,
    evolved: bool,
) -> None:
    record_write(access, table_node(name, version), sources, data)
    if not evolved:
        return
    snapshot = open_snapshot(table.storage_location)
    columns = columns_from_delta(snapshot.schema_json, snapshot.partition_columns)
    if [(c.name, c.type_text) for c in columns] != [(c.name, c.type_text) for c in table.columns]:
        access.law.refresh_columns(access.principal, name, columns)


def _discard(location: str) -> None:
    """Remove what nobody will ever find; it was never visible."""
    import shutil

    shutil.rmtree(local_path(location), ignore_errors=True)
