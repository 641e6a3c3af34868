"""Delta's schema JSON as an Arrow schema, for making a table of which only the columns are known."""

import json
import re
from functools import cache
from typing import Any

from boathouse.foundation.errors import InvalidInput

_DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")


def arrow_schema(schema_json: str) -> Any:
    """The ``pyarrow.Schema`` with these columns, their nullability and comments.

    Raises:
        InvalidInput: A type cannot be stored in a Delta table.
    """
    import pyarrow as pa

    return pa.schema([_field(field) for field in json.loads(schema_json)["fields"]])


def _field(field: dict[str, Any]) -> Any:
    import pyarrow as pa

    metadata = {key: str(value) for key, value in (field.get("metadata") or {}).items()}
    return pa.field(field["name"], _type(field["type"]), field.get("nullable", True), metadata or None)


def _type(delta_type: Any) -> Any:
    import pyarrow as pa

    match delta_type:
        case str() if match := _DECIMAL.fullmatch(delta_type):
            return pa.decimal128(int(match[1]), int(match[2]))
        case str() if delta_type in _primitives():
            return _primitives()[delta_type]
        case {"type": "array", "elementType": element}:
            return pa.list_(pa.field("element", _type(element), delta_type.get("containsNull", True)))
        case {"type": "map", "keyType": key, "valueType": value}:
            return pa.map_(_type(key), _type(value))
        case {"type": "struct", "fields": fields}:
            return pa.struct([_field(field) for field in fields])
        case _:
            raise InvalidInput(f"A Delta table cannot hold the type {json.dumps(delta_type)}.")


@cache
def _primitives() -> dict[str, Any]:
    import pyarrow as pa

    return {
        "boolean": pa.bool_(),
        "byte": pa.int8(),
        "short": pa.int16(),
        "integer": pa.int32(),
        "long": pa.int64(),
        "float": pa.float32(),
        "double": pa.float64(),
        "string": pa.string(),
        "binary": pa.binary(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", tz="UTC"),
        "timestamp_ntz": pa.timestamp("us"),
    }
