"""Delta's schema JSON in the words of DuckDB.

Names and types come from the table's schema, never from what a file happens to hold.
"""

import json
import re
from typing import Any

_PRIMITIVES = {
    "string": "VARCHAR",
    "long": "BIGINT",
    "integer": "INTEGER",
    "short": "SMALLINT",
    "byte": "TINYINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "binary": "BLOB",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "timestamp_ntz": "TIMESTAMP",
}
_DECIMAL = re.compile(r"decimal\((\d+),\s*(-?\d+)\)")


def fields_of(schema_json: str) -> dict[str, Any]:
    """The columns in order, each with its Delta type as JSON."""
    return {field["name"]: field["type"] for field in json.loads(schema_json)["fields"]}


def is_plain(delta_type: Any) -> bool:
    """Whether DuckDB has the type, and so can read it from Parquet by itself."""
    match delta_type:
        case str():
            return delta_type in _PRIMITIVES or _DECIMAL.fullmatch(delta_type) is not None
        case {"type": "struct", "fields": fields}:
            return all(is_plain(field["type"]) for field in fields)
        case {"type": "array", "elementType": element}:
            return is_plain(element)
        case {"type": "map", "keyType": key, "valueType": value}:
            return is_plain(key) and is_plain(value)
        case _:
            return False


def duckdb_type(delta_type: Any) -> str:
    """The DuckDB type of a Delta type.

    Example:
        >>> duckdb_type({"type": "array", "elementType": "long", "containsNull": True})
        'BIGINT[]'
    """
    match delta_type:
        case str() if match := _DECIMAL.fullmatch(delta_type):
            return f"DECIMAL({match[1]},{match[2]})"
        case str():
            return _PRIMITIVES[delta_type]
        case {"type": "struct", "fields": fields}:
            inner = ", ".join(f"{identifier(field['name'])} {duckdb_type(field['type'])}" for field in fields)
            return f"STRUCT({inner})"
        case {"type": "array", "elementType": element}:
            return f"{duckdb_type(element)}[]"
        case {"type": "map", "keyType": key, "valueType": value}:
            return f"MAP({duckdb_type(key)}, {duckdb_type(value)})"
        case _:
            raise ValueError(f"DuckDB has no type for {delta_type!r}")


def identifier(name: str) -> str:
    """The name, quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """The text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"
