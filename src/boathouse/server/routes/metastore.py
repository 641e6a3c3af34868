"""The metastore, and what the Databricks SDK asks before anything else."""

from fastapi import APIRouter

from boathouse.catalog.law import Catalog
from boathouse.server.authentication import Caller
from boathouse.server.routes.unity_examples import ASSIGNMENT, METASTORE, example
from boathouse.server.routes.unity_shapes import JSON

WORKSPACE_ID = 1
"""There is one workspace; clients want a number for it."""

DEFAULT_CATALOG = "dev"


def routes(catalog: Catalog) -> APIRouter:
    """Facts about the metastore."""
    router = APIRouter(tags=["Unity Catalog: metastore"])

    @router.get("/metastore_summary", summary="The metastore", responses=example(METASTORE))
    def summary(_: Caller) -> JSON:  # pyright: ignore[reportUnusedFunction]
        root = catalog.securables.root()
        return {
            "metastore_id": root.id,
            "global_metastore_id": f"local:local:{root.id}",
            "name": root.full_name,
            "owner": root.owner,
            "cloud": "local",
            "region": "local",
            "created_at": root.created_at,
            "created_by": root.created_by,
            "updated_at": root.updated_at,
            "updated_by": root.updated_by,
            "privilege_model_version": "1.0",
            "delta_sharing_scope": "INTERNAL",
        }

    @router.get(
        "/current-metastore-assignment", summary="The metastore of this workspace", responses=example(ASSIGNMENT)
    )
    def assignment(_: Caller) -> JSON:  # pyright: ignore[reportUnusedFunction]
        return {
            "metastore_id": catalog.securables.root().id,
            "workspace_id": WORKSPACE_ID,
            "default_catalog_name": DEFAULT_CATALOG,
        }

    return router


def handshake() -> APIRouter:
    """What databricks-sdk fetches, without a token, whenever a client is made."""
    router = APIRouter(tags=["Databricks handshake"])

    @router.get(
        "/.well-known/databricks-config",
        summary="Facts about this host, for databricks-sdk",
        responses=example({"workspace_id": "1"}),
    )
    def databricks_config() -> JSON:  # pyright: ignore[reportUnusedFunction]
        return {"workspace_id": str(WORKSPACE_ID)}

    return router
