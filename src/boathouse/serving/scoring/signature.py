"""A model's signature, read without MLflow: what goes in, what comes out, which parameters there are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from boathouse.foundation.errors import InvalidInput


class Kind(StrEnum):
    """MLflow's types of columns."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    LONG = "long"
    FLOAT = "float"
    DOUBLE = "double"
    STRING = "string"
    BINARY = "binary"
    DATETIME = "datetime"
    ARRAY = "array"
    OBJECT = "object"
    MAP = "map"
    ANY = "any"


WHOLE = frozenset({Kind.INTEGER, Kind.LONG})
REAL = frozenset({Kind.FLOAT, Kind.DOUBLE})
NUMERIC = WHOLE | REAL | {Kind.BOOLEAN}
NESTED = frozenset({Kind.ARRAY, Kind.OBJECT, Kind.MAP})


@dataclass(frozen=True, slots=True)
class Type:
    """A type, and what is in it."""

    kind: Kind
    items: "Type | None" = None
    """Of an array its items', of a map its values'."""
    properties: Mapping[str, "Column"] = field(default_factory=dict[str, "Column"])
    """Of an object."""


@dataclass(frozen=True, slots=True)
class Column:
    """An input column, or a property of an object."""

    name: str
    """Its position in the signature where that has no names: ``0``, ``1``."""
    type: Type
    required: bool = True

    @property
    def kind(self) -> Kind:
        return self.type.kind


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input that is an array as a whole. -1 stands for any length."""

    name: str | None
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter that a request may set."""

    name: str
    kind: Kind
    default: Any
    shape: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """What a model takes. Columns or tensors, never both."""

    columns: tuple[Column, ...] = ()
    tensors: tuple[Tensor, ...] = ()
    has_names: bool = True
    params: tuple[Param, ...] = ()
    outputs: tuple[Mapping[str, Any], ...] = ()
    """As MLflow writes them."""

    @property
    def required(self) -> tuple[str, ...]:
        if not self.has_names:
            return ()
        return (
            *(each.name for each in self.columns if each.required),
            *(each.name for each in self.tensors if each.name is not None),
        )


def signature_of(metadata: Mapping[str, Any]) -> Signature | None:
    """The signature in what an ``MLmodel`` file says; None when it has none.

    Raises:
        InvalidInput: It has one that cannot be understood.
    """
    said: Mapping[str, Any] | None = metadata.get("signature")
    if not said or not said.get("inputs"):
        return None
    try:
        inputs: list[dict[str, Any]] = json.loads(said["inputs"])
        tensors = tuple(_tensor(each) for each in inputs if each["type"] == "tensor")
        columns = () if tensors else tuple(_column(each, str(place)) for place, each in enumerate(inputs))
        return Signature(
            columns=columns,
            tensors=tensors,
            has_names=all(each.get("name") is not None for each in inputs),
            params=tuple(_param(each) for each in json.loads(said.get("params") or "[]")),
            outputs=tuple(json.loads(said.get("outputs") or "[]")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"The model's signature cannot be understood: {error}.") from error


def _column(said: Mapping[str, Any], name: str) -> Column:
    is_required = said["required"] if "required" in said else not said.get("optional", False)
    found = said.get("name")
    return Column(name if found is None else str(found), _type(said), bool(is_required))


def _type(said: Mapping[str, Any]) -> Type:
    kind = Kind(said["type"])
    if kind is Kind.ARRAY:
        return Type(kind, items=_type(said["items"]))
    if kind is Kind.MAP:
        return Type(kind, items=_type(said["values"]))
    if kind is Kind.OBJECT:
        return Type(kind, properties={name: _column(each, name) for name, each in said["properties"].items()})
    return Type(kind)


def _tensor(said: Mapping[str, Any]) -> Tensor:
    spec: Mapping[str, Any] = said["tensor-spec"]
    return Tensor(said.get("name"), spec["dtype"], tuple(spec["shape"]))


def _param(said: Mapping[str, Any]) -> Param:
    shape = said.get("shape")
    kind = said.get("type") or said["dtype"]
    return Param(said["name"], Kind(kind), said.get("default"), tuple(shape) if shape else None)
