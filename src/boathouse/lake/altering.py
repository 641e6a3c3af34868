# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Changing what a table's log says of the table, not its rows: columns, comments, properties, constraints.

delta-rs does what it can; what it has no verb for is a commit of our own with the changed metadata.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable
from deltalake import Schema as DeltaSchema
from deltalake.exceptions import DeltaError

from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.lake.arrow_input import storable_schema
from boathouse.lake.commits import REWRITE_ROUNDS, commit_rewrite
from boathouse.lake.errors import WriteConflict
from boathouse.lake.landing import Entry, land, require_writable
from boathouse.lake.locations import as_url
from boathouse.lake.snapshots import Snapshot, open_snapshot, open_table

CONSTRAINT = "delta.constraints."

_SETTABLE = {
    "delta.appendOnly",
    "delta.checkpointInterval",
    "delta.dataSkippingNumIndexedCols",
    "delta.deletedFileRetentionDuration",
    "delta.enableChangeDataFeed",
    "delta.logRetentionDuration",
    "delta.targetFileSize",
}
"""Properties of Delta that may be set; the others belong to features that not every reader of ours masters."""

Info = Mapping[str, str] | None


def add_columns(location: str, columns: pa.Schema, *, commit_info: Info = None) -> int:
    """Add columns at the end; they are null in the rows that are there.

    Raises:
        InvalidInput: There is such a column, or it could not be null.
    """

    def attempt(table: DeltaTable, commit: CommitProperties) -> None:
        known = {name.lower(): name for name in pa.schema(table.schema().to_arrow()).names}
        for field in columns:
            if field.name.lower() in known:
                raise InvalidInput(f"There is a column {known[field.name.lower()]} already.")
            if not field.nullable:
                raise InvalidInput(
                    f"The new column {field.name} cannot be NOT NULL: in the rows that are there it is null.",
                    hint="Add it, fill it with UPDATE, then ALTER COLUMN ... SET NOT NULL.",
                )
        table.alter.add_columns(DeltaSchema.from_arrow(storable_schema(columns)).fields, commit_properties=commit)

    return commit_rewrite(as_url(location), attempt, info=commit_info)


def comment_column(location: str, column: str, comment: str, *, commit_info: Info = None) -> int:
    """Change the comment of a column."""

    def change(metadata: dict[str, Any]) -> None:
        _field(metadata, column)["metadata"]["comment"] = comment

    return _change_metadata(location, "CHANGE COLUMN", change, commit_info)


def require_column(location: str, column: str, *, required: bool, commit_info: Info = None) -> int:
    """Say whether a column may be null; that it is null nowhere is the caller's to know.

    Lands only if no row was changed since the snapshot was opened.
    """

    def change(metadata: dict[str, Any]) -> None:
        _field(metadata, column)["nullable"] = not required

    return _change_metadata(location, "CHANGE COLUMN", change, commit_info)


def set_properties(location: str, properties: Mapping[str, str], *, commit_info: Info = None) -> int:
    """Set properties of the table; those whose names do not begin with ``delta.`` are the user's own.

    Raises:
        InvalidInput: One is not for users to set.
    """
    for name in properties:
        _require_settable(name)

    def attempt(table: DeltaTable, commit: CommitProperties) -> None:
        table.alter.set_table_properties(dict(properties), raise_if_not_exists=False, commit_properties=commit)

    return commit_rewrite(as_url(location), attempt, info=commit_info)


def unset_properties(location: str, names: Sequence[str], *, if_exists: bool, commit_info: Info = None) -> int:
    """Take properties away.

    Raises:
        InvalidInput: One is not there, or not for users to unset.
    """
    for name in names:
        _require_settable(name)

    def change(metadata: dict[str, Any]) -> None:
        for name in names:
            if metadata["configuration"].pop(name, None) is None and not if_exists:
                raise InvalidInput(
                    f"The table has no property {name}.", hint=did_you_mean(name, metadata["configuration"])
                )

    return _change_metadata(location, "UNSET TBLPROPERTIES", change, commit_info)


def add_constraint(location: str, name: str, condition: str, *, commit_info: Info = None) -> int:
    """Add a CHECK constraint; every row that is there must fulfil it.

    Raises:
        InvalidInput: One does not, or there is a constraint of that name.
    """

    def attempt(table: DeltaTable, commit: CommitProperties) -> None:
        if f"{CONSTRAINT}{name.lower()}" in {key.lower() for key in table.metadata().configuration}:
            raise InvalidInput(f"There is a constraint {name} already.", hint="Drop it first.")
        try:
            table.alter.add_constraint({name: condition}, commit_properties=commit)
        except DeltaError as error:
            if "convert expression" not in str(error):
                raise
            # Appends are checked by delta-rs, so what it cannot keep would not be kept.
            raise InvalidInput(
                f"The constraint {name} ({condition}) calls a function, which not every writer could check.",
                hint="Compare columns with each other and with constants.",
            ) from error

    return commit_rewrite(as_url(location), attempt, info=commit_info)


def drop_constraint(location: str, name: str, *, if_exists: bool, commit_info: Info = None) -> int:
    """Drop a CHECK constraint.

    Raises:
        InvalidInput: There is none of that name.
    """

    def change(metadata: dict[str, Any]) -> None:
        names = {key.removeprefix(CONSTRAINT).lower(): key for key in metadata["configuration"] if CONSTRAINT in key}
        key = names.get(name.lower())
        if key is not None:
            del metadata["configuration"][key]
        elif not if_exists:
            raise InvalidInput(f"There is no constraint {name}.", hint=did_you_mean(name.lower(), names))

    return _change_metadata(location, "DROP CONSTRAINT", change, commit_info)


def _change_metadata(location: str, operation: str, change: Callable[[dict[str, Any]], None], commit_info: Info) -> int:
    location = as_url(location)
    for _ in range(REWRITE_ROUNDS):
        snapshot = open_snapshot(location)
        table = open_table(location, snapshot.version)
        require_writable(snapshot, table)
        before = _metadata(snapshot, table)
        after = json.loads(json.dumps(before))
        change(after)
        if after == before:
            return snapshot.version
        after["schemaString"] = json.dumps(after.pop("schema"), separators=(",", ":"))
        entry = Entry(operation, [{"metaData": after}], frozenset(), {}, {}, commit_info or {})
        version = land(snapshot, entry, alone=True)
        if version is not None:
            return version
    raise WriteConflict(f"The table at {location} is changed by others so often that it could not be altered.")


def _metadata(snapshot: Snapshot, table: DeltaTable) -> dict[str, Any]:
    found = table.metadata()
    return {
        "id": str(found.id),
        "name": found.name,
        "description": found.description,
        "format": {"provider": "parquet", "options": {}},
        "schema": json.loads(snapshot.schema_json),
        "partitionColumns": list(found.partition_columns),
        "createdTime": found.created_time,
        "configuration": dict(found.configuration),
    }


def _field(metadata: Mapping[str, Any], column: str) -> dict[str, Any]:
    fields = {field["name"].lower(): field for field in metadata["schema"]["fields"]}
    if column.lower() not in fields:
        raise InvalidInput(f"There is no column {column}.", hint=did_you_mean(column.lower(), fields))
    return fields[column.lower()]


def _require_settable(name: str) -> None:
    if name.startswith("delta.") and name not in _SETTABLE:
        raise InvalidInput(
            f"The property {name} cannot be set or unset.",
            hint=did_you_mean(name, _SETTABLE) or f"Of Delta's own there are {', '.join(sorted(_SETTABLE))}.",
        )
