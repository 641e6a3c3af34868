# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""CREATE TABLE and INSERT: a query's rows, or none, become a table's."""

import pyarrow as pa

from boathouse.catalog import LineageNode, Table
from boathouse.catalog.keys import require_clocks
from boathouse.foundation.errors import InvalidInput, NotFound, did_you_mean
from boathouse.foundation.names import TableName
from boathouse.lake import Rows, Snapshot, open_snapshot
from boathouse.session.law import Intent, TableRequest
from boathouse.session.result import Result, result_of
from boathouse.session.running import declaring, writes
from boathouse.session.running.access import Access
from boathouse.session.running.fitting import fitted
from boathouse.session.running.queries import PreparedQuery, prepare_query, prepare_with
from boathouse.session.running.writes import Counted, TableShape
from boathouse.session.sql.arrow_types import arrow_schema
from boathouse.session.sql.statements import CreateTable, Insert

_BAD_IN_NAMES = set(" ,;{}()\n\t=")


def create_table(access: Access, statement: CreateTable) -> Result:
    """CREATE [OR REPLACE] TABLE [IF NOT EXISTS] ... [AS SELECT]."""
    name = access.namespace.table(statement.name)
    if statement.if_not_exists and _is_there(access, name):
        return _affected(0)
    if statement.query is None:
        schema = arrow_schema(statement.columns)
        if not schema.names:
            raise InvalidInput(f"Table {name} needs columns.", hint="List them, or add AS SELECT.")
        _create(access, statement, name, _shape(statement, schema), None, [])
        return _affected(0)
    prepared = prepare_query(access, statement.query)
    with _Closing(prepared.run(access)) as rows:
        counted = Counted(rows.reader())
        _require_good_names(counted.schema)
        _create(access, statement, name, _shape(statement, None), counted, prepared.sources)
        return _affected(counted.rows)


def insert(access: Access, statement: Insert) -> Result:
    """INSERT INTO or OVERWRITE, from VALUES or a query."""
    name = access.namespace.table(statement.table)
    prepared, table = prepare_with(access, statement.query, TableRequest(name, Intent.WRITE))
    assert table is not None
    snapshot = open_snapshot(table.storage_location)
    with _Closing(_fitting_rows(access, prepared, statement, snapshot)) as rows:
        counted = Counted(_renamed(rows.reader(), statement, snapshot.arrow_schema, name))
        if statement.overwrite:
            seen = _read_version(prepared, name)
            writes.overwrite(access, table, name, counted.reader(), prepared.sources, read_version=seen)
        else:
            # A change that is under way must not take rows that were computed from the table for rows that merely came.
            reads_itself = _read_version(prepared, name) is not None
            info = {"isBlindAppend": False} if reads_itself else None
            writes.append(access, table, name, counted.reader(), prepared.sources, commit_info=info)
        return _affected(counted.rows - access.told.set_aside)


def _fitting_rows(access: Access, prepared: PreparedQuery, statement: Insert, snapshot: Snapshot) -> Rows:
    """The rows with the types of the columns that they go to. What types they have, the engine says before it computes
    any."""
    rows = prepared.run(access)
    name = access.namespace.table(statement.table)
    try:
        columns = _target_names(rows.schema, statement, snapshot.arrow_schema, name)
        fitting = fitted(prepared, rows.schema, columns, snapshot)
        if fitting is prepared:
            return rows
    except BaseException:
        rows.close()
        raise
    rows.close()
    return fitting.run(access)


def _create(
    access: Access,
    statement: CreateTable,
    name: TableName,
    shape: TableShape,
    rows: Counted | None,
    sources: list[LineageNode],
) -> None:
    """A replaced table keeps its history where that is possible: then the replacement is one more commit of it."""
    if statement.replace and not shape.properties:
        old = _replaceable(access, name, shape)
        if old is not None:
            data = rows.reader() if rows else pa.table({f.name: pa.array([], f.type) for f in shape.schema or ()})
            writes.overwrite(access, old, name, data, sources, schema_mode="overwrite")
            declaring.replace(access, old, shape.declared)
            if shape.comment != old.securable.comment:
                access.law.set_comment(access.principal, old.securable.kind, str(name), shape.comment)
            return
    data = rows.reader() if rows else None
    writes.create(access, name, data, shape, sources, replace=statement.replace)


def _replaceable(access: Access, name: TableName, shape: TableShape) -> Table | None:
    """The table that is there, if its place can stay: partitioned alike, and no column must be non-null."""
    access.law.stage_table(access.principal, name, replace=True)  # may it be replaced at all?
    old = writes.existing(access, name, Intent.WRITE)
    if old is None or (shape.schema is not None and any(not field.nullable for field in shape.schema)):
        return None
    snapshot = open_snapshot(old.storage_location)
    has_comments = shape.schema is not None and any(field.metadata for field in shape.schema)
    return old if writes.partitioned_alike(snapshot, shape.partition_by) and not has_comments else None


def _is_there(access: Access, name: TableName) -> bool:
    try:
        access.law.table(access.principal, name)
    except NotFound:
        return False
    return True


def _shape(statement: CreateTable, schema: pa.Schema | None) -> TableShape:
    declared, own = declaring.split(statement.properties)
    require_clocks(declared)
    return TableShape(schema, statement.partition_by, statement.comment, own or None, statement.key, declared)


def _require_good_names(schema: pa.Schema) -> None:
    for name in schema.names:
        if not name or _BAD_IN_NAMES & set(name):
            raise InvalidInput(f"A table cannot have a column named {name!r}.", hint=f"Name it: {name} AS something.")


def _renamed(
    reader: pa.RecordBatchReader, statement: Insert, target: pa.Schema, table: TableName
) -> pa.RecordBatchReader:
    """The rows under the names of the table's columns, with nulls for those that were not given."""
    given = _target_names(reader.schema, statement, target, table)
    missing = [field for field in target if field.name not in given]
    schema = pa.schema(
        [field.with_name(name) for field, name in zip(reader.schema, given, strict=True)]
        + [pa.field(field.name, field.type) for field in missing]
    )

    def batches():
        for batch in reader:
            nulls = [pa.nulls(batch.num_rows, field.type) for field in missing]
            yield pa.RecordBatch.from_arrays([*batch.columns, *nulls], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def _target_names(given: pa.Schema, statement: Insert, target: pa.Schema, table: TableName) -> list[str]:
    known = {field.name.lower(): field.name for field in target}
    wanted = statement.columns
    if statement.by_name:
        wanted = tuple(given.names)
    if wanted is None:
        if len(given.names) != len(target.names):
            raise InvalidInput(
                f"The rows have {len(given.names)} columns, but table {table} has {len(target.names)}.",
                hint=f"Name those that are given: INSERT INTO {table} ({', '.join(target.names)}) ...",
            )
        return list(target.names)
    if len(wanted) != len(given.names):
        raise InvalidInput(f"{len(wanted)} columns are named, but the rows have {len(given.names)}.")
    for name in wanted:
        if name.lower() not in known:
            raise InvalidInput(f"Table {table} has no column {name}.", hint=did_you_mean(name.lower(), known))
    names = [known[name.lower()] for name in wanted]
    if len(set(names)) != len(names):
        raise InvalidInput("A column is named twice.")
    return names


def _read_version(prepared: PreparedQuery, name: TableName) -> int | None:
    """The version of the target that the query itself reads: then nobody may have changed it meanwhile."""
    versions = [node.version for node in prepared.sources if node.name == str(name) and node.version is not None]
    return max(versions) if versions else None


def _affected(rows: int) -> Result:
    schema = pa.schema([("num_affected_rows", pa.int64()), ("num_inserted_rows", pa.int64())])
    return result_of({"num_affected_rows": [rows], "num_inserted_rows": [rows]}, schema)


class _Closing:
    """Let go of the engine's instance at the end, whether or not all rows were read."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def __enter__(self) -> Rows:
        return self._rows

    def __exit__(self, *_: object) -> None:
        self._rows.close()
