# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The law over HTTP, for sessions that run in another process. People use SQL or the Unity Catalog API instead."""

from typing import Annotated, Any

import pyarrow as pa
from fastapi import APIRouter, Body
from fastapi.responses import Response

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.names import SchemaName, TableName, VolumeName
from boathouse.server.authentication import Caller
from boathouse.server.routes.session_definitions import WellFormed, add_definitions
from boathouse.session import wire
from boathouse.session.law import Alteration, Intent, Law
from boathouse.session.remote import BASE

Json = dict[str, Any]
ARROW_STREAM = "application/vnd.apache.arrow.stream"
_STATEMENT = {"id": "5b6f…", "text": "SELECT * FROM prod.flights.weather", "kind": "SELECT"}


def _body(**example: Any) -> Any:
    return Body(examples=[example])


def routes(law: Law) -> APIRouter:
    """The routes over a law in process."""
    router = APIRouter(prefix=BASE, tags=["session"])
    _add_access(router, law)
    _add_tables(router, law)
    _add_securables(router, law)
    _add_grants(router, law)
    add_definitions(router, law)
    return router


def _add_access(router: APIRouter, law: Law) -> None:
    @router.get("/me", summary="Who the token stands for")
    def me(caller: Caller) -> Json:
        return wire.principal_json(caller)

    @router.post("/resolve-tables", summary="Authorise the tables of a statement and say where they lie")
    def resolve_tables(
        caller: Caller,
        body: Annotated[
            Json, _body(requests=[{"name": "prod.flights.weather", "intent": "READ"}], statement=_STATEMENT)
        ],
    ) -> Json:
        with WellFormed():
            requests = [wire.request_of(each) for each in body["requests"]]
            statement = wire.statement_of(body["statement"])
        return {"tables": [wire.table_json(each) for each in law.resolve_tables(caller, requests, statement)]}

    @router.post("/resolve-volume", summary="Authorise a volume and say where it lies")
    def resolve_volume(
        caller: Caller,
        body: Annotated[Json, _body(name="prod.flights.landing", intent="READ", statement=_STATEMENT)],
    ) -> Json:
        with WellFormed():
            name, intent = VolumeName.parse(body["name"]), Intent(body["intent"])
            statement = wire.statement_of(body["statement"])
        return wire.volume_json(law.resolve_volume(caller, name, intent, statement))

    @router.post("/record-lineage", summary="Remember what was read and written, with versions")
    def record_lineage(
        caller: Caller,
        body: Annotated[
            Json,
            _body(edges=[{"source": {"kind": "table", "name": "prod.flights.weather", "version": 3}, "target": None,
                          "operation": "READ", "statement_id": "5b6f…"}]),
        ],
    ) -> Json:  # fmt: skip
        with WellFormed():
            edges = [wire.edge_of(each) for each in body["edges"]]
        law.record_lineage(caller, edges)
        return {}

    @router.post(
        "/system-table",
        summary="The rows of a system table or an information schema, as an Arrow stream",
        response_class=Response,
        responses={200: {"content": {ARROW_STREAM: {}}}},
    )
    def system_table(caller: Caller, body: Annotated[Json, _body(name="system.access.audit")]) -> Response:
        with WellFormed():
            name = TableName.parse(body["name"])
        return Response(_arrow_stream(law.system_table(caller, name)), media_type=ARROW_STREAM)


def _add_tables(router: APIRouter, law: Law) -> None:
    @router.post("/stage-table", summary="Check that a table may be created and reserve a place for it")
    def stage_table(caller: Caller, body: Annotated[Json, _body(name="dev.shop.orders", replace=False)]) -> Json:
        with WellFormed():
            name = TableName.parse(body["name"])
        return wire.staged_json(law.stage_table(caller, name, replace=bool(body.get("replace"))))

    @router.post("/create-table", summary="Give a written table its name")
    def create_table(
        caller: Caller,
        body: Annotated[
            Json,
            _body(table={"staged": {"table_id": "0f1c…", "name": "dev.shop.orders", "storage_location": "file:///…"},
                         "columns": [], "comment": None, "properties": {}}, replace=False),
        ],
    ) -> Json:  # fmt: skip
        with WellFormed():
            table = wire.new_table_of(body["table"])
        return wire.table_json(law.create_table(caller, table, replace=bool(body.get("replace"))))

    @router.post("/refresh-columns", summary="Tell the catalog that a write has changed a table's columns")
    def refresh_columns(caller: Caller, body: Annotated[Json, _body(name="dev.shop.orders", columns=[])]) -> Json:
        with WellFormed():
            name = TableName.parse(body["name"])
            columns = [wire.column_of(each) for each in body["columns"]]
        law.refresh_columns(caller, name, columns)
        return {}

    @router.post("/table", summary="A table with its columns")
    def table(caller: Caller, body: Annotated[Json, _body(name="dev.shop.orders")]) -> Json:
        with WellFormed():
            name = TableName.parse(body["name"])
        return wire.table_json(law.table(caller, name))

    @router.post("/volume", summary="A volume")
    def volume(caller: Caller, body: Annotated[Json, _body(name="dev.shop.landing")]) -> Json:
        with WellFormed():
            name = VolumeName.parse(body["name"])
        return wire.volume_json(law.volume(caller, name))


def _add_securables(router: APIRouter, law: Law) -> None:
    @router.post("/create-catalog", summary="Create a catalog")
    def create_catalog(caller: Caller, body: Annotated[Json, _body(name="sandbox", comment=None)]) -> Json:
        with WellFormed():
            name = str(body["name"])
        return wire.securable_json(law.create_catalog(caller, name, comment=body.get("comment")))

    @router.post("/create-schema", summary="Create a schema")
    def create_schema(caller: Caller, body: Annotated[Json, _body(name="dev.shop", comment=None)]) -> Json:
        with WellFormed():
            name = SchemaName.parse(body["name"])
        return wire.securable_json(law.create_schema(caller, name, comment=body.get("comment")))

    @router.post("/create-volume", summary="Create a volume")
    def create_volume(caller: Caller, body: Annotated[Json, _body(name="dev.shop.landing", comment=None)]) -> Json:
        with WellFormed():
            name = VolumeName.parse(body["name"])
        return wire.volume_json(law.create_volume(caller, name, comment=body.get("comment")))

    @router.post("/drop", summary="Drop a catalog, schema, table or volume")
    def drop(caller: Caller, body: Annotated[Json, _body(kind="table", name="dev.shop.orders", cascade=False)]) -> Json:
        with WellFormed():
            kind, name = SecurableKind(body["kind"]), str(body["name"])
        law.drop(caller, kind, name, cascade=bool(body.get("cascade")))
        return {}

    @router.post("/get", summary="Anything governed, by kind and name")
    def get(caller: Caller, body: Annotated[Json, _body(kind="schema", name="dev.shop")]) -> Json:
        with WellFormed():
            kind, name = SecurableKind(body["kind"]), str(body["name"])
        return wire.securable_json(law.get(caller, kind, name))

    @router.post("/list", summary="What of a kind lies in a place")
    def list_children(caller: Caller, body: Annotated[Json, _body(kind="table", parent="dev.shop")]) -> Json:
        with WellFormed():
            kind = SecurableKind(body["kind"])
        found = law.list_children(caller, kind, body.get("parent"))
        return {"securables": [wire.securable_json(each) for each in found]}

    @router.post("/alter", summary="Change the name, the owner or the tags of anything governed")
    def alter(
        caller: Caller,
        body: Annotated[Json, _body(kind="table", name="dev.shop.orders", owner="ann", tags={"pii": "no"})],
    ) -> Json:
        with WellFormed():
            kind, name = SecurableKind(body["kind"]), str(body["name"])
            tags = {str(key): str(value) for key, value in (body.get("tags") or {}).items()}
            untag = tuple(map(str, body.get("untag") or ()))
            column = None if body.get("column") is None else str(body["column"])
            change = Alteration(body.get("new_name"), body.get("owner"), tags, untag, column)
        law.alter(caller, kind, name, change)
        return {}

    @router.post("/pinned-versions", summary="The versions of a table that must stay readable")
    def pinned_versions(caller: Caller, body: Annotated[Json, _body(name="dev.shop.orders")]) -> Json:
        with WellFormed():
            name = TableName.parse(body["name"])
        return {"versions": law.pinned_versions(caller, name)}

    @router.post("/set-comment", summary="Comment on anything governed")
    def set_comment(
        caller: Caller, body: Annotated[Json, _body(kind="table", name="dev.shop.orders", comment="One row per order.")]
    ) -> Json:
        with WellFormed():
            kind, name = SecurableKind(body["kind"]), str(body["name"])
        law.set_comment(caller, kind, name, body.get("comment"))
        return {}

    @router.post("/set-properties", summary="Set properties of anything governed; null takes one away")
    def set_properties(
        caller: Caller, body: Annotated[Json, _body(kind="table", name="dev.shop.orders", properties={"team": "sales"})]
    ) -> Json:
        with WellFormed():
            kind, name = SecurableKind(body["kind"]), str(body["name"])
            given = dict(body["properties"]).items()
            properties = {str(key): None if value is None else str(value) for key, value in given}
        law.set_properties(caller, kind, name, properties)
        return {}


def _add_grants(router: APIRouter, law: Law) -> None:
    example = {"principal": "ann", "privileges": ["SELECT"], "kind": "table", "name": "dev.shop.orders"}

    @router.post("/grant", summary="Give privileges")
    def grant(caller: Caller, body: Annotated[Json, _body(**example)]) -> Json:
        law.grant(caller, *_grant_of(body))
        return {}

    @router.post("/revoke", summary="Take privileges away")
    def revoke(caller: Caller, body: Annotated[Json, _body(**example)]) -> Json:
        law.revoke(caller, *_grant_of(body))
        return {}

    @router.post("/grants", summary="Who holds what on a thing, inherited privileges included")
    def grants(caller: Caller, body: Annotated[Json, _body(kind="table", name="dev.shop.orders")]) -> Json:
        with WellFormed():
            kind, name = SecurableKind(body["kind"]), str(body["name"])
        return {"grants": wire.grants_json(law.list_grants(caller, kind, name))}


def _grant_of(body: Json) -> tuple[str, list[Privilege], SecurableKind, str]:
    with WellFormed():
        privileges = [Privilege.parse(str(each)) for each in body["privileges"]]
        return str(body["principal"]), privileges, SecurableKind(body["kind"]), str(body["name"])


def _arrow_stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()
