# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The later steps of a rewrite: data files and change files, from the rows that are known to change."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from boathouse.foundation.errors import InvalidInput
from boathouse.lake.changed_rows import CHANGED, value_name
from boathouse.lake.duckdb_views import snapshot_sql
from boathouse.lake.file_actions import WrittenFile, partition_folder, partition_text
from boathouse.lake.locations import local_path
from boathouse.lake.row_changes import CLAUSE, FILE, ROW, ChangeKind, RowChanges
from boathouse.lake.schema import duckdb_type, identifier, literal
from boathouse.lake.snapshots import Snapshot
from boathouse.lake.storage_format import TARGET_FILE_BYTES
from boathouse.lake.typed_macros import lay_rules

_COPY = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, RETURN_STATS true, USE_TMP_FILE false"
_CHANGE_FOLDER = "_change_data"
_KIND = "_change_type"


class BrokenConstraint(InvalidInput):
    """A row that a CHECK constraint of the table forbids."""

    def __init__(self, name: str, written: str, row: str) -> None:
        super().__init__(
            f"The constraint {name} ({written}) forbids the row {row}; nothing was changed.",
            hint="Correct the statement, or drop the constraint: ALTER TABLE ... DROP CONSTRAINT.",
        )


@dataclass(frozen=True, slots=True)
class ChangeWriter:
    """Writes files of one commit."""

    connection: Any
    snapshot: Snapshot
    changes: RowChanges

    def groups(self, numbers: Sequence[int]) -> Iterator[list[int]]:
        """The files that are written anew together: of one partition, and together no larger than a file should be."""
        group: list[int] = []
        size, partition = 0, None
        by_partition = sorted(numbers, key=lambda number: (repr(self.snapshot.files[number].partition), number))
        for number in by_partition:
            file = self.snapshot.files[number]
            if group and (file.partition != partition or size + file.size_bytes > TARGET_FILE_BYTES):
                yield group
                group, size = [], 0
            group.append(number)
            size, partition = size + file.size_bytes, file.partition
        if group:
            yield group

    def check(self, touched: Sequence[int]) -> None:
        """Hold the rows that are written against the table's constraints; one that is neither true nor false is broken.

        Raises:
            BrokenConstraint: Names the constraint and one row.
        """
        for each in self.changes.checks:
            if not self._writes_rows:
                return
            lay_rules(self.connection, each.sql)
            bad = self.connection.execute(
                f"SELECT to_json(row_written)::VARCHAR FROM ({self._written_rows(touched)}) AS row_written "
                f"WHERE ({each.sql}) IS NOT TRUE LIMIT 1"
            ).fetchall()
            if bad:
                raise BrokenConstraint(each.name, each.written, bad[0][0])

    def rewrite(self, group: Sequence[int], written: list[WrittenFile]) -> None:
        """Write the rows of some files anew: those that stay, and those that are updated where they are."""
        first = self.snapshot.files[group[0]]
        partition = {name: partition_text(first.partition.get(name)) for name in self.snapshot.partition_columns}
        updates = [] if self._moves_rows else self._clauses(ChangeKind.UPDATE)
        kept = f"c.{CLAUSE} IS NULL" + (f" OR c.{CLAUSE} IN {_numbers(updates)}" if updates else "")
        rows = (
            f"SELECT {self._new_columns('t', 'c', updates, stored=True)} FROM ({self._old(group)}) AS t LEFT JOIN "
            f"(SELECT * FROM {CHANGED} WHERE {FILE} IN {_numbers(group)}) AS c "
            f"ON t.{FILE} = c.{FILE} AND t.{ROW} = c.{ROW} WHERE {kept}"
        )
        self._copy(rows, Path(first.path).parent, partition, written)

    def write_new(self, touched: Sequence[int], written: list[WrittenFile]) -> None:
        """Write the rows that are new, or that an update has moved to another partition."""
        selects: list[str] = []
        if inserts := self._clauses(ChangeKind.INSERT):
            selects.append(self._inserted(inserts))
        if self._moves_rows and touched:
            selects.append(self._updated(touched))
        if selects:
            self._copy_by_partition(" UNION ALL ".join(selects), "", written)

    def write_feed(self, touched: Sequence[int], written: list[WrittenFile]) -> None:
        """Write what the change feed says of this commit."""
        changed = "__boathouse_before"
        values = "".join(f", c.{value_name(position)}" for position in range(len(self.changes.columns)))
        self.connection.execute(
            f"CREATE TEMP TABLE {changed} AS SELECT t.*, c.{CLAUSE}{values} FROM ({self._old(touched)}) AS t JOIN "
            f"{CHANGED} AS c ON t.{FILE} = c.{FILE} AND t.{ROW} = c.{ROW}"
        )
        columns = ", ".join(identifier(name) for name in self.snapshot.fields)
        deletes, updates = self._clauses(ChangeKind.DELETE), self._clauses(ChangeKind.UPDATE)
        selects: list[str] = []
        for clauses, spelled in ((deletes, "delete"), (updates, "update_preimage")):
            if clauses:
                selects.append(
                    f"SELECT {columns}, {literal(spelled)} AS {_KIND} FROM {changed} "
                    f"WHERE {CLAUSE} IN {_numbers(clauses)}"
                )
        if updates:
            new = self._new_columns("b", "b", updates)
            selects.append(
                f"SELECT {new}, 'update_postimage' AS {_KIND} FROM {changed} AS b "
                f"WHERE b.{CLAUSE} IN {_numbers(updates)}"
            )
        if inserts := self._clauses(ChangeKind.INSERT):
            selects.append(f"SELECT *, 'insert' AS {_KIND} FROM ({self._inserted(inserts)})")
        self._copy_by_partition(" UNION ALL ".join(selects), _CHANGE_FOLDER, written, beside=(_KIND,))

    @property
    def _moves_rows(self) -> bool:
        """Whether an update sets a column that the table is partitioned by."""
        moving = set(self.snapshot.partition_columns)
        return any(clause.kind is ChangeKind.UPDATE and moving & set(clause.columns) for clause in self.changes.clauses)

    @property
    def _writes_rows(self) -> bool:
        return any(clause.kind is not ChangeKind.DELETE for clause in self.changes.clauses)

    def _clauses(self, kind: ChangeKind) -> list[int]:
        return [number for number, clause in enumerate(self.changes.clauses) if clause.kind is kind]

    def _old(self, numbers: Sequence[int]) -> str:
        """The rows of some files as they are, with their places."""
        return snapshot_sql(self.snapshot, [self.snapshot.files[number] for number in numbers], places=list(numbers))

    def _new_columns(self, old: str, change: str, updates: Sequence[int], *, stored: bool = False) -> str:
        """The columns after the updates: of relation ``old``, unless relation ``change`` has a new value."""
        columns: list[str] = []
        for name in self.snapshot.fields:
            if stored and name in self.snapshot.partition_columns:
                continue
            column = identifier(name)
            setters = [number for number in updates if name in self.changes.clauses[number].columns]
            if not setters:
                columns.append(f"{old}.{column}")
                continue
            new = f"{change}.{value_name(self.changes.columns.index(name))}"
            columns.append(
                f"CASE WHEN {change}.{CLAUSE} IN {_numbers(setters)} THEN {new} ELSE {old}.{column} END AS {column}"
            )
        return ", ".join(columns)

    def _updated(self, touched: Sequence[int]) -> str:
        updates = self._clauses(ChangeKind.UPDATE)
        return (
            f"SELECT {self._new_columns('t', 'c', updates)} FROM ({self._old(touched)}) AS t JOIN {CHANGED} AS c "
            f"ON t.{FILE} = c.{FILE} AND t.{ROW} = c.{ROW} WHERE c.{CLAUSE} IN {_numbers(updates)}"
        )

    def _inserted(self, inserts: Sequence[int]) -> str:
        columns: list[str] = []
        for name, kind in self.snapshot.fields.items():
            setters = [number for number in inserts if name in self.changes.clauses[number].columns]
            value = f"NULL::{duckdb_type(kind)}"
            if setters:
                new = value_name(self.changes.columns.index(name))
                value = f"CASE WHEN {CLAUSE} IN {_numbers(setters)} THEN {new} END"
            columns.append(f"{value} AS {identifier(name)}")
        return f"SELECT {', '.join(columns)} FROM {CHANGED} WHERE {CLAUSE} IN {_numbers(inserts)}"

    def _written_rows(self, touched: Sequence[int]) -> str:
        selects: list[str] = []
        if self._clauses(ChangeKind.UPDATE) and touched:
            selects.append(self._updated(touched))
        if inserts := self._clauses(ChangeKind.INSERT):
            selects.append(self._inserted(inserts))
        return " UNION ALL ".join(selects) or f"{self._inserted([-1])}"

    def _copy_by_partition(
        self, rows: str, folder: str, written: list[WrittenFile], *, beside: Sequence[str] = ()
    ) -> None:
        """Write rows of any partition, one file for each."""
        root = local_path(self.snapshot.location) / folder
        names = self.snapshot.partition_columns
        if not names:
            self._copy(rows, root, {}, written)
            return
        staged = f"__boathouse_rows_{uuid4().hex}"
        self.connection.execute(f"CREATE TEMP TABLE {staged} AS {rows}")
        texts = ", ".join(f"CAST({identifier(name)} AS VARCHAR)" for name in names)
        columns = [name for name in (*self.snapshot.fields, *beside) if name not in names]
        shown = ", ".join(identifier(name) for name in columns)
        for values in self.connection.execute(f"SELECT DISTINCT {texts} FROM {staged} ORDER BY ALL").fetchall():
            partition = {
                name: _in_log(value, self.snapshot.fields[name]) for name, value in zip(names, values, strict=True)
            }
            same = " AND ".join(
                f"CAST({identifier(name)} AS VARCHAR) IS NOT DISTINCT FROM {_text(value)}"
                for name, value in zip(names, values, strict=True)
            )
            place = root / partition_folder(partition)
            self._copy(f"SELECT {shown} FROM {staged} WHERE {same}", place, partition, written)

    def _copy(self, rows: str, folder: Path, partition: dict[str, str | None], written: list[WrittenFile]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"part-{uuid4()}.zstd.parquet"
        file = WrittenFile(path, partition, 0, 0, {})
        written.append(file)  # so that it is removed when writing fails
        answer = self.connection.execute(f"COPY ({rows}) TO {literal(str(path))} ({_COPY})").fetchall()
        written.pop()
        for _, count, size, _, columns, *_ in answer:
            if count:
                written.append(WrittenFile(path, partition, count, size, columns))
            else:
                path.unlink(missing_ok=True)


def _numbers(numbers: Sequence[int]) -> str:
    return f"({', '.join(map(str, numbers))})"


def _text(value: str | None) -> str:
    return "NULL" if value is None else literal(value)


def _in_log(text: str | None, kind: str) -> str | None:
    """A partition value that the engine has spelled, as the log spells it."""
    if text is not None and kind == "timestamp":
        return text.removesuffix("+00")
    return text or None


__all__ = ["BrokenConstraint", "ChangeWriter"]
