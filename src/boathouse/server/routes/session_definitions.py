"""The part of the law over HTTP that concerns views and functions."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import FunctionName, TableName
from boathouse.server.authentication import Caller
from boathouse.session import wire
from boathouse.session.law import Law

Json = dict[str, Any]
_VIEW = {"text": "SELECT origin FROM prod.flights.weather", "query_columns": ["origin"], "dependencies": []}
_STATEMENT = {"id": "5b6f…", "text": "SELECT prod.flights.is_late(20)", "kind": "SELECT"}


def _body(**example: Any) -> Any:
    return Body(examples=[example])


def add_definitions(router: APIRouter, law: Law) -> None:
    """Resolve, create and look at views and functions."""

    @router.post("/resolve-functions", summary="Authorise the functions of a statement and say what they compute")
    def resolve_functions(
        caller: Caller, body: Annotated[Json, _body(names=["prod.flights.is_late"], statement=_STATEMENT)]
    ) -> Json:
        with WellFormed():
            names = [FunctionName.parse(str(each)) for each in body["names"]]
            statement = wire.statement_of(body["statement"])
        return {"functions": [wire.function_json(each) for each in law.resolve_functions(caller, names, statement)]}

    @router.post("/create-view", summary="Give a query a name")
    def create_view(
        caller: Caller,
        body: Annotated[Json, _body(view={"name": "dev.shop.v", "view": _VIEW, "columns": []}, replace=False)],
    ) -> Json:
        with WellFormed():
            view = wire.new_view_of(body["view"])
        return wire.table_json(law.create_view(caller, view, replace=bool(body.get("replace"))))

    @router.post("/alter-view", summary="Change what a view reads")
    def alter_view(caller: Caller, body: Annotated[Json, _body(name="dev.shop.v", view=_VIEW, columns=[])]) -> Json:
        with WellFormed():
            name, view = TableName.parse(str(body["name"])), wire.view_of(body["view"])
            columns = [wire.column_of(each) for each in body["columns"]]
        law.alter_view(caller, name, view, columns)
        return {}

    @router.post("/create-function", summary="Create a function")
    def create_function(
        caller: Caller, body: Annotated[Json, _body(function={"language": "SQL", "body": "delay > 15"}, replace=False)]
    ) -> Json:
        with WellFormed():
            function = wire.function_of(body["function"])
        return wire.function_json(law.create_function(caller, function, replace=bool(body.get("replace"))))

    @router.post("/function", summary="A function")
    def function(caller: Caller, body: Annotated[Json, _body(name="prod.flights.is_late")]) -> Json:
        with WellFormed():
            name = FunctionName.parse(str(body["name"]))
        return wire.function_json(law.function(caller, name))


class WellFormed:
    """Turn what a malformed body makes Python say into a refusal."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, KeyError | ValueError | TypeError | AttributeError):
            raise InvalidInput(f"The request is not well-formed: {error!r}.") from error
