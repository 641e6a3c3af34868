# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The first step of a rewrite: which rows change, where they stand, and what they become."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from boathouse.foundation.errors import InvalidInput
from boathouse.lake.assignment import assigned, required
from boathouse.lake.duckdb_views import snapshot_sql
from boathouse.lake.engine import Workbench
from boathouse.lake.pruning import Condition, needed_files, value_condition
from boathouse.lake.row_changes import (
    CLAUSE,
    FILE,
    ROW,
    SOURCE,
    SOURCE_ROW,
    TARGET,
    ChangeKind,
    MergeSource,
    RowChanges,
)
from boathouse.lake.select_guard import parse_select
from boathouse.lake.snapshots import DataFile, Snapshot
from boathouse.lake.typed_macros import lay_rules

CHANGED = "__boathouse_changed"
"""The temporary table of the rows that change."""


class AmbiguousMerge(InvalidInput):
    """Several rows of a merge's source want to change one row of the table."""

    def __init__(self) -> None:
        super().__init__(
            "Several rows of the source match one row of the table; nothing was changed.",
            hint="Keep one source row per match, for example by row_number() over the key, or narrow the ON.",
        )


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """How many rows of a file change."""

    updated: int
    deleted: int

    def is_emptied(self, file: DataFile) -> bool:
        return not self.updated and self.deleted == file.row_count


@dataclass(frozen=True, slots=True)
class Changed:
    """The rows that change, counted."""

    files: Mapping[int, ChangedFile] = field(default_factory=dict[int, ChangedFile])
    """By the number of the file in the snapshot."""
    inserted: int = 0

    @property
    def updated(self) -> int:
        return sum(file.updated for file in self.files.values())

    @property
    def deleted(self) -> int:
        return sum(file.deleted for file in self.files.values())

    @property
    def total(self) -> int:
        return self.updated + self.deleted + self.inserted


def value_name(position: int) -> str:
    """The column of :data:`CHANGED` that holds what the position-th changed column becomes."""
    return f"_boathouse_value_{position}"


def find_changed_rows(bench: Workbench, snapshot: Snapshot, changes: RowChanges) -> Changed:
    """Fill the temporary table.

    Raises:
        InvalidInput: A value does not fit its column.
        AmbiguousMerge: Two source rows want to change one row.
    """
    connection, parameters = bench.connection, changes.sources.parameters
    parsed = bench.parsed
    lay_rules(connection, changes.sql)
    if changes.merge is not None:
        connection.execute(
            f"CREATE TEMP TABLE {SOURCE} AS SELECT *, row_number() OVER () AS {SOURCE_ROW} "
            f"FROM ({changes.sources.sql}) AS merged",
            parameters,
        )
        parsed = parse_select(connection, changes.sql, {TARGET, SOURCE})
        numbers = _files_to_merge(bench, snapshot, changes, changes.merge)
    else:
        wanted = {file.path for file in needed_files(parsed, TARGET, snapshot, parameters)}
        numbers = [number for number, file in enumerate(snapshot.files) if file.path in wanted]
    files = [snapshot.files[number] for number in numbers]
    rows = snapshot_sql(snapshot, files, only=parsed.columns, places=numbers)
    connection.execute(f"CREATE TEMP VIEW {TARGET} AS {rows}")
    used = _used_parameters(changes.sql, parameters)
    columns = ", ".join(_columns(connection.sql(changes.sql, params=used), snapshot, changes))
    lay_rules(connection, columns)
    connection.execute(
        f"CREATE TEMP TABLE {CHANGED} AS SELECT {columns} FROM ({changes.sql}) AS found WHERE {CLAUSE} IS NOT NULL",
        used,
    )
    if changes.merge is not None:
        _settle_repeated(connection, changes.merge)
    return _counted(connection, changes)


def _used_parameters(sql: str, parameters: Any) -> Any:
    """DuckDB refuses values that a text does not use; a merge has two texts."""
    if not isinstance(parameters, Mapping):
        return parameters
    return {name: value for name, value in parameters.items() if f"${name}" in sql} or None


def _columns(relation: Any, snapshot: Snapshot, changes: RowChanges) -> list[str]:
    """The columns of the temporary table: where, which clause, and the values as their columns have them."""
    kinds = dict(zip(relation.columns, map(str, relation.types), strict=True))
    columns = [f"CAST({FILE} AS INTEGER) AS {FILE}", f"CAST({ROW} AS BIGINT) AS {ROW}"]
    if changes.merge is not None:
        columns.append(SOURCE_ROW)
    columns.append(f"CAST({CLAUSE} AS SMALLINT) AS {CLAUSE}")
    never_null, partitions = set(snapshot.required_columns), set(snapshot.partition_columns)
    for position, name in enumerate(changes.columns):
        value = value_name(position)
        new = assigned(value, kinds[value], name, snapshot.fields[name])
        if name in never_null:
            setters = [
                str(n) for n, clause in enumerate(changes.clauses) if _must_be_there(clause.kind, name, clause.columns)
            ]
            # Delta stores the empty text as null in a partition column, and then the table cannot be read any more.
            stored = f"nullif({new}, '')" if snapshot.fields[name] == "string" and name in partitions else new
            new = required(stored, name, f"{CLAUSE} IN ({', '.join(setters)})") if setters else new
        columns.append(f"{new} AS {value}")
    _require_all_required(snapshot, changes)
    return columns


def _must_be_there(kind: ChangeKind, name: str, columns: Sequence[str]) -> bool:
    return kind is ChangeKind.INSERT or (kind is ChangeKind.UPDATE and name in columns)


def _require_all_required(snapshot: Snapshot, changes: RowChanges) -> None:
    inserts = any(clause.kind is ChangeKind.INSERT for clause in changes.clauses)
    for name in snapshot.required_columns if inserts else ():
        if name not in changes.columns:
            raise InvalidInput(f"Column {name} must not be null, but the INSERT does not set it.")


def _files_to_merge(bench: Workbench, snapshot: Snapshot, changes: RowChanges, merge: MergeSource) -> list[int]:
    """The files that may hold a row which some source row meets."""
    numbers = list(range(len(snapshot.files)))
    if merge.meets_every_row or len(numbers) < 2:
        return numbers
    if merge.condition is not None:
        parsed = parse_select(bench.connection, merge.condition, {TARGET})
        wanted = {file.path for file in needed_files(parsed, TARGET, snapshot, changes.sources.parameters)}
        numbers = [number for number in numbers if snapshot.files[number].path in wanted]
    for condition in _key_conditions(bench, snapshot, merge):
        numbers = [number for number in numbers if condition.may_hold_in(snapshot.files[number])]
    return numbers


def _key_conditions(bench: Workbench, snapshot: Snapshot, merge: MergeSource) -> Iterator[Condition]:
    """Between the least and the greatest key of the source."""
    for column, key in merge.keys:
        (edges,) = bench.connection.execute(
            f"SELECT min({key}), max({key}) FROM {SOURCE} WHERE typeof({key}) NOT LIKE 'TIMESTAMP%'"
        ).fetchall()
        for operator, edge in zip((">=", "<="), edges, strict=True):
            condition = None if edge is None else value_condition(snapshot, column, operator, edge)
            if condition is not None:
                yield condition


def _settle_repeated(connection: Any, merge: MergeSource) -> None:
    repeated = connection.execute(
        f"SELECT 1 FROM {CHANGED} WHERE {FILE} IS NOT NULL AND {SOURCE_ROW} IS NOT NULL "
        f"GROUP BY {FILE}, {ROW} HAVING count(*) > 1 LIMIT 1"
    ).fetchall()
    if not repeated:
        return
    if not merge.may_meet_twice:
        raise AmbiguousMerge()
    connection.execute(
        f"DELETE FROM {CHANGED} WHERE {FILE} IS NOT NULL AND rowid NOT IN "
        f"(SELECT min(rowid) FROM {CHANGED} WHERE {FILE} IS NOT NULL GROUP BY {FILE}, {ROW})"
    )


def _counted(connection: Any, changes: RowChanges) -> Changed:
    kinds = [clause.kind for clause in changes.clauses]
    files: dict[int, dict[ChangeKind, int]] = {}
    inserted = 0
    for number, clause, count in connection.execute(
        f"SELECT {FILE}, {CLAUSE}, count(*) FROM {CHANGED} GROUP BY ALL"
    ).fetchall():
        if kinds[clause] is ChangeKind.INSERT:
            inserted += count
        else:
            of_file = files.setdefault(number, {})
            of_file[kinds[clause]] = of_file.get(kinds[clause], 0) + count
    counted = {
        number: ChangedFile(counts.get(ChangeKind.UPDATE, 0), counts.get(ChangeKind.DELETE, 0))
        for number, counts in files.items()
    }
    return Changed(counted, inserted)
