"""Schemas in the Unity Catalog REST shapes."""

from typing import Any

from fastapi import APIRouter
from pydantic import ConfigDict

from boathouse.catalog import SecurableKind
from boathouse.catalog.law import Catalog
from boathouse.foundation.names import SchemaName
from boathouse.server.authentication import Caller
from boathouse.server.routes.unity_examples import SCHEMA, example
from boathouse.server.routes.unity_shapes import JSON, Body, answered, paged, schema_info, texts

KIND = SecurableKind.SCHEMA


class NewSchema(Body):
    model_config = ConfigDict(
        extra="allow", json_schema_extra={"examples": [{"name": "flights", "catalog_name": "prod"}]}
    )

    name: str
    catalog_name: str
    comment: str | None = None
    properties: dict[str, Any] | None = None


class SchemaChange(Body):
    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{"owner": "Data Team"}]})

    new_name: str | None = None
    comment: str | None = None
    owner: str | None = None
    properties: dict[str, Any] | None = None


def routes(catalog: Catalog) -> APIRouter:
    """Create, look, list, change, drop."""
    router = APIRouter(tags=["Unity Catalog: schemas"])
    securables = catalog.securables

    @router.post("/schemas", summary="Create a schema", responses=example(SCHEMA))
    def create(caller: Caller, body: NewSchema) -> JSON:  # pyright: ignore[reportUnusedFunction]
        name = SchemaName(body.catalog_name, body.name)
        made = securables.create_schema(caller, name, comment=body.comment, properties=texts(body.properties))
        return answered(body, schema_info(made, securables.root().id))

    @router.get(
        "/schemas",
        summary="List the schemas of a catalog that the caller may know of",
        responses=example({"schemas": [SCHEMA]}),
    )
    def list_all(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, catalog_name: str, max_results: int | None = None, page_token: str | None = None
    ) -> JSON:
        root = securables.root().id
        return paged(
            securables.list(caller, KIND, catalog_name),
            lambda each: each.full_name,
            key="schemas",
            shown=lambda each: schema_info(each, root),
            max_results=max_results,
            page_token=page_token,
        )

    @router.get("/schemas/{full_name}", summary="One schema", responses=example(SCHEMA))
    def get(caller: Caller, full_name: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        return schema_info(securables.get(caller, KIND, full_name), securables.root().id)

    @router.patch(
        "/schemas/{full_name}",
        summary="Change a schema's name, owner, comment or properties",
        responses=example(SCHEMA),
    )
    def update(caller: Caller, full_name: str, body: SchemaChange) -> JSON:  # pyright: ignore[reportUnusedFunction]
        changed = securables.update(
            caller,
            KIND,
            full_name,
            comment=body.comment,
            owner=body.owner,
            new_name=body.new_name,
            properties=texts(body.properties),
        )
        return answered(body, schema_info(changed, securables.root().id))

    @router.delete("/schemas/{full_name}", summary="Drop a schema; with force, everything in it", responses=example({}))
    def drop(caller: Caller, full_name: str, force: bool = False) -> JSON:  # pyright: ignore[reportUnusedFunction]
        securables.drop(caller, KIND, full_name, cascade=force)
        return {}

    return router
