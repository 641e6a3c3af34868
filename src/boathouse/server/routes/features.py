"""Feature tables: which there are, how fresh, and who takes their features."""

from typing import Any

from fastapi import APIRouter

from boathouse.features.inventory.listing import FeatureTables
from boathouse.features.inventory.table_json import consumer_json, feature_table_json, shown_json
from boathouse.features.online.registry.remote import BASE
from boathouse.server.authentication import Caller
from boathouse.session.sql.instants import parse_instant

Json = dict[str, Any]


def routes(tables: FeatureTables) -> APIRouter:
    """The routes over feature tables in process."""
    router = APIRouter(prefix=BASE, tags=["features"])

    @router.get("/tables", summary="The feature tables of a catalog or schema, or all, that the caller may know of")
    def listed(caller: Caller, schema: str | None = None) -> Json:  # pyright: ignore[reportUnusedFunction]
        return {"tables": [feature_table_json(each) for each in tables.listed(caller, schema)]}

    @router.get("/tables/{name}", summary="A feature table: keys, clocks, features, freshness, where it is published")
    def shown(caller: Caller, name: str, as_of: str | None = None) -> Json:  # pyright: ignore[reportUnusedFunction]
        return shown_json(tables.shown(caller, name, parse_instant(as_of) if as_of else None))

    @router.get("/tables/{name}/consumers", summary="Who takes the features of a table, or one: table.feature")
    def consumers(caller: Caller, name: str) -> Json:  # pyright: ignore[reportUnusedFunction]
        return {"consumers": [consumer_json(each) for each in tables.consumers(caller, name)]}

    return router
