"""Columns in the two languages that describe them: Delta's schema JSON and Unity Catalog's ColumnInfo."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from boathouse.catalog.securables import Column
from boathouse.foundation.errors import InvalidInput, did_you_mean

_TYPE_NAMES = {
    "boolean": "BOOLEAN",
    "byte": "BYTE",
    "short": "SHORT",
    "integer": "INT",
    "long": "LONG",
    "float": "FLOAT",
    "double": "DOUBLE",
    "string": "STRING",
    "binary": "BINARY",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamp_ntz": "TIMESTAMP_NTZ",
}
"""Unity Catalog's constant for each primitive type of Delta."""

_TYPE_TEXTS = {"byte": "tinyint", "short": "smallint", "integer": "int", "long": "bigint"}
"""Spark SQL's spelling where it differs from Delta's."""

_ALIASES = {
    "tinyint": "byte",
    "smallint": "short",
    "int": "integer",
    "bigint": "long",
    "real": "float",
    "bool": "boolean",
    "varchar": "string",
    "char": "string",
    "text": "string",
    "timestamp_ltz": "timestamp",
}

DeltaType = str | dict[str, Any]
"""A type in Delta's schema JSON: a name, or an object for array, map and struct."""


def columns_from_delta(schema_json: str, partition_columns: Sequence[str] = ()) -> tuple[Column, ...]:
    """The columns that a Delta schema describes.

    Raises:
        InvalidInput: The text is not a Delta schema.
    """
    try:
        fields = json.loads(schema_json)["fields"]
        return tuple(_column(field, position, partition_columns) for position, field in enumerate(fields))
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(f"This is not the JSON of a Delta schema: {schema_json[:200]}") from error


def delta_schema_json(columns: Iterable[Column]) -> str:
    """The Delta schema that has these columns."""
    fields = [json.loads(column.type_json) for column in columns]
    return json.dumps({"type": "struct", "fields": fields})


def column_from_info(info: Mapping[str, Any], position: int) -> Column:
    """The column that a client describes, by ``type_json`` or by ``type_text``.

    Raises:
        InvalidInput: It has no name, or its type is missing or unknown.
    """
    name = info.get("name")
    if not isinstance(name, str) or not name:
        raise InvalidInput(f"Column {position} has no name.")
    nullable = info.get("nullable") is not False
    field = _field_of(info, name, nullable)
    column = _column(field, position, ())
    comment = info.get("comment") or column.comment
    return Column(
        name=name,
        type_text=column.type_text,
        type_name=column.type_name,
        type_json=_with_comment(field, comment),
        position=position,
        nullable=column.nullable and nullable,
        comment=comment,
        partition_index=info.get("partition_index"),
    )


def with_comment(column: Column, comment: str | None) -> Column:
    """The column with a comment, in every place where one stands."""
    if comment is None:
        return column
    return replace(column, comment=comment, type_json=_with_comment(json.loads(column.type_json), comment))


def type_text(delta_type: DeltaType) -> str:
    """The type as Spark SQL writes it: ``array<bigint>``."""
    if isinstance(delta_type, str):
        return _TYPE_TEXTS.get(delta_type, delta_type)
    match delta_type["type"]:
        case "array":
            return f"array<{type_text(delta_type['elementType'])}>"
        case "map":
            return f"map<{type_text(delta_type['keyType'])},{type_text(delta_type['valueType'])}>"
        case "struct":
            fields = (f"{field['name']}:{type_text(field['type'])}" for field in delta_type["fields"])
            return f"struct<{','.join(fields)}>"
        case other:
            raise InvalidInput(f"Delta has no type {other!r}.")


def parse_type_text(text: str) -> DeltaType:
    """Delta's form of a Spark SQL type.

    Raises:
        InvalidInput: The text is not a type that Delta knows.
    """
    found, rest = _parse_type(text.strip(), text)
    if rest:
        raise _unknown_type(text)
    return found


def _column(field: Mapping[str, Any], position: int, partition_columns: Sequence[str]) -> Column:
    delta_type = cast(DeltaType, field["type"])
    name = str(field["name"])
    return Column(
        name=name,
        type_text=type_text(delta_type),
        type_name=_type_name(delta_type),
        type_json=json.dumps(field),
        position=position,
        nullable=bool(field.get("nullable", True)),
        comment=cast(dict[str, Any], field.get("metadata") or {}).get("comment"),
        partition_index=partition_columns.index(name) if name in partition_columns else None,
    )


def _type_name(delta_type: DeltaType) -> str:
    if not isinstance(delta_type, str):
        return str(delta_type["type"]).upper()
    if delta_type.startswith("decimal"):
        return "DECIMAL"
    return _TYPE_NAMES.get(delta_type, delta_type.upper())  # a type newer than this table still gets a name


def _field_of(info: Mapping[str, Any], name: str, nullable: bool) -> dict[str, Any]:
    """The Spark struct field; clients send it as ``type_json``, some only the type there, others only ``type_text``."""
    delta_type: DeltaType | None = None
    metadata: dict[str, Any] = {}
    if type_json := info.get("type_json"):
        try:
            parsed = json.loads(type_json)
        except ValueError:
            parsed = str(type_json)
        if isinstance(parsed, dict) and "name" in parsed and "type" in parsed:
            field = cast(dict[str, Any], parsed)
            delta_type, metadata = _normalised(field["type"]), field.get("metadata") or {}
            nullable = nullable and field.get("nullable") is not False
        elif isinstance(parsed, str | dict):
            delta_type = _normalised(cast(DeltaType, parsed))
    if delta_type is None:
        text = info.get("type_text") or info.get("type_name")
        if not isinstance(text, str):
            raise InvalidInput(f"Column {name} has no type.", hint="Send type_text or type_json.")
        delta_type = parse_type_text(text)
    return {"name": name, "type": delta_type, "nullable": nullable, "metadata": metadata}


def _normalised(delta_type: DeltaType) -> DeltaType:
    return parse_type_text(delta_type) if isinstance(delta_type, str) else delta_type


def _with_comment(field: Mapping[str, Any], comment: str | None) -> str:
    metadata = {**field["metadata"], **({"comment": comment} if comment else {})}
    return json.dumps({**field, "metadata": metadata})


def _parse_type(text: str, whole: str) -> tuple[DeltaType, str]:
    """The type at the beginning of the text, and what follows it."""
    end = next((index for index, char in enumerate(text) if char in "<>,("), len(text))
    word, rest = text[:end].strip().lower(), text[end:]
    if word in ("decimal", "numeric", "dec"):
        return _parse_decimal(rest, whole)
    if word in ("varchar", "char") and rest.startswith("("):
        return "string", rest.partition(")")[2].strip()
    if not rest.startswith("<"):
        name = _ALIASES.get(word, word)
        if name not in _TYPE_NAMES:
            raise _unknown_type(whole, word)
        return name, rest
    match word:
        case "array":
            element, rest = _parse_type(rest[1:].strip(), whole)
            return {"type": "array", "elementType": element, "containsNull": True}, _after(rest, ">", whole)
        case "map":
            key, rest = _parse_type(rest[1:].strip(), whole)
            value, rest = _parse_type(_after(rest, ",", whole), whole)
            return (
                {"type": "map", "keyType": key, "valueType": value, "valueContainsNull": True},
                _after(rest, ">", whole),
            )
        case "struct":
            return _parse_struct(rest[1:].strip(), whole)
        case _:
            raise _unknown_type(whole, word)


def _parse_decimal(rest: str, whole: str) -> tuple[DeltaType, str]:
    if not rest.startswith("("):
        return "decimal(10,0)", rest
    numbers, closed, rest = rest[1:].partition(")")
    parts = [part.strip() for part in numbers.split(",")]
    if not closed or len(parts) > 2 or not all(part.isdigit() for part in parts):
        raise _unknown_type(whole)
    precision, scale = int(parts[0]), int(parts[1]) if len(parts) == 2 else 0
    if not (1 <= precision <= 38 and scale <= precision):
        raise _unknown_type(whole)
    return f"decimal({precision},{scale})", rest.strip()


def _parse_struct(rest: str, whole: str) -> tuple[DeltaType, str]:
    fields: list[dict[str, Any]] = []
    while not rest.startswith(">"):
        name, colon, rest = rest.partition(":")
        if not colon:
            raise _unknown_type(whole)
        delta_type, rest = _parse_type(rest.strip(), whole)
        fields.append({"name": name.strip().strip("`"), "type": delta_type, "nullable": True, "metadata": {}})
        if rest.startswith(","):
            rest = rest[1:].strip()
        elif not rest.startswith(">"):
            raise _unknown_type(whole)
    return {"type": "struct", "fields": fields}, rest[1:].strip()


def _after(rest: str, expected: str, whole: str) -> str:
    rest = rest.strip()
    if not rest.startswith(expected):
        raise _unknown_type(whole)
    return rest[1:].strip()


def _unknown_type(whole: str, word: str | None = None) -> InvalidInput:
    known = [*_TYPE_NAMES, *_ALIASES, "decimal", "array", "map", "struct"]
    return InvalidInput(f"{whole!r} is not a type that Delta knows.", hint=did_you_mean(word or whole, known))
