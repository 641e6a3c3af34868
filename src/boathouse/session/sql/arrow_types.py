# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Databricks types as Arrow types: the schema of CREATE TABLE."""

from collections.abc import Sequence
from functools import lru_cache

import pyarrow as pa
from sqlglot import exp

from boathouse.catalog.columns import columns_from_delta
from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.casts import MAX_PRECISION
from boathouse.session.sql.inlining import type_of
from boathouse.session.sql.problems import Unsupported
from boathouse.session.sql.statements import ColumnSpec

DType = exp.DataType.Type
_PLAIN: dict[DType, pa.DataType] = {
    DType.BOOLEAN: pa.bool_(),
    DType.TINYINT: pa.int8(),
    DType.SMALLINT: pa.int16(),
    DType.INT: pa.int32(),
    DType.BIGINT: pa.int64(),
    DType.FLOAT: pa.float32(),
    DType.DOUBLE: pa.float64(),
    DType.TEXT: pa.string(),
    DType.VARCHAR: pa.string(),
    DType.CHAR: pa.string(),
    DType.BINARY: pa.binary(),
    DType.DATE: pa.date32(),
    DType.TIMESTAMPTZ: pa.timestamp("us", "UTC"),
    DType.TIMESTAMPLTZ: pa.timestamp("us", "UTC"),
    DType.TIMESTAMP: pa.timestamp("us", "UTC"),
    DType.TIMESTAMPNTZ: pa.timestamp("us"),
}


def arrow_schema(columns: Sequence[ColumnSpec]) -> pa.Schema:
    """The schema of a table with these columns; comments are field metadata.

    Raises:
        InvalidInput: Two columns have one name.
    """
    seen: set[str] = set()
    for column in columns:
        if column.name.lower() in seen:
            raise InvalidInput(f"The column {column.name} is there twice.")
        seen.add(column.name.lower())
    return pa.schema(
        [
            pa.field(
                column.name,
                arrow_type(column.kind),
                column.nullable,
                {"comment": column.comment} if column.comment is not None else None,
            )
            for column in columns
        ]
    )


def type_text_of(kind: pa.DataType) -> str:
    """An Arrow type as Databricks SQL spells it."""
    from deltalake import Schema

    (column,) = columns_from_delta(Schema.from_arrow(pa.schema([("value", kind)])).to_json())
    return column.type_text


@lru_cache(4096)
def arrow_type_of(type_text: str) -> pa.DataType:
    """The Arrow type of a Databricks type in its spelling, such as ``decimal(10,2)``.

    Raises:
        Unsupported: There is no such type here.
    """
    return arrow_type(type_of(type_text))


def arrow_type(kind: exp.DataType) -> pa.DataType:
    """The Arrow type of a Databricks type.

    Raises:
        Unsupported: There is no such type here.
    """
    parts = kind.expressions
    match kind.this:
        case DType.DECIMAL:
            precision, scale = ([int(part.name) for part in parts] + [0])[:2] if parts else (10, 0)
            if not (1 <= precision <= MAX_PRECISION and 0 <= scale <= precision):
                raise Unsupported(f"The type DECIMAL({precision},{scale})")
            return pa.decimal128(precision, scale)
        case DType.ARRAY if len(parts) == 1:
            return pa.list_(arrow_type(parts[0]))
        case DType.MAP if len(parts) == 2:
            return pa.map_(arrow_type(parts[0]), arrow_type(parts[1]))
        case DType.STRUCT if parts and all(isinstance(part, exp.ColumnDef) for part in parts):
            return pa.struct([pa.field(part.name, arrow_type(part.args["kind"])) for part in parts])
        case plain if plain in _PLAIN:
            return _PLAIN[plain]
        case _:
            raise Unsupported(f"The type {kind.sql(dialect='databricks')}")


_WORDS = {
    "int8": "tinyint", "int16": "smallint", "int32": "int", "int64": "bigint", "bool": "boolean",
    "date32[day]": "date", "timestamp[us]": "timestamp_ntz", "timestamp[us, tz=UTC]": "timestamp", "null": "void",
    "month_day_nano_interval": "interval",
}  # fmt: skip


def type_word(kind: pa.DataType) -> str:
    """Databricks' word for an Arrow type.

    Example:
        >>> type_word(pa.list_(pa.int64()))
        'array<bigint>'
    """
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_list(kind):
        return f"array<{type_word(kind.value_type)}>"
    if pa.types.is_map(kind):
        return f"map<{type_word(kind.key_type)},{type_word(kind.item_type)}>"
    if pa.types.is_struct(kind):
        return f"struct<{','.join(f'{field.name}:{type_word(field.type)}' for field in kind)}>"
    return _WORDS.get(str(kind), str(kind))
