"""Catalogs in the Unity Catalog REST shapes."""

from typing import Any

from fastapi import APIRouter
from pydantic import ConfigDict

from boathouse.catalog import SecurableKind
from boathouse.catalog.law import Catalog
from boathouse.server.authentication import Caller
from boathouse.server.routes.unity_examples import CATALOG, example
from boathouse.server.routes.unity_shapes import JSON, Body, answered, catalog_info, paged, texts

KIND = SecurableKind.CATALOG


class NewCatalog(Body):
    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{"name": "lab", "comment": "Trials."}]})

    name: str
    comment: str | None = None
    properties: dict[str, Any] | None = None


class CatalogChange(Body):
    model_config = ConfigDict(
        extra="allow", json_schema_extra={"examples": [{"comment": "Trials and errors.", "owner": "Data Team"}]}
    )

    new_name: str | None = None
    comment: str | None = None
    owner: str | None = None
    properties: dict[str, Any] | None = None


def routes(catalog: Catalog) -> APIRouter:
    """Create, look, list, change, drop."""
    router = APIRouter(tags=["Unity Catalog: catalogs"])
    securables = catalog.securables

    @router.post("/catalogs", summary="Create a catalog", responses=example(CATALOG))
    def create(caller: Caller, body: NewCatalog) -> JSON:  # pyright: ignore[reportUnusedFunction]
        made = securables.create_catalog(caller, body.name, comment=body.comment, properties=texts(body.properties))
        return answered(body, catalog_info(made, securables.root().id))

    @router.get(
        "/catalogs", summary="List the catalogs that the caller may know of", responses=example({"catalogs": [CATALOG]})
    )
    def list_all(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, max_results: int | None = None, page_token: str | None = None
    ) -> JSON:
        root = securables.root().id
        return paged(
            securables.list(caller, KIND),
            lambda each: each.full_name,
            key="catalogs",
            shown=lambda each: catalog_info(each, root),
            max_results=max_results,
            page_token=page_token,
        )

    @router.get("/catalogs/{name}", summary="One catalog", responses=example(CATALOG))
    def get(caller: Caller, name: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        return catalog_info(securables.get(caller, KIND, name), securables.root().id)

    @router.patch(
        "/catalogs/{name}", summary="Change a catalog's name, owner, comment or properties", responses=example(CATALOG)
    )
    def update(caller: Caller, name: str, body: CatalogChange) -> JSON:  # pyright: ignore[reportUnusedFunction]
        changed = securables.update(
            caller,
            KIND,
            name,
            comment=body.comment,
            owner=body.owner,
            new_name=body.new_name,
            properties=texts(body.properties),
        )
        return answered(body, catalog_info(changed, securables.root().id))

    @router.delete("/catalogs/{name}", summary="Drop a catalog; with force, everything in it", responses=example({}))
    def drop(caller: Caller, name: str, force: bool = False) -> JSON:  # pyright: ignore[reportUnusedFunction]
        securables.drop(caller, KIND, name, cascade=force)
        return {}

    return router
