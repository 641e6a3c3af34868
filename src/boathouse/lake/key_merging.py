# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Merging a frame into a table by its keys, as the engine does it for MERGE."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.lake.arrow_input import Source
from boathouse.lake.changed_rows import value_name
from boathouse.lake.engine import Engine, EngineQuery
from boathouse.lake.merging import Merge, require_unique
from boathouse.lake.rewriting import change_rows
from boathouse.lake.row_changes import (
    CLAUSE,
    FILE,
    ROW,
    SOURCE,
    SOURCE_ROW,
    TARGET,
    ChangeKind,
    ChangeReport,
    Check,
    Clause,
    MergeSource,
    RowChanges,
)
from boathouse.lake.schema import identifier
from boathouse.lake.snapshots import Snapshot, open_snapshot

_FRAME = "__bh_frame"


def merge_frame(
    engine: Engine,
    location: str,
    data: Any,
    how: Merge,
    *,
    checks: tuple[Check, ...] = (),
    read_version: int | None = None,
    commit_info: Mapping[str, str] | None = None,
) -> ChangeReport:
    """Bring rows together with those of the table. The frame is held in memory; the table is not.

    Raises:
        InvalidInput: Two rows of the frame have one key, or match one row.
        SchemaMismatch: The columns differ.
        WriteConflict: Rows were changed since ``read_version``.
    """
    snapshot = open_snapshot(location)
    source = Source(Source(data).table())
    frame = source.fitted(snapshot.arrow_schema, partition_by=snapshot.partition_columns).reader().read_all()
    changes = _changes(snapshot, frame, how, checks)
    return change_rows(engine, location, changes, read_version=read_version, commit_info=commit_info)


def _changes(snapshot: Snapshot, frame: pa.Table, how: Merge, checks: tuple[Check, ...]) -> RowChanges:
    columns = tuple(snapshot.fields)
    met, lone, orphan = f"target.{ROW} IS NOT NULL", f"target.{ROW} IS NULL", f"source.{SOURCE_ROW} IS NULL"
    clauses: list[Clause] = []
    branches: list[str] = []
    if how.not_matched_by_source == "delete":
        branches.append(f"WHEN {orphan} THEN {len(clauses)}")
        clauses.append(Clause(ChangeKind.DELETE))
    if how.matched != "ignore":
        branches.append(f"WHEN {met} AND source.{SOURCE_ROW} IS NOT NULL THEN {len(clauses)}")
        is_update = how.matched == "update"
        clauses.append(Clause(ChangeKind.UPDATE, columns) if is_update else Clause(ChangeKind.DELETE))
    if how.not_matched == "insert":
        branches.append(f"WHEN {lone} THEN {len(clauses)}")
        clauses.append(Clause(ChangeKind.INSERT, columns))
    if not clauses:
        raise InvalidInput("This merge changes nothing whatever the rows are.", hint="Ignore less.")
    values = "".join(f", source.{identifier(name)} AS {value_name(n)}" for n, name in enumerate(columns))
    condition, keys = _condition(frame, how, snapshot)
    side = "FULL" if how.not_matched_by_source == "delete" else "RIGHT"
    sql = (
        f"SELECT target.{FILE}, target.{ROW}, source.{SOURCE_ROW}, CASE {' '.join(branches)} END AS {CLAUSE}{values} "
        f"FROM {TARGET} AS target {side} JOIN {SOURCE} AS source ON {condition}"
    )
    return RowChanges(
        "MERGE",
        EngineQuery(f"SELECT * FROM {_FRAME}", arrow={_FRAME: frame}),
        sql,
        tuple(clauses),
        columns,
        merge=MergeSource(
            keys,
            meets_every_row=how.not_matched_by_source == "delete",
            may_meet_twice=how.matched == "delete",
        ),
        checks=checks,
        parameters={"predicate": condition},
    )


def _condition(frame: pa.Table, how: Merge, snapshot: Snapshot) -> tuple[str, tuple[tuple[str, str], ...]]:
    if isinstance(how.on, str):
        return f"({how.on}\n)", ()
    if not how.on:
        raise InvalidInput("A merge needs at least one column to merge on.")
    for name in how.on:
        if name not in snapshot.fields:
            raise InvalidInput(f"There is no column {name} to merge on.", hint=did_you_mean(name, snapshot.fields))
    require_unique(frame, how.on)
    equal = " AND ".join(f"target.{identifier(name)} = source.{identifier(name)}" for name in how.on)
    return equal, tuple((name, identifier(name)) for name in how.on)
