# pyright: reportUnknownParameterType=false
"""The rows of an INSERT as values of the table's columns: the same rules of assignment as in UPDATE and MERGE."""

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from boathouse.lake import Snapshot
from boathouse.lake.assignment import assigned
from boathouse.session.running.queries import PreparedQuery


def fitted(prepared: PreparedQuery, given: pa.Schema, columns: Sequence[str], snapshot: Snapshot) -> PreparedQuery:
    """The query with its values converted to the types of the columns they go to, one for each of ``given``; the same
    query when they have them already.

    Raises:
        InvalidInput: A type cannot become that of its column.
    """
    target = snapshot.arrow_schema
    if all(field.type.equals(target.field(name).type) for field, name in zip(given, columns, strict=True)):
        return prepared
    places = [f'"c{position}"' for position in range(len(columns))]
    values = [
        f"{assigned(place, _engine_type(field.type), name, snapshot.fields[name])} AS {place}"
        for place, field, name in zip(places, given, columns, strict=True)
    ]
    text = f"SELECT {', '.join(values)} FROM ({prepared.query.sql}) AS rows_({', '.join(places)})"
    return replace(prepared, query=replace(prepared.query, sql=text))


_ENGINE_TYPES = {
    pa.null(): "NULL",
    pa.bool_(): "BOOLEAN",
    pa.int8(): "TINYINT",
    pa.int16(): "SMALLINT",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.uint8(): "UTINYINT",
    pa.uint16(): "USMALLINT",
    pa.uint32(): "UINTEGER",
    pa.uint64(): "UBIGINT",
    pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE",
    pa.string(): "VARCHAR",
    pa.large_string(): "VARCHAR",
    pa.binary(): "BLOB",
    pa.large_binary(): "BLOB",
    pa.date32(): "DATE",
}


def _engine_type(kind: pa.DataType) -> str:
    """What the engine calls a type of its own answer."""
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP WITH TIME ZONE" if kind.tz else "TIMESTAMP"
    if pa.types.is_map(kind):
        return f"MAP({_engine_type(kind.key_type)}, {_engine_type(kind.item_type)})"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"{_engine_type(kind.value_type)}[]"
    if pa.types.is_struct(kind):
        return f"STRUCT({', '.join(f'{field.name} {_engine_type(field.type)}' for field in kind)})"
    return _ENGINE_TYPES.get(kind, str(kind).upper())
