# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The rows of a statement as files: one Arrow stream per chunk, written while the query runs, never all in memory."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from boathouse.catalog.columns import columns_from_delta
from boathouse.foundation.errors import Unavailable
from boathouse.foundation.home import Home
from boathouse.session.statements.nouns import Chunk, Disposition, Json, Outcome, StatementRequest

CHUNK_BYTES = 4 << 20
"""About how much one chunk holds."""
CHUNK_ROWS = 100_000


class ResultStore:
    """The folder of results; each statement has one of its own."""

    def __init__(self, home: Home) -> None:
        self._folder = home.root / "results"

    def folder(self, statement_id: str) -> Path:
        return self._folder / statement_id

    def chunk_file(self, statement_id: str, index: int) -> Path:
        return self.folder(statement_id) / f"{index}.arrow"

    def read(self, statement_id: str, index: int) -> pa.Table:
        """The rows of a chunk."""
        with pa.OSFile(str(self.chunk_file(statement_id, index))) as file, pa.ipc.open_stream(file) as stream:
            return stream.read_all()

    def remove(self, statement_id: str) -> None:
        shutil.rmtree(self.folder(statement_id), ignore_errors=True)

    def ids(self) -> list[str]:
        """The statements that have results."""
        return [path.name for path in self._folder.iterdir()] if self._folder.exists() else []


def write_chunks(folder: Path, reader: pa.RecordBatchReader, request: StatementRequest) -> Outcome:
    """Write the rows of a query into files as they come.

    Raises:
        Unavailable: There are more than the disposition allows, and nobody asked to have them cut.
    """
    folder.mkdir(parents=True, exist_ok=True)
    chunks: list[Chunk] = []
    truncated = False
    rows, used = 0, 0
    for table in _gathered(reader):
        room = None if request.row_limit is None else request.row_limit - rows
        if room is not None and table.num_rows > room:
            table, truncated = table.slice(0, room), True
        size = table.nbytes
        if used + size > request.most_bytes:
            if request.byte_limit is None:
                raise _too_large(request)
            table, truncated = table.slice(0, _fitting(table, request.most_bytes - used)), True
            size = table.nbytes
        if table.num_rows:
            chunks.append(_write(folder, len(chunks), rows, table))
        rows, used = rows + table.num_rows, used + size
        if truncated:
            break
    if not chunks:
        chunks.append(_write(folder, 0, 0, reader.schema.empty_table()))
    return Outcome(described(reader.schema), tuple(chunks), truncated)


def described(schema: pa.Schema) -> tuple[Json, ...]:
    """The columns with Databricks' names of types."""
    return tuple(_column(field, position) for position, field in enumerate(schema))


def _gathered(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """The batches, put together and cut into pieces of about a chunk."""
    waiting: list[pa.RecordBatch] = []
    for batch in reader:
        for piece in _pieces(batch):
            waiting.append(piece)
            size, rows = sum(each.nbytes for each in waiting), sum(each.num_rows for each in waiting)
            if size >= CHUNK_BYTES or rows >= CHUNK_ROWS:
                yield pa.Table.from_batches(waiting, reader.schema)
                waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting, reader.schema)


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    count = max(1, -(-batch.nbytes // CHUNK_BYTES), -(-batch.num_rows // CHUNK_ROWS))
    step = max(1, -(-batch.num_rows // count))
    for start in range(0, batch.num_rows, step):
        yield batch.slice(start, step)


def _fitting(table: pa.Table, room: int) -> int:
    """How many of the first rows fit."""
    low, high = 0, table.num_rows
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if table.slice(0, middle).nbytes <= room else (low, middle - 1)
    return low


def _write(folder: Path, index: int, offset: int, table: pa.Table) -> Chunk:
    path = folder / f"{index}.arrow"
    draft = path.with_suffix(".part")
    with pa.OSFile(str(draft), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    draft.replace(path)
    return Chunk(index, offset, table.num_rows, path.stat().st_size)


def _too_large(request: StatementRequest) -> Unavailable:
    inline = request.disposition is Disposition.INLINE
    hint = "Use disposition EXTERNAL_LINKS, a LIMIT, row_limit or byte_limit." if inline else "Use a LIMIT."
    kind = "An inline result" if inline else "A result"
    return Unavailable(f"{kind} may hold {request.most_bytes} bytes; this one holds more.", hint=hint)


def _column(field: Any, position: int) -> Json:
    if pa.types.is_null(field.type):
        return {"name": field.name, "position": position, "type_name": "NULL", "type_text": "VOID"}
    if pa.types.is_interval(field.type) or pa.types.is_duration(field.type):
        return {"name": field.name, "position": position, "type_name": "INTERVAL", "type_text": "INTERVAL"}
    from deltalake import Schema

    (column,) = columns_from_delta(Schema.from_arrow(pa.schema([field.with_nullable(True)])).to_json())
    info: Json = {
        "name": field.name,
        "position": position,
        "type_name": {"TIMESTAMP_NTZ": "TIMESTAMP"}.get(column.type_name, column.type_name),
        "type_text": column.type_text.upper(),
    }
    if pa.types.is_decimal(field.type):
        info |= {"type_precision": field.type.precision, "type_scale": field.type.scale}
    return info
