# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The rows of a feature table at one version, a row group at a time.

A join reads a table twice: keys and clocks first, then the values of the rows that somebody gets. So it has to find a
row again, and reads the Parquet files itself; the engine steps in where the files alone do not say what the rows are.
"""

import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from boathouse.foundation.names import TableName
from boathouse.lake import DamagedTable, DataFile, Snapshot
from boathouse.lake.engine import Engine
from boathouse.session.opened import OpenTable

BLOCK_BYTES = 1 << 26
"""What one reading step may hold, about."""

MayHold = Callable[[DataFile], bool]
"""Whether a file, or a part of it, may hold rows that are wanted; judged by its least and greatest values."""


@dataclass(frozen=True, slots=True)
class FeatureRows:
    """An opened feature table, and the engine that reads what its Parquet files alone do not say."""

    name: TableName
    snapshot: Snapshot
    engine: Engine

    @classmethod
    def of(cls, opened: OpenTable, engine: Engine) -> "FeatureRows":
        return cls(opened.name, opened.snapshot, engine)

    @property
    def version(self) -> int:
        return self.snapshot.version

    @property
    def schema(self) -> pa.Schema:
        return self.snapshot.arrow_schema

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """All rows, as the engine streams them."""
        yield from self.engine.scan(self.snapshot, columns).reader()

    @contextmanager
    def groups(self, columns: Sequence[str], may_hold: MayHold) -> Generator["RowGroups"]:
        """The row groups that may hold wanted rows, in the order of the table: files by their paths.

        Raises:
            DamagedTable: A file is missing or broken.
        """
        kinds = {name: self.schema.field(name).type for name in columns}
        files = sorted(self.snapshot.files, key=lambda file: file.path)
        if not self.snapshot.needs_delta_reader and not any(pa.types.is_nested(kind) for kind in kinds.values()):
            yield RowGroups.of(self, kinds, files, may_hold)
            return
        wanted = [file for file in files if may_hold(file)]
        source = self.snapshot if self.snapshot.needs_delta_reader else self.snapshot.of_files(wanted)
        with tempfile.TemporaryDirectory(prefix="boathouse-features-") as folder:
            copy = DataFile(str(Path(folder) / "rows.parquet"), 0, None, {})
            with pq.ParquetWriter(copy.path, pa.schema(list(kinds.items())), compression="lz4") as writer:
                for batch in self.engine.scan(source, list(kinds)).reader():
                    writer.write_batch(batch.cast(writer.schema))
            groups = RowGroups.of(self, kinds, [copy], may_hold)
            yield (
                groups
                if self.snapshot.needs_delta_reader
                else replace(groups, files_read=len(wanted), files_total=len(files))
            )


@dataclass(frozen=True)
class RowGroups:
    """What is read of a table."""

    parts: "list[RowGroup]"
    kinds: dict[str, pa.DataType]
    """The types of the columns, as the table has them."""
    files_read: int
    files_total: int

    @cached_property
    def places(self) -> list[int]:
        """Where each part begins in the table; one more at the end."""
        return [0, *accumulate(part.rows for part in self.parts)]

    @classmethod
    def of(
        cls, rows: FeatureRows, kinds: dict[str, pa.DataType], files: Sequence[DataFile], may_hold: MayHold
    ) -> "RowGroups":
        parts: list[RowGroup] = []
        read = set[str]()
        for file in files:
            if not may_hold(file):
                continue
            opened = _ParquetFile(rows.name, file, kinds)
            for group in range(opened.metadata.num_row_groups):
                if may_hold(opened.bounds(group)):
                    parts.append(RowGroup(opened, group, opened.metadata.row_group(group).num_rows))
                    read.add(file.path)
        return cls(parts, kinds, len(read), len(files))


@dataclass(frozen=True, slots=True)
class RowGroup:
    """A part of a file that can be read by itself."""

    file: "_ParquetFile"
    group: int
    rows: int

    def batches(self, columns: Sequence[str], block_bytes: int = BLOCK_BYTES) -> Generator[tuple[int, pa.RecordBatch]]:
        """Some columns of all its rows, with the position of each batch's first row."""
        first = 0
        for batch in self.file.batches(self.group, columns, block_bytes):
            yield first, batch
            first += batch.num_rows

    def bounds_of(self, column: str) -> tuple[Any, Any] | None:
        """The least and the greatest value of a column; None where the file does not tell."""
        return self.file.bounds_of(self.group, column)

    def bytes_of(self, column: str) -> int:
        """How much a column is, about, in memory."""
        return self.file.bytes_of(self.group, column)


@dataclass(frozen=True)
class _ParquetFile:
    """A file of a table, as the table sees it: columns that it lacks are null, those of its folder are constant."""

    table: TableName
    file: DataFile
    kinds: dict[str, pa.DataType] = field(repr=False)

    @cached_property
    def metadata(self) -> pq.FileMetaData:
        with self._explained():
            return pq.read_metadata(self.file.path)

    @cached_property
    def _positions(self) -> dict[str, int]:
        schema = self.metadata.schema
        return {schema.column(position).path: position for position in range(len(schema))}

    @cached_property
    def _stored(self) -> frozenset[str]:
        return frozenset(self.metadata.schema.to_arrow_schema().names)

    def bytes_of(self, group: int, column: str) -> int:
        rows = self.metadata.row_group(group)
        kind = self.kinds[column]
        width = 8 * rows.num_rows if pa.types.is_primitive(kind) else 0
        stored = [
            rows.column(position).total_uncompressed_size
            for path, position in self._positions.items()
            if path == column or path.startswith(f"{column}.")
        ]
        # Texts in a dictionary are stored once, but take their place in each row.
        return max([width, *(4 * size if not width else size for size in stored)])

    def bounds(self, group: int) -> DataFile:
        """A row group as a file of its own, with the least and greatest values that are stored for it."""
        rows = self.metadata.row_group(group).num_rows
        bounds = {name: found for name in self.kinds if (found := self.bounds_of(group, name)) is not None}
        least = {name: low for name, (low, _) in bounds.items()}
        greatest = {name: high for name, (_, high) in bounds.items()}
        return DataFile(self.file.path, 0, rows, self.file.partition, least, greatest)

    def bounds_of(self, group: int, column: str) -> tuple[Any, Any] | None:
        position, kind = self._positions.get(column), self.kinds[column]
        if position is None or not _has_bounds(kind):
            return None
        statistics = self.metadata.row_group(group).column(position).statistics
        if statistics is None or not statistics.has_min_max:
            return None
        try:
            low, high = (_bound(value, kind) for value in (statistics.min, statistics.max))
        except OverflowError:  # an instant or a date so far away that Python has none
            return None
        return None if low is None or high is None else (low, high)

    def batches(self, group: int, columns: Sequence[str], block_bytes: int) -> Generator[pa.RecordBatch]:
        stored = [name for name in columns if name in self._stored and name not in self.file.partition]
        rows = self.metadata.row_group(group).num_rows
        size = sum(self.bytes_of(group, name) for name in stored)
        with self._explained():
            source = pq.ParquetFile(self.file.path, metadata=self.metadata, coerce_int96_timestamp_unit="us")
            with source:
                if not stored:
                    yield self._batch(columns, {}, rows)
                elif size <= block_bytes:
                    read = source.read_row_group(group, columns=stored, use_threads=False).combine_chunks()
                    yield self._batch(columns, {name: _flat(read.column(name)) for name in stored}, rows)
                else:
                    step = max(1, rows * block_bytes // size)
                    for batch in source.iter_batches(step, row_groups=[group], columns=stored, use_threads=False):
                        yield self._batch(
                            columns, dict(zip(batch.schema.names, batch.columns, strict=True)), len(batch)
                        )

    def _batch(self, columns: Sequence[str], read: dict[str, pa.Array], rows: int) -> pa.RecordBatch:
        return pa.record_batch({name: self._column(name, read, rows) for name in columns})

    def _column(self, name: str, read: dict[str, pa.Array], rows: int) -> pa.Array:
        kind = self.kinds[name]
        if name in self.file.partition:
            return pa.repeat(pa.scalar(self.file.partition[name], kind), rows)
        if name not in read:
            return pa.nulls(rows, kind)
        return read[name] if read[name].type == kind else read[name].cast(kind)

    @contextmanager
    def _explained(self) -> Generator[None]:
        try:
            yield
        except (OSError, pa.ArrowException) as error:
            raise DamagedTable(
                f"A data file of table {self.table} cannot be read: {' '.join(str(error).split())}.",
                hint="If it was vacuumed, read a newer version; otherwise restore it from a backup.",
            ) from error


def _flat(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [pa.array([], column.type)])


def _has_bounds(kind: pa.DataType) -> bool:
    return (
        pa.types.is_integer(kind)
        or pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_date(kind)
        or pa.types.is_timestamp(kind)
    )


def _bound(value: Any, kind: pa.DataType) -> Any:
    """A value of a file's statistics as the log would have it; None for one of another type than the table's."""
    if pa.types.is_timestamp(kind):
        if type(value) is not datetime:
            return None
        instant = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return instant if kind.tz else instant.replace(tzinfo=None)
    expected = date if pa.types.is_date(kind) else int if pa.types.is_integer(kind) else str
    return value if type(value) is expected else None
