"""What is computed instead of stored: views and functions, each a text with the names it depends on.

Both act with the rights of their owner. Who reads a view needs a privilege on the view alone; that its owner may read
what lies behind it is checked each time, by :mod:`owners_rights`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from boathouse.catalog.securables import Securable, SecurableKind
from boathouse.foundation.names import TableName

if TYPE_CHECKING:
    from boathouse.catalog.securables import Column, Table


THROUGH = "THROUGH"
"""The operation of a lineage edge from what is read to the view or function that reads it."""

FEATURES = "FEATURES"
"""The operation of a lineage edge from a feature table or function to what takes features of it: a model version, a
feature spec."""

VIEW_FORMAT = "UNKNOWN_DATA_SOURCE_FORMAT"
"""Unity Catalog's word for what has no files."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """A table, view or function that a definition names."""

    kind: SecurableKind
    full_name: str
    columns: tuple[str, ...] = ()
    """The columns of a table when the definition was made."""


@dataclass(frozen=True, slots=True)
class Behind:
    """What a definition depends on, resolved with the rights of its owner."""

    tables: "tuple[Table, ...]" = ()
    functions: "tuple[Function, ...]" = ()


@dataclass(frozen=True, slots=True)
class View:
    """A query under a name."""

    text: str
    """Databricks SQL; every table and function has its full name."""
    query_columns: tuple[str, ...]
    """The names that the query itself gives to the columns of the view, in their order."""
    dependencies: tuple[Dependency, ...] = ()
    behind: Behind | None = None
    """Filled in when the law resolves the view for a statement."""


@dataclass(frozen=True, slots=True)
class NewView:
    """A view that somebody wants; its columns are those that the query gave when it was tried."""

    name: TableName
    view: View
    columns: "tuple[Column, ...]"
    comment: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict[str, str])


class Language(StrEnum):
    SQL = "SQL"
    PYTHON = "PYTHON"
    FEATURE_SPEC = "FEATURE_SPEC"
    """Not code but a recipe of features: its parameters are what it needs, its columns what it gives. No SQL can call
    it; who uses it reads with rights of their own."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument of a function, or a column of the rows that it returns."""

    name: str
    type_text: str
    default: str | None = None
    """An expression in Databricks SQL."""
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """A function: a securable with parameters and a body."""

    securable: Securable
    language: Language
    parameters: tuple[Parameter, ...]
    returns: str
    """The type of its value; empty for a function that returns rows."""
    body: str
    """For SQL the expression or query after RETURN, names in full; for Python the code."""
    columns: tuple[Parameter, ...] = ()
    """The columns of the rows that it returns; empty for a function with a value."""
    is_query: bool = False
    """Whether the body is a query, not an expression."""
    deterministic: bool = False
    handler: str | None = None
    """The Python function to call; without one the body is that of a function with a ``return``."""
    is_exact: bool = False
    """Whether the body gives the declared type by itself, so that no conversion is needed."""
    dependencies: tuple[Dependency, ...] = field(default=())
    behind: Behind | None = None

    @property
    def full_name(self) -> str:
        return self.securable.full_name

    @property
    def returns_rows(self) -> bool:
        return bool(self.columns)


Json = dict[str, Any]


def view_json(view: View) -> Json:
    """A view's definition as it is stored; what lies behind it is asked for each time."""
    return {
        "text": view.text,
        "query_columns": list(view.query_columns),
        "dependencies": [_dependency_json(each) for each in view.dependencies],
    }


def view_of(data: Mapping[str, Any]) -> View:
    return View(str(data["text"]), tuple(data["query_columns"]), dependencies_in(data))


def function_json(function: Function) -> Json:
    """A function's definition as it is stored."""
    return {
        "language": function.language.value,
        "parameters": [_parameter_json(each) for each in function.parameters],
        "returns": function.returns,
        "body": function.body,
        "columns": [_parameter_json(each) for each in function.columns],
        "is_query": function.is_query,
        "deterministic": function.deterministic,
        "handler": function.handler,
        "is_exact": function.is_exact,
        "dependencies": [_dependency_json(each) for each in function.dependencies],
    }


def definition_digest(definition: Mapping[str, Any]) -> str:
    """A short text that is the same for the same definition of a function, whoever holds it."""
    known = {key: value for key, value in definition.items() if key not in ("name", "full_name")}
    return sha256(json.dumps(known, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:32]


def function_of(securable: Securable, data: Mapping[str, Any]) -> Function:
    return Function(
        securable=securable,
        language=Language(data["language"]),
        parameters=tuple(Parameter(**each) for each in data["parameters"]),
        returns=str(data["returns"]),
        body=str(data["body"]),
        columns=tuple(Parameter(**each) for each in data["columns"]),
        is_query=bool(data["is_query"]),
        deterministic=bool(data["deterministic"]),
        handler=data.get("handler"),
        is_exact=bool(data.get("is_exact")),
        dependencies=dependencies_in(data),
    )


def dependencies_in(data: Mapping[str, Any]) -> tuple[Dependency, ...]:
    """The dependencies in the stored definition of a view or function."""
    return tuple(_dependency_of(each) for each in data["dependencies"])


def _dependency_json(dependency: Dependency) -> Json:
    return {
        "kind": dependency.kind.value,
        "full_name": dependency.full_name,
        "columns": list(dependency.columns),
    }


def _dependency_of(data: Mapping[str, Any]) -> Dependency:
    return Dependency(SecurableKind(data["kind"]), str(data["full_name"]), tuple(data.get("columns") or ()))


def _parameter_json(parameter: Parameter) -> Json:
    return {
        "name": parameter.name,
        "type_text": parameter.type_text,
        "default": parameter.default,
        "comment": parameter.comment,
    }
