# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""A whole result as one file, made chunk by chunk while it is sent."""

import io
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Any

import pyarrow as pa

from boathouse.session.readable import readable_values
from boathouse.session.statements.formatting import csv_bytes


class FileKind(StrEnum):
    CSV = "csv"
    ARROW = "arrow"
    PARQUET = "parquet"


MEDIA_TYPES = {
    FileKind.CSV: "text/csv; charset=utf-8",
    FileKind.ARROW: "application/vnd.apache.arrow.stream",
    FileKind.PARQUET: "application/vnd.apache.parquet",
}


def exported(kind: FileKind, chunks: Iterable[pa.Table]) -> Iterator[bytes]:
    """The bytes of a file with all rows."""
    match kind:
        case FileKind.CSV:
            yield from _csv(chunks)
        case FileKind.ARROW:
            yield from _written(chunks, pa.ipc.new_stream)
        case FileKind.PARQUET:
            from pyarrow import parquet

            yield from _written(map(_without_spans, chunks), parquet.ParquetWriter)


def _csv(chunks: Iterable[pa.Table]) -> Iterator[bytes]:
    for number, table in enumerate(chunks):
        text = csv_bytes(table)
        yield text if number == 0 else text[len(csv_bytes(table.slice(0, 0))) :]


def _written(chunks: Iterable[pa.Table], open_writer: Callable[[Any, pa.Schema], Any]) -> Iterator[bytes]:
    drain, writer = _Drain(), None
    for table in chunks:
        writer = writer or open_writer(drain, table.schema)
        writer.write_table(table)
        yield drain.taken()
    if writer is not None:
        writer.close()
    yield drain.taken()


def _without_spans(table: pa.Table) -> pa.Table:
    """Spans of time as text: Parquet has no type for them that others read."""
    for position, field in enumerate(table.schema):
        if pa.types.is_interval(field.type):
            texts = pa.array(readable_values(table.column(position)), pa.string())
            table = table.set_column(position, field.name, texts)
    return table


class _Drain(io.RawIOBase):
    """A file that is only written; what was written is taken away again and again."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        return len(piece)

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
