"""OPTIMIZE, VACUUM and RESTORE."""

import pyarrow as pa

from boathouse.catalog import Table
from boathouse.catalog.columns import columns_from_delta
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.foundation.names import TableName
from boathouse.lake import open_snapshot, tables
from boathouse.lake.history import history
from boathouse.lake.maintenance import DEFAULT_RETENTION_HOURS
from boathouse.session.law import Intent
from boathouse.session.result import Result, result_of
from boathouse.session.running.access import Access, by_name, table_node
from boathouse.session.sql.instants import constant_instant
from boathouse.session.sql.problems import Unsupported
from boathouse.session.sql.statements import Optimize, Parts, Restore, Vacuum

RETENTION_CHECK = "boathouse.vacuum.retentionCheck"
"""A table with this property set to ``false`` may be vacuumed below a week."""


def optimize(access: Access, statement: Optimize) -> Result:
    """Put small files together, or order the rows along columns."""
    name, table = _target(access, statement.table)
    if statement.where is not None:
        raise Unsupported("OPTIMIZE with WHERE", hint="Leave it out: files that are large enough stay as they are.")
    snapshot = open_snapshot(table.storage_location)
    known = {column.lower(): column for column in snapshot.fields}
    for column in statement.z_order_by:
        if column.lower() not in known:
            raise InvalidInput(f"Table {name} has no column {column}.", hint=did_you_mean(column.lower(), known))
    wanted = [known[column.lower()] for column in statement.z_order_by]
    version = tables.optimize(table.storage_location, z_order_by=wanted, commit_info=access.commit_info())
    metrics: dict[str, object] = {}
    if version != snapshot.version:
        metrics = next(each for each in history(table.storage_location) if each.version == version).info
        metrics = metrics.get("operationMetrics", {})  # pyright: ignore[reportAssignmentType]
    counts = {name: int(str(metrics.get(key, 0))) for name, key in _OPTIMIZED.items()}
    return result_of({key: [value] for key, value in counts.items()}, pa.schema([(key, pa.int64()) for key in counts]))


_OPTIMIZED = {"numFilesAdded": "numFilesAdded", "numFilesRemoved": "numFilesRemoved"}


def vacuum(access: Access, statement: Vacuum) -> Result:
    """Delete files that no version within the retention, and no pinned version, needs; tells their names."""
    name, table = _target(access, statement.table)
    snapshot = open_snapshot(table.storage_location)
    hours = DEFAULT_RETENTION_HOURS if statement.hours is None else statement.hours
    if hours != int(hours) or hours < 0:
        raise InvalidInput(f"A retention of {hours} hours is not possible.", hint="Use a whole number of hours.")
    unchecked = snapshot.properties.get(RETENTION_CHECK, "").lower() == "false"
    if hours < DEFAULT_RETENTION_HOURS and not unchecked and not statement.dry_run:
        raise InvalidInput(
            f"A retention of {int(hours)} hours is shorter than {DEFAULT_RETENTION_HOURS}: whoever reads or writes "
            f"{name} meanwhile could lose files.",
            hint=f"If nobody does: ALTER TABLE {name} SET TBLPROPERTIES ('{RETENTION_CHECK}' = 'false').",
        )
    pinned = access.law.pinned_versions(access.principal, name)
    with by_name(name, table.storage_location):
        deleted = tables.vacuum(
            table.storage_location, retention_hours=int(hours), pinned_versions=pinned, dry_run=statement.dry_run
        )
    return result_of({"path": sorted(set(deleted))}, pa.schema([("path", pa.string())]))


def restore(access: Access, statement: Restore) -> Result:
    """Make a table what it was; that is a new version."""
    name, table = _target(access, statement.table)
    before = open_snapshot(table.storage_location)
    version = timestamp = None
    if statement.version is not None:
        version = access.parameters.constant(statement.version)
        if not isinstance(version, int) or isinstance(version, bool) or version < 0:
            raise InvalidInput(f"{version!r} is not a version of a table.", hint="Versions count from 0.")
    else:
        assert statement.timestamp is not None
        timestamp = constant_instant(statement.timestamp, access.parameters)
    place, info = table.storage_location, access.commit_info()
    with by_name(name, place):
        now = tables.restore(place, version=version, timestamp=timestamp, commit_info=info)
    after = open_snapshot(table.storage_location)
    columns = columns_from_delta(after.schema_json, after.partition_columns)
    if columns != table.columns:
        access.law.refresh_columns(access.principal, name, columns)
    access.record([], table_node(name, now), "WRITE")
    old, new = {file.path for file in before.files}, {file.path for file in after.files}
    counts = {
        "num_restored_files": len(new - old),
        "num_removed_files": len(old - new),
        "num_of_files_after_restore": len(new),
        "table_size_after_restore": sum(file.size_bytes for file in after.files),
    }
    return result_of({key: [value] for key, value in counts.items()}, pa.schema([(key, pa.int64()) for key in counts]))


def _target(access: Access, parts: Parts) -> tuple[TableName, Table]:
    name = access.namespace.table(parts)
    table = access.resolve_one(name, Intent.WRITE)
    if table.view is not None:
        raise InvalidInput(f"{name} is a view; it has no files of its own.")
    return name, table
