"""Tables in the Unity Catalog REST shapes.

Who asks here and gets a ``storage_location`` scans the files itself; that it was told is an edge of the lineage graph.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Header
from pydantic import ConfigDict

from boathouse.catalog import Privilege, SecurableKind, Table, TableType
from boathouse.catalog.columns import column_from_info
from boathouse.catalog.delta_tables import TableWish
from boathouse.catalog.law import Catalog
from boathouse.foundation.errors import InvalidInput, NotFound, did_you_mean
from boathouse.foundation.names import SchemaName, TableName
from boathouse.server.authentication import Caller
from boathouse.server.routes.patterns import matches
from boathouse.server.routes.unity_examples import STAGED, SUMMARY, TABLE, example
from boathouse.server.routes.unity_shapes import JSON, Body, answered, paged, table_info, texts

KIND = SecurableKind.TABLE

_ONLY_SCAN = ("Sail/",)
"""Clients that ask for a table in order to scan it; without a location they fail later, with a riddle."""


class NewTable(Body):
    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "name": "weather",
                    "catalog_name": "prod",
                    "schema_name": "flights",
                    "table_type": "MANAGED",
                    "data_source_format": "DELTA",
                    "columns": [{"name": "temp", "type_text": "double", "position": 0}],
                }
            ]
        },
    )

    name: str
    catalog_name: str
    schema_name: str
    table_type: str = TableType.MANAGED.value
    data_source_format: str = "DELTA"
    columns: list[dict[str, Any]] | None = None
    storage_location: str | None = None
    comment: str | None = None
    properties: dict[str, Any] | None = None


class NewStagingTable(Body):
    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"examples": [{"name": "weather", "catalog_name": "prod", "schema_name": "flights"}]},
    )

    name: str
    catalog_name: str
    schema_name: str


class TableChange(Body):
    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{"comment": "Hourly, at the origin."}]})

    owner: str | None = None
    comment: str | None = None
    new_name: str | None = None
    properties: dict[str, Any] | None = None


def routes(catalog: Catalog) -> APIRouter:
    """Create, look, list, change, drop."""
    router = APIRouter(tags=["Unity Catalog: tables"])
    securables = catalog.securables

    @router.post(
        "/tables",
        summary="Create a managed table with its Delta log, or register an external one",
        responses=example(TABLE),
    )
    def create(caller: Caller, body: NewTable) -> JSON:  # pyright: ignore[reportUnusedFunction]
        made = catalog.delta_tables.create(caller, _wish(body))
        return answered(body, table_info(made, securables.root().id))

    @router.post(
        "/staging-tables",
        summary="Reserve a place for a table that the client writes itself",
        responses=example(STAGED),
    )
    def stage(caller: Caller, body: NewStagingTable) -> JSON:  # pyright: ignore[reportUnusedFunction]
        name = TableName(body.catalog_name, body.schema_name, body.name)
        place = securables.stage_table(caller, name)
        return {
            "id": place.table_id,
            "name": name.name,
            "catalog_name": name.catalog,
            "schema_name": name.schema,
            "staging_location": place.storage_location,
        }

    @router.get(
        "/tables",
        summary="List the tables of a schema that the caller may know of",
        responses=example({"tables": [TABLE]}),
    )
    def list_all(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        catalog_name: str,
        schema_name: str,
        max_results: int | None = None,
        page_token: str | None = None,
        omit_columns: bool = False,
    ) -> JSON:
        root = securables.root().id
        shown: list[Table] = []

        def show(table: Table) -> JSON:
            shown.append(table)
            return table_info(table, root, with_columns=not omit_columns)

        page = paged(
            securables.tables(caller, SchemaName(catalog_name, schema_name)),
            lambda each: each.securable.full_name,
            key="tables",
            shown=show,
            max_results=max_results,
            page_token=page_token,
        )
        catalog.handouts.told(caller, shown)
        return page

    @router.get(
        "/table-summaries",
        summary="Names and types of tables, by patterns with %",
        responses=example({"tables": [SUMMARY]}),
    )
    def summaries(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        catalog_name: str,
        schema_name_pattern: str | None = None,
        table_name_pattern: str | None = None,
        max_results: int | None = None,
        page_token: str | None = None,
    ) -> JSON:
        schemas = [each.full_name for each in securables.list(caller, SecurableKind.SCHEMA, catalog_name)]
        tables = [
            table
            for schema in schemas
            if matches(schema_name_pattern, schema.partition(".")[2])
            for table in securables.tables(caller, SchemaName.parse(schema))
            if matches(table_name_pattern, table.securable.full_name.rpartition(".")[2])
        ]
        return paged(
            tables,
            lambda each: each.securable.full_name,
            key="tables",
            shown=lambda each: {"full_name": each.securable.full_name, "table_type": each.table_type.value},
            max_results=max_results,
            page_token=page_token,
        )

    @router.get("/tables/{full_name}", summary="One table", responses=example(TABLE))
    def get(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, full_name: str, user_agent: Annotated[str, Header()] = ""
    ) -> JSON:
        name = TableName.parse(full_name)
        table = catalog.delta_tables.up_to_date(securables.table(caller, name))
        if not table.storage_location and user_agent.startswith(_ONLY_SCAN):
            catalog.grants.require(caller, Privilege.SELECT, KIND, str(name))
        catalog.handouts.told(caller, [table])
        return table_info(table, securables.root().id)

    @router.get(
        "/tables/{full_name}/exists",
        summary="Whether there is such a table that the caller may know of",
        responses=example({"table_exists": True}),
    )
    def exists(caller: Caller, full_name: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        try:
            securables.table(caller, TableName.parse(full_name))
        except NotFound:
            return {"table_exists": False}
        return {"table_exists": True}

    @router.patch(
        "/tables/{full_name}", summary="Change a table's owner, comment, name or properties", responses=example(TABLE)
    )
    def update(caller: Caller, full_name: str, body: TableChange) -> JSON:  # pyright: ignore[reportUnusedFunction]
        changed = securables.update(
            caller,
            KIND,
            full_name,
            comment=body.comment,
            owner=body.owner,
            new_name=body.new_name,
            properties=texts(body.properties),
        )
        table = securables.table(caller, TableName.parse(changed.full_name))
        return answered(body, table_info(table, securables.root().id))

    @router.delete(
        "/tables/{full_name}", summary="Drop a table; its name is free, its files stay", responses=example({})
    )
    def drop(caller: Caller, full_name: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        securables.drop(caller, KIND, full_name)
        return {}

    return router


def _wish(body: NewTable) -> TableWish:
    try:
        table_type = TableType(body.table_type.upper())
    except ValueError as error:
        raise InvalidInput(
            f"{body.table_type!r} is not a type of table.", hint=did_you_mean(body.table_type, TableType)
        ) from error
    return TableWish(
        name=TableName(body.catalog_name, body.schema_name, body.name),
        columns=tuple(column_from_info(info, position) for position, info in enumerate(body.columns or [])),
        table_type=table_type,
        data_source_format=body.data_source_format,
        storage_location=body.storage_location or None,
        comment=body.comment,
        properties=texts(body.properties) or {},
    )
