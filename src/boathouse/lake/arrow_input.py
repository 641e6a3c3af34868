# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Rows on their way into a table: any Arrow stream, made to fit the table's columns or refused.

Nothing is changed silently. A value that a column cannot hold is an error that names the column; only what loses
nothing (a wider integer, another string layout, another zone for the same instant) is converted.
"""

from collections.abc import Callable, Generator, Sequence
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.lake.errors import SchemaMismatch
from boathouse.lake.read_ahead import read_ahead

SchemaMode = Literal["merge", "overwrite"]

_NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"

MAX_BATCH_BYTES = 1 << 30
"""A string column of one batch must stay below 2 GiB."""


def open_stream(data: Any) -> pa.RecordBatchReader:
    """The rows of anything that speaks the Arrow PyCapsule interface.

    Raises:
        InvalidInput: The object does not.
    """
    if isinstance(data, pa.RecordBatchReader):
        return data
    if _is_pandas(data):
        try:
            return pa.Table.from_pandas(data, preserve_index=False).to_reader()
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            raise InvalidInput(
                f"The pandas frame has no Arrow form: {'; '.join(map(str, error.args))}.",
                hint="Give each column values of one type.",
            ) from error
    if hasattr(data, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(data)
    if hasattr(data, "__arrow_c_array__"):
        return pa.Table.from_batches([pa.record_batch(data)]).to_reader()
    raise InvalidInput(
        f"A {type(data).__name__} cannot be written to a table.",
        hint="Give an Arrow table or reader, a Polars or pandas frame, or a DuckDB relation.",
    )


def storable_schema(schema: pa.Schema) -> pa.Schema:
    """The schema with each type as a Delta table stores it.

    Raises:
        InvalidInput: A column is of a type that Delta does not have, or two columns differ only in case.
    """
    if not schema.names:
        raise InvalidInput("A table needs at least one column, but the data has none.")
    _refuse_repeated(schema.names)
    return pa.schema([_storable_field(field) for field in schema])


def merged_schema(table: pa.Schema, data: pa.Schema) -> pa.Schema:
    """The table's schema with the columns that only the data has at its end."""
    known = {name.lower() for name in table.names}
    new = [field.with_nullable(True) for field in storable_schema(data) if field.name.lower() not in known]
    return pa.schema([*table, *new])


def require_columns(given: pa.Schema, wanted: pa.Schema) -> None:
    """Refuse data whose columns are not exactly the wanted ones, in whatever order.

    Raises:
        SchemaMismatch: Names the columns that are missing or too many.
    """
    _refuse_repeated(given.names)
    extra = [name for name in given.names if name not in wanted.names]
    missing = [name for name in wanted.names if name not in given.names]
    if not extra and not missing:
        return
    parts: list[str] = []
    if extra:
        parts.append(f"the table has no column {', '.join(extra)}")
    if missing:
        parts.append(f"the data lacks column {', '.join(missing)}")
    guess = did_you_mean(extra[0], missing) if extra and missing else None
    raise SchemaMismatch(
        f"The columns differ: {'; '.join(parts)}.",
        hint=guess or "Ask for schema_mode='merge' to add columns to the table and leave missing ones null.",
    )


class Source:
    """Data to be written; opened again for each attempt where its kind allows it."""

    def __init__(self, data: Any) -> None:
        self._data = data
        stream = open_stream(data)
        self.schema: pa.Schema = stream.schema
        self._opened: pa.RecordBatchReader | None = stream
        # A reader is empty once it was read, so a write that met another cannot be tried again.
        self.is_repeatable = type(data).__name__ != "RecordBatchReader"

    def fitted(
        self, target: pa.Schema, *, partition_by: Sequence[str] = (), fill_missing: bool = False
    ) -> "FittedRows":
        """The rows in the columns, order and types of ``target``.

        Raises:
            SchemaMismatch: The columns differ by name (with ``fill_missing``, columns that the data lacks are null), or
                a type cannot be converted without loss.
        """
        wanted = pa.schema([f for f in target if f.name in self.schema.names]) if fill_missing else target
        require_columns(self.schema, wanted)
        for field in self.schema:
            column = target.field(field.name)
            if not _fits(field.type, column.type):
                raise SchemaMismatch(
                    f"Column {field.name} is {field.type}, but the table has {column.type}.",
                    hint=f"Cast it to {column.type} first.",
                )
        stream, self._opened = self._opened, None
        return FittedRows(stream or open_stream(self._data), target, partition_by)

    def table(self) -> pa.Table:
        """All rows in memory."""
        stream, self._opened = self._opened, None
        return (stream or open_stream(self._data)).read_all()


class FittedRows:
    """A stream under conversion. Keeps the error that stopped it, since it would cross delta-rs as text only."""

    def __init__(self, stream: pa.RecordBatchReader, target: pa.Schema, partition_by: Sequence[str] = ()) -> None:
        self._stream = stream
        self._target = target
        self._text_partitions = [name for name in partition_by if pa.types.is_string(target.field(name).type)]
        self._error: Exception | None = None

    def reader(self) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(self._target, self._batches())

    def take_error(self) -> Exception | None:
        """What went wrong among the rows, once; delta-rs tells it only as text."""
        error, self._error = self._error, None
        return error

    def _batches(self) -> Generator[pa.RecordBatch]:
        try:
            for batch in read_ahead(self._stream):
                for part in _parts(batch):
                    converted = _converted(part, self._target)
                    _refuse_reserved(converted, self._text_partitions)
                    yield converted
        except Exception as error:
            self._error = error
            raise


def without_views(stream: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """The same rows with plain strings and binaries instead of views, which not every client can read."""
    schema = pa.schema([field.with_type(_replaced(field.type, _without_view)) for field in stream.schema])
    return pa.RecordBatchReader.from_batches(schema, (batch.cast(schema) for batch in stream))


def _is_pandas(data: Any) -> bool:
    return type(data).__module__.partition(".")[0] == "pandas" and hasattr(data, "columns")


def _refuse_repeated(names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise SchemaMismatch(f"The data has the column {name} twice (case does not count).")
        seen.add(name.lower())


def _parts(batch: pa.RecordBatch) -> list[pa.RecordBatch]:
    pieces = batch.nbytes // MAX_BATCH_BYTES + 1
    step = -(-batch.num_rows // pieces) or 1
    return [batch.slice(start, step) for start in range(0, batch.num_rows, step)] or [batch]


def _converted(batch: pa.RecordBatch, target: pa.Schema) -> pa.RecordBatch:
    columns: list[pa.Array] = []
    for field in target:
        try:
            column = _cast(_column(batch, field.name), field.type)
        except pa.ArrowInvalid as error:
            raise InvalidInput(f"Column {field.name} cannot hold a value: {error}.") from error
        if not field.nullable and column.null_count:
            raise InvalidInput(f"Column {field.name} must not be null, but {column.null_count} value(s) are.")
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=target)


def _refuse_reserved(batch: pa.RecordBatch, partitions: Sequence[str]) -> None:
    """The folder of null partitions has this name; delta-rs would read the text back as null. Delta has the empty text
    for null there too, and a table with a null in a column that must have none can never be read again."""
    for name in partitions:
        if pc.index(batch.column(name), _NULL_PARTITION).as_py() >= 0:
            raise InvalidInput(f"Column {name} is partitioned by; it cannot hold the text {_NULL_PARTITION}.")
        if not batch.schema.field(name).nullable and pc.index(batch.column(name), "").as_py() >= 0:
            raise InvalidInput(
                f"Column {name} is partitioned by and must not be null; it cannot hold the empty text, which Delta "
                "stores as null there.",
                hint="Give such rows another value, or partition by another column.",
            )


def _column(batch: pa.RecordBatch, name: str) -> pa.Array:
    position = batch.schema.get_field_index(name)
    return pa.nulls(batch.num_rows) if position < 0 else batch.column(position)


def _cast(column: pa.Array, wanted: pa.DataType) -> pa.Array:
    if column.type == wanted:
        return column
    if pa.types.is_timestamp(wanted) and pa.types.is_timestamp(column.type):
        # Delta keeps microseconds; finer digits are cut, as every Delta writer does.
        return pc.cast(column, wanted, safe=False)
    return column.cast(wanted)


def _storable_field(field: pa.Field) -> pa.Field:
    # Delta keeps a column's comment in the field's metadata; what else is there (pandas, Parquet ids) is not ours.
    comment = (field.metadata or {}).get(b"comment")
    metadata = None if comment is None else {b"comment": comment}
    try:
        return pa.field(field.name, _replaced(field.type, _storable), field.nullable, metadata)
    except TypeError as error:
        raise InvalidInput(
            f"Column {field.name} is {field.type}, which a Delta table cannot hold.", hint="Cast it to another type."
        ) from error


def _storable(kind: pa.DataType) -> pa.DataType:
    types = pa.types
    if types.is_timestamp(kind):
        return pa.timestamp("us", "UTC" if kind.tz else None)
    if types.is_unsigned_integer(kind):
        return {8: pa.int16(), 16: pa.int32()}.get(kind.bit_width, pa.int64())
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return pa.string()
    if any(test(kind) for test in (types.is_binary, types.is_large_binary, types.is_binary_view)):
        return pa.binary()
    if types.is_fixed_size_binary(kind):
        return pa.binary()
    if types.is_date(kind):
        return pa.date32()
    if types.is_float16(kind):
        return pa.float32()
    if types.is_decimal(kind):
        return pa.decimal128(kind.precision, kind.scale)
    if types.is_signed_integer(kind) or types.is_floating(kind) or types.is_boolean(kind):
        return kind
    raise TypeError(str(kind))


def _without_view(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_string_view(kind):
        return pa.large_string()
    return pa.large_binary() if pa.types.is_binary_view(kind) else kind


def _replaced(kind: pa.DataType, replace: Callable[[pa.DataType], pa.DataType]) -> pa.DataType:
    """The type with ``replace`` applied to each part that is not nested."""
    types = pa.types
    if types.is_dictionary(kind):
        return _replaced(kind.value_type, replace)
    if types.is_struct(kind):
        return pa.struct([field.with_type(_replaced(field.type, replace)) for field in kind])
    if types.is_map(kind):
        return pa.map_(_replaced(kind.key_type, replace), _replaced(kind.item_type, replace))
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        item = kind.value_field
        return pa.list_(item.with_type(_replaced(item.type, replace)))
    return replace(kind)


def _fits(given: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether values of one type may go into a column of the other; values that do not fit are refused one by one."""
    types = pa.types
    if types.is_null(given):
        return True
    try:
        given = _replaced(given, _storable)
    except TypeError:
        return False
    if given == wanted or (types.is_integer(given) and types.is_integer(wanted)):
        return True
    if types.is_floating(wanted):
        return types.is_integer(given) or types.is_floating(given) or types.is_decimal(given)
    if types.is_decimal(wanted):
        return types.is_integer(given) or types.is_decimal(given)
    if types.is_timestamp(given) and types.is_timestamp(wanted):
        return (given.tz is None) == (wanted.tz is None)
    return _fits_nested(given, wanted)


def _fits_nested(given: pa.DataType, wanted: pa.DataType) -> bool:
    types = pa.types
    if types.is_struct(given) and types.is_struct(wanted):
        names = [field.name for field in wanted]
        if [field.name for field in given] != names:
            return False
        return all(_fits(given.field(name).type, wanted.field(name).type) for name in names)
    if types.is_list(given) and types.is_list(wanted):
        return _fits(given.value_type, wanted.value_type)
    if types.is_map(given) and types.is_map(wanted):
        return _fits(given.key_type, wanted.key_type) and _fits(given.item_type, wanted.item_type)
    return False
