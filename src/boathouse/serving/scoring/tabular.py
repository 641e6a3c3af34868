"""Bodies that are tables already: CSV, an Arrow stream, a Parquet file. Each becomes an Arrow table.

Packed formats say in a few bytes what takes gigabytes of memory, so their rows are counted before they are unpacked.
"""

from collections.abc import Iterator
from typing import Any

from boathouse.serving.scoring.errors import MalformedBody, require_rows


def read_csv(body: bytes, _most_rows: int) -> Any:
    """Every column as text: what a text means is the signature's to say. An empty field is null.

    Raises:
        MalformedBody: It is no CSV with a line of names.
    """
    import pyarrow as pa
    from pyarrow import csv

    if not body.strip():
        raise MalformedBody("The body is empty; a CSV begins with a line of column names.")
    try:
        names = csv.open_csv(pa.BufferReader(body)).schema.names
        options = csv.ConvertOptions(
            column_types={name: pa.string() for name in names},
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=["", "NaN", "nan", "NA", "N/A", "null", "NULL", "None"],
        )
        table = csv.read_csv(pa.BufferReader(body), convert_options=options)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise MalformedBody(f"The body is no CSV: {error}") from error
    return _without_twins(table)


def read_arrow(body: bytes, most_rows: int) -> Any:
    """An Arrow IPC stream; a file in Arrow's format is taken too.

    Raises:
        MalformedBody: It is neither.
        BodyTooLarge: It has more rows than allowed.
    """
    import pyarrow as pa

    try:
        reader = pa.ipc.open_file(body) if body[:6] == b"ARROW1" else pa.ipc.open_stream(body)
        batches: list[Any] = []
        rows = 0
        for batch in _batches(reader):
            rows += batch.num_rows
            require_rows(rows, most_rows)
            batches.append(batch)
        table = pa.Table.from_batches(batches, reader.schema)
        table.validate(full=True)
    except (pa.ArrowException, OSError) as error:
        raise MalformedBody(f"The body is no Arrow stream: {error}") from error
    return _without_twins(table)


def read_parquet(body: bytes, most_rows: int) -> Any:
    """A Parquet file.

    Raises:
        MalformedBody: It is none.
        BodyTooLarge: It has more rows than allowed.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(pa.BufferReader(body))
        told = file.metadata
        groups = sum(told.row_group(number).num_rows for number in range(told.num_row_groups))
        require_rows(max(told.num_rows, groups), most_rows)
        table = file.read()
    except (pa.ArrowException, OSError) as error:
        raise MalformedBody(f"The body is no Parquet file: {error}") from error
    return _without_twins(table)


def _batches(reader: Any) -> Iterator[Any]:
    if hasattr(reader, "get_batch"):
        return (reader.get_batch(number) for number in range(reader.num_record_batches))
    return iter(reader)


def _without_twins(table: Any) -> Any:
    names: list[str] = table.column_names
    if len(set(names)) != len(names):
        twice = next(name for number, name in enumerate(names) if name in names[:number])
        raise MalformedBody(f"Column {twice} is there twice.")
    return table
