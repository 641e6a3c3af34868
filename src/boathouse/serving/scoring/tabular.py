"""Bodies that are tables already: CSV, an Arrow stream, a Parquet file. Each becomes an Arrow table."""

from typing import Any

from boathouse.serving.scoring.errors import MalformedBody


def read_csv(body: bytes) -> Any:
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


def read_arrow(body: bytes) -> Any:
    """An Arrow IPC stream; a file in Arrow's format is taken too.

    Raises:
        MalformedBody: It is neither.
    """
    import pyarrow as pa

    try:
        reader = pa.ipc.open_file(body) if body[:6] == b"ARROW1" else pa.ipc.open_stream(body)
        table = reader.read_all()
        table.validate(full=True)
    except (pa.ArrowException, OSError) as error:
        raise MalformedBody(f"The body is no Arrow stream: {error}") from error
    return _without_twins(table)


def read_parquet(body: bytes) -> Any:
    """A Parquet file.

    Raises:
        MalformedBody: It is none.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(pa.BufferReader(body))
    except (pa.ArrowException, OSError) as error:
        raise MalformedBody(f"The body is no Parquet file: {error}") from error
    return _without_twins(table)


def _without_twins(table: Any) -> Any:
    names: list[str] = table.column_names
    if len(set(names)) != len(names):
        twice = next(name for number, name in enumerate(names) if name in names[:number])
        raise MalformedBody(f"Column {twice} is there twice.")
    return table
