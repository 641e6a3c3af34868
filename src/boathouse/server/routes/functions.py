"""Functions in the Unity Catalog REST shapes. One made here is tried like one made by CREATE FUNCTION: it is the same
verb of a session."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from pydantic import ConfigDict

from boathouse.catalog import Catalog, Function, Language, Parameter, SecurableKind
from boathouse.catalog.columns import column_from_info
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import FunctionName, SchemaName
from boathouse.foundation.principals import Principal
from boathouse.server.authentication import Caller
from boathouse.server.routes.unity_shapes import JSON, Body, answered, common_info, paged
from boathouse.session.session import Session
from boathouse.session.sql.statements import CreateFunction, FunctionParameter

KIND = SecurableKind.FUNCTION
SessionOf = Callable[[Principal], Session]
_TABLE_TYPE = "TABLE_TYPE"
_FUNCTION: dict[str, Any] = {
    "name": "is_late",
    "catalog_name": "prod",
    "schema_name": "flights",
    "input_params": {"parameters": [{"name": "delay", "type_text": "int", "type_name": "INT", "position": 0}]},
    "data_type": "BOOLEAN",
    "full_data_type": "BOOLEAN",
    "routine_body": "SQL",
    "routine_definition": "delay >= 15",
}


class FunctionInfo(Body):
    """What a client says of a function that shall be; what follows from the rest is not looked at."""

    name: str
    catalog_name: str
    schema_name: str
    input_params: dict[str, Any] | None = None
    return_params: dict[str, Any] | None = None
    data_type: str | None = None
    full_data_type: str | None = None
    routine_body: str = "SQL"
    routine_definition: str
    external_language: str | None = None
    external_name: str | None = None
    is_deterministic: bool = False
    comment: str | None = None
    parameter_style: str | None = None
    sql_data_access: str | None = None
    is_null_call: bool | None = None
    security_type: str | None = None
    specific_name: str | None = None
    properties: str | None = None
    routine_dependencies: dict[str, Any] | None = None

    def ignored(self) -> list[str]:
        unused = {"properties": self.properties not in (None, "", "{}", "null")}
        return sorted([*super().ignored(), *(name for name, is_set in unused.items() if is_set)])


class NewFunction(Body):
    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{"function_info": _FUNCTION}]})

    function_info: FunctionInfo


class FunctionChange(Body):
    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{"owner": "ann"}]})

    owner: str | None = None


def routes(catalog: Catalog, session_of: SessionOf) -> APIRouter:
    """Create, look, list, change, drop."""
    router = APIRouter(prefix="/api/2.1/unity-catalog", tags=["Unity Catalog: functions"])

    @router.post("/functions", summary="Create a function", responses=_example(_FUNCTION))
    def create(caller: Caller, body: NewFunction) -> JSON:  # pyright: ignore[reportUnusedFunction]
        info = body.function_info
        session_of(caller).create_function(_statement(info))
        made = catalog.functions.function(caller, FunctionName(info.catalog_name, info.schema_name, info.name))
        return answered(info, function_info(made, catalog.securables.root().id))

    @router.get(
        "/functions",
        summary="List the functions of a schema that the caller may know of",
        responses=_example({"functions": [_FUNCTION]}),
    )
    def list_all(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        catalog_name: str,
        schema_name: str,
        max_results: int | None = None,
        page_token: str | None = None,
    ) -> JSON:
        root = catalog.securables.root().id
        return paged(
            catalog.functions.functions(caller, SchemaName(catalog_name, schema_name)),
            lambda each: each.full_name,
            key="functions",
            shown=lambda each: function_info(each, root),
            max_results=max_results,
            page_token=page_token,
        )

    @router.get("/functions/{full_name}", summary="One function", responses=_example(_FUNCTION))
    def get(caller: Caller, full_name: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        found = catalog.functions.function(caller, FunctionName.parse(full_name))
        return function_info(found, catalog.securables.root().id)

    @router.patch("/functions/{full_name}", summary="Change a function's owner", responses=_example(_FUNCTION))
    def update(caller: Caller, full_name: str, body: FunctionChange) -> JSON:  # pyright: ignore[reportUnusedFunction]
        changed = catalog.securables.update(caller, KIND, full_name, owner=body.owner)
        found = catalog.functions.function(caller, FunctionName.parse(changed.full_name))
        return answered(body, function_info(found, catalog.securables.root().id))

    @router.delete("/functions/{full_name}", summary="Drop a function; its name is free", responses=_example({}))
    def drop(caller: Caller, full_name: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        catalog.securables.drop(caller, KIND, full_name)
        return {}

    return router


def function_info(function: Function, metastore_id: str) -> JSON:
    """A function; without its definition for who may not execute it."""
    catalog, schema, name = function.full_name.split(".")
    is_python = function.language is Language.PYTHON
    is_external = function.language is not Language.SQL
    info = {
        **common_info(function.securable, metastore_id),
        "catalog_name": catalog,
        "schema_name": schema,
        "function_id": function.securable.id,
        "input_params": {"parameters": [_parameter(each, at) for at, each in enumerate(function.parameters)]},
        "data_type": _TABLE_TYPE if function.returns_rows else _type_name(function.returns),
        "full_data_type": _full_type(function),
        "routine_body": "EXTERNAL" if is_external else "SQL",
        "routine_definition": function.body,
        "parameter_style": "S",
        "is_deterministic": function.deterministic,
        "sql_data_access": "NO_SQL" if is_python else "READS_SQL_DATA" if function.dependencies else "CONTAINS_SQL",
        "is_null_call": True,
        "security_type": "DEFINER",
        "specific_name": name,
        "properties": "{}",
    }
    if is_external:
        info["external_language"] = "Python" if is_python else function.language.value
    if function.returns_rows:
        info["return_params"] = {"parameters": [_parameter(each, at) for at, each in enumerate(function.columns)]}
    if function.handler:
        info["external_name"] = function.handler
    if function.dependencies:
        info["routine_dependencies"] = {
            "dependencies": [
                {each.kind.value: {f"{each.kind.value}_full_name": each.full_name}} for each in function.dependencies
            ]
        }
    return info


def _statement(info: FunctionInfo) -> CreateFunction:
    language = Language.SQL
    if info.routine_body.upper() == "EXTERNAL":
        if (info.external_language or "").upper() != "PYTHON":
            raise InvalidInput(
                f"A function in {info.external_language or 'no language'} cannot be created.",
                hint="Send external_language PYTHON, or routine_body SQL.",
            )
        language = Language.PYTHON
    elif info.routine_body.upper() != "SQL":
        raise InvalidInput(f"routine_body is {info.routine_body!r}.", hint="It is SQL or EXTERNAL.")
    rows = (info.data_type or "").upper() == _TABLE_TYPE or bool(info.return_params)
    returned = "" if rows else info.full_data_type or info.data_type or ""
    return CreateFunction(
        name=(info.catalog_name, info.schema_name, info.name),
        parameters=_parameters(info.input_params),
        body=_expression(info.routine_definition) if language is Language.SQL else info.routine_definition,
        returns=returned,
        columns=_parameters(info.return_params) if rows else None,
        language=language,
        deterministic=info.is_deterministic,
        comment=info.comment,
        handler=info.external_name if language is Language.PYTHON else None,
    )


def _expression(definition: str) -> str:
    """Some clients send the statement's RETURN along."""
    word, _, rest = definition.strip().partition(" ")
    return rest if word.upper() == "RETURN" else definition


def _parameters(infos: dict[str, Any] | None) -> tuple[FunctionParameter, ...]:
    given: list[dict[str, Any]] = (infos or {}).get("parameters") or []
    ordered = sorted(given, key=_position)
    found: list[FunctionParameter] = []
    for position, each in enumerate(ordered):
        column = column_from_info(each, position)
        found.append(FunctionParameter(column.name, column.type_text, each.get("parameter_default"), column.comment))
    return tuple(found)


def _position(info: dict[str, Any]) -> int:
    return int(info.get("position") or 0)


def _parameter(parameter: Parameter, position: int) -> JSON:
    column = column_from_info({"name": parameter.name, "type_text": parameter.type_text}, position)
    info: JSON = {
        "name": parameter.name,
        "type_text": column.type_text,
        "type_json": column.type_json,
        "type_name": column.type_name,
        "position": position,
        "parameter_mode": "IN",
        "parameter_type": "PARAM",
    }
    if parameter.default is not None:
        info["parameter_default"] = parameter.default
    return info if parameter.comment is None else info | {"comment": parameter.comment}


def _type_name(type_text: str) -> str:
    return column_from_info({"name": "value", "type_text": type_text}, 0).type_name


def _full_type(function: Function) -> str:
    if not function.returns_rows:
        return function.returns.upper()
    return f"({', '.join(f'{each.name} {each.type_text.upper()}' for each in function.columns)})"


def _example(content: Any) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {"application/json": {"example": content}}}}
