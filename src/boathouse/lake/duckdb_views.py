"""A snapshot as a DuckDB view over exactly its files.

The view's columns are those of the table's schema: DuckDB is told names and types, so it opens no file to find them
out, and a file that was written before a column existed gives nulls. Partition values come from the log, as a map from
the file's name to the value; DuckDB evaluates it per file and skips files that a filter excludes.
"""

from collections.abc import Mapping, Sequence, Set
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from boathouse.lake.schema import duckdb_type, identifier, literal
from boathouse.lake.snapshots import DataFile, Snapshot

FILE, ROW = "_boathouse_file", "_boathouse_row"
"""Where a row stands."""


def snapshot_sql(
    snapshot: Snapshot,
    files: Sequence[DataFile],
    *,
    only: Set[str] | None = None,
    beside: Mapping[str, Any] | None = None,
    places: Sequence[int] | None = None,
    sized: bool = False,
) -> str:
    """The SELECT that reads the files as the snapshot's table.

    ``only`` are the lower-case names of the columns that are wanted; describing the others would take DuckDB a third of
    a millisecond each. ``beside`` are further columns that the files hold. With ``places``, one number per file, each
    row also tells where it stands: the number of its file, and its position in it. ``sized`` tells the optimizer how
    many rows there are.
    """
    fields = {**_wanted(snapshot, only), **(beside or {})}
    if not files:
        nulls = ", ".join(f"NULL::{duckdb_type(kind)} AS {identifier(name)}" for name, kind in fields.items())
        nowhere = "" if places is None else f", NULL::INTEGER AS {FILE}, NULL::BIGINT AS {ROW}"
        return f"SELECT {nulls}{nowhere} WHERE false"
    columns = ", ".join(_column(snapshot, name, kind, files) for name, kind in fields.items())
    if places is not None:
        columns += f", {_numbered(places)} AS {FILE}, file_row_number AS {ROW}"
    stored = {name: kind for name, kind in fields.items() if name not in snapshot.partition_columns}
    paths = ", ".join(literal(file.path) for file in files)
    rows = f"SELECT {columns} FROM read_parquet([{paths}], hive_partitioning=false, schema={_schema(stored)})"
    return rows + _as_many(files, fields) if sized else rows


def _as_many(files: Sequence[DataFile], fields: Mapping[str, Any]) -> str:
    """What follows the rows so that DuckDB knows about how many they are: as many again, of which none is taken.

    It takes a file that is read with a given schema for one row long (``explicit_cardinality`` does not help), and
    joins would hold the large table in memory rather than the small one. Only when it runs it sees the limit.
    """
    count = sum(file.row_count or 0 for file in files)
    nulls = ", ".join(f"NULL::{duckdb_type(kind)}" for kind in fields.values())
    return f" UNION ALL (SELECT {nulls} FROM range({count}) LIMIT (SELECT 0))" if count else ""


def _numbered(places: Sequence[int]) -> str:
    if len(places) == 1:
        return f"{places[0]}::INTEGER"
    in_order = all(place == position for position, place in enumerate(places))
    return "file_index::INTEGER" if in_order else f"({list(places)}::INTEGER[])[CAST(file_index AS BIGINT) + 1]"


def _wanted(snapshot: Snapshot, only: Set[str] | None) -> dict[str, Any]:
    """The columns that are wanted, and at least one that the files hold: it carries the number of rows."""
    if only is None:
        return snapshot.fields
    wanted = {name: kind for name, kind in snapshot.fields.items() if name.lower() in only}
    if all(name in snapshot.partition_columns for name in wanted):
        carrier = next(name for name in snapshot.fields if name not in snapshot.partition_columns)
        return {carrier: snapshot.fields[carrier], **wanted}
    return wanted


def _column(snapshot: Snapshot, name: str, kind: Any, files: Sequence[DataFile]) -> str:
    if name not in snapshot.partition_columns:
        return f"TRY({identifier(name)}) AS {identifier(name)}" if _may_be_nan(kind) else identifier(name)
    values = {file.path: file.partition.get(name) for file in files}
    present = {path: value for path, value in values.items() if value is not None}
    if not present:
        return f"NULL::{duckdb_type(kind)} AS {identifier(name)}"
    if len(present) == len(values) and len(set(present.values())) == 1:
        return f"{_constant(next(iter(present.values())), kind)} AS {identifier(name)}"
    entries = ", ".join(f"{literal(path)}: {_constant(value, kind)}" for path, value in present.items())
    return f"(MAP {{{entries}}})[filename] AS {identifier(name)}"


def _may_be_nan(kind: Any) -> bool:
    """Whether the file's least and greatest values may not be trusted: Parquet leaves NaN, the greatest number of all,
    out of them.

    DuckDB 2.0 trusts them all the same, and would leave out rows that ``x > 5`` or ``isnan(x)`` asks for. It does not
    look through TRY, which costs a tenth of a nanosecond per value.
    """
    match kind:
        case "double" | "float":
            return True
        case {"type": "struct", "fields": fields}:
            return any(_may_be_nan(field["type"]) for field in fields)
        case _:
            return False


def _schema(stored: Mapping[str, Any]) -> str:
    """The Parquet columns by name."""
    entries = ", ".join(
        f"{literal(name)}: {{name: {literal(name)}, type: {literal(duckdb_type(kind))}, default_value: NULL}}"
        for name, kind in stored.items()
    )
    return f"MAP {{{entries}}}"


def _constant(value: Any, kind: Any) -> str:
    """A typed partition value as SQL."""
    target = duckdb_type(kind)
    match value:
        case bool():
            return f"{str(value).lower()}::{target}"
        case bytes():
            escaped = "".join(f"\\x{byte:02X}" for byte in value)
            return f"{literal(escaped)}::BLOB"
        case datetime() | date():
            return f"{literal(value.isoformat())}::{target}"
        case int() | float() | Decimal() | str():
            return f"{literal(str(value))}::{target}"
        case _:
            raise TypeError(f"a partition value of type {type(value).__name__}")
