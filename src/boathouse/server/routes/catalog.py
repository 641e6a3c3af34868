"""The Unity Catalog REST API, and the plain routes to identities, audit and lineage beside it."""

from fastapi import APIRouter

from boathouse.catalog.law import Catalog
from boathouse.server.routes import (
    audit,
    catalogs,
    credentials,
    delta_commits,
    grants,
    lineage,
    metastore,
    principals,
    schemas,
    scim,
    search,
    tables,
    tags,
    tokens,
    volumes,
)

PREFIX = "/api/2.1/unity-catalog"


def routes(catalog: Catalog) -> APIRouter:
    """All doors to the catalog."""
    router = APIRouter()
    for part in (metastore, catalogs, schemas, tables, volumes, grants, tags, delta_commits):
        router.include_router(part.routes(catalog), prefix=PREFIX)
    for prefix in (PREFIX, "/api/2.0/unity-catalog"):  # databricks-sdk asks for credentials under 2.0
        router.include_router(credentials.routes(catalog), prefix=prefix)
    router.include_router(metastore.handshake())
    router.include_router(scim.routes(catalog), prefix="/api/2.0/preview/scim/v2")
    router.include_router(tokens.routes(catalog), prefix="/api/2.0")
    for part in (principals, audit, lineage, search):
        router.include_router(part.routes(catalog), prefix="/api/boathouse/v1")
    router.include_router(tokens.link_routes(catalog), prefix="/api/boathouse/v1")
    return router
