"""The fields of a request, from an endpoint's OpenAPI document, and the record that they make together."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, cast

from boathouse.foundation.errors import InvalidInput

Json = Mapping[str, Any]


class FieldKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    INSTANT = "instant"
    JSON = "JSON"
    """Lists and objects."""
    ANY = "any value"
    """Its type is not known: JSON where it is that, else text."""


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a record."""

    name: str
    kind: FieldKind
    may_be_null: bool
    is_required: bool
    """Else it may be left out: a feature that is looked up."""
    value: str = ""
    """To begin with, as it is typed."""

    @property
    def hint(self) -> str:
        kind = "instant, UTC" if self.kind is FieldKind.INSTANT else self.kind.value
        return f"{kind}, may be empty" if self.may_be_null else kind


@dataclass(frozen=True, slots=True)
class Form:
    """What can be asked: fields of one record, or only JSON."""

    fields: tuple[Field, ...]
    example: Any
    """A body that can be sent as it is."""


def form_of(document: Json) -> Form:
    """The form of an endpoint; without fields where it takes no records."""
    paths = document["paths"]
    content = next(iter(paths.values()))["post"]["requestBody"]["content"]["application/json"]
    examples: Json = content.get("examples") or {}
    example = next((each["value"] for each in examples.values()), None)
    for body in content["schema"].get("oneOf", ()):
        records = body.get("properties", {}).get("dataframe_records")
        if records:
            return Form(_fields(records.get("items", {}), first_record(example) or {}), example)
    return Form((), example)


def first_record(body: Any) -> dict[str, Any] | None:
    """The first record of a body of the scoring protocol; None where it has none with names."""
    if not isinstance(body, dict):
        return None
    given = cast("dict[str, Any]", body)
    match given:
        case {"dataframe_records": [dict() as record, *_]}:
            return cast("dict[str, Any]", record)
        case {"instances": [dict() as record, *_]}:
            return cast("dict[str, Any]", record)
        case {"dataframe_split": {"columns": list() as names, "data": [list() as values, *_]}}:
            return dict(zip(cast("list[str]", names), cast("list[Any]", values), strict=False))
        case {"inputs": dict() as columns}:
            return {
                name: value[0] if isinstance(value, list) and value else value
                for name, value in cast("dict[str, Any]", columns).items()
            }
        case _:
            return None


def typed(value: Any, kind: FieldKind) -> str:
    """A value as it stands in its field."""
    if value is None:
        return ""
    if kind is FieldKind.BOOLEAN:
        return "true" if value else "false"
    if kind is FieldKind.INSTANT and isinstance(value, str):
        return _in_utc(value)
    if kind is FieldKind.JSON or isinstance(value, dict | list):
        return json.dumps(value)
    return str(value)


def record_of(fields: Sequence[Field], given: Mapping[str, str]) -> dict[str, Any]:
    """The record that what was typed makes.

    Raises:
        InvalidInput: A value is missing, or is not of its field's type; the message names it.
    """
    record: dict[str, Any] = {}
    for field in fields:
        text = given.get(field.name, "").strip()
        if text:
            record[field.name] = _value(field, text)
        elif field.is_required and field.may_be_null:
            record[field.name] = None
        elif field.is_required and field.kind is FieldKind.TEXT:
            record[field.name] = ""
        elif field.is_required:
            raise InvalidInput(f"{field.name} is missing.", hint=f"It takes {_article(field.kind)}.")
    return record


def _fields(schema: Json, example: Json) -> tuple[Field, ...]:
    required = set(schema.get("required", ()))
    found: list[Field] = []
    for name, of in schema.get("properties", {}).items():
        kind, may_be_null = _kind(of)
        value = typed(example.get(name), kind) if name in required else ""
        found.append(Field(name, kind, may_be_null, name in required, value))
    return tuple(found)


def _kind(schema: Json) -> tuple[FieldKind, bool]:
    types = schema.get("type")
    names: list[str] = [types] if isinstance(types, str) else list(types or ())
    may_be_null = "null" in names
    match [name for name in names if name != "null"]:
        case ["integer"]:
            return FieldKind.INTEGER, may_be_null
        case ["number"]:
            return FieldKind.NUMBER, may_be_null
        case ["boolean"]:
            return FieldKind.BOOLEAN, may_be_null
        case ["string"] if schema.get("format") == "date-time":
            return FieldKind.INSTANT, may_be_null
        case ["string"]:
            return FieldKind.TEXT, may_be_null
        case []:
            return FieldKind.ANY, may_be_null
        case _:
            return FieldKind.JSON, may_be_null


def _value(field: Field, text: str) -> Any:
    try:
        match field.kind:
            case FieldKind.INTEGER:
                return int(text)
            case FieldKind.NUMBER:
                return float(text)
            case FieldKind.BOOLEAN:
                return {"true": True, "false": False}[text.lower()]
            case FieldKind.INSTANT:
                datetime.fromisoformat(text)
                return text
            case FieldKind.JSON:
                return json.loads(text)
            case FieldKind.ANY:
                return _anything(text)
            case FieldKind.TEXT:
                return text
    except (ValueError, KeyError) as error:
        raise InvalidInput(
            f"{text[:40]!r} does not fit {field.name}.", hint=f"It takes {_article(field.kind)}."
        ) from error


def _anything(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _in_utc(text: str) -> str:
    """As a field of the browser takes it: a day begins at midnight."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (told.astimezone(UTC) if told.tzinfo else told).strftime("%Y-%m-%dT%H:%M:%S")


def _article(kind: FieldKind) -> str:
    return {FieldKind.INTEGER: "an integer", FieldKind.INSTANT: "an instant"}.get(kind, f"a {kind.value}")
