"""Online stores and what is published to them."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from boathouse.features.online.registry import wire
from boathouse.features.online.registry.remote import BASE
from boathouse.features.online.stores import OnlineRegistry
from boathouse.foundation.errors import InvalidInput
from boathouse.server.authentication import Caller
from boathouse.server.routes.session_definitions import WellFormed

Json = dict[str, Any]
_STORE: Json = {"name": "shared", "kind": "redis", "url": "redis://:{{secrets/prod/redis}}@cache:6379/0"}
_NEW: Json = {
    "online_table": "prod.flights.weather_online",
    "store": "default",
    "source_table": "prod.flights.weather",
    "mode": "TRIGGERED",
    "features": ["temp"],
    "time_to_live_seconds": None,
}
_OUTCOME: Json = {"version": 3, "published_at": 1767225600000, "keys": 3, "mode": "SNAPSHOT"}


def routes(registry: OnlineRegistry) -> APIRouter:
    """The routes over a registry in process."""
    router = APIRouter(prefix=BASE, tags=["features"])
    _add_stores(router, registry)
    _add_tables(router, registry)
    return router


def _add_stores(router: APIRouter, registry: OnlineRegistry) -> None:
    @router.post("/online-stores", summary="Register an online store")
    def create(caller: Caller, body: Annotated[Json, Body(examples=[_STORE])]) -> Json:  # pyright: ignore[reportUnusedFunction]
        with WellFormed():
            name, kind, url = str(body["name"]), str(body.get("kind") or "lmdb"), body.get("url")
        if not isinstance(url, str | None):
            raise InvalidInput("The url of an online store is text.")
        return wire.store_json(registry.create_store(caller, name, kind, url))

    @router.get("/online-stores", summary="List the online stores")
    def list_all(caller: Caller) -> Json:  # pyright: ignore[reportUnusedFunction]
        return {"online_stores": [wire.store_json(each) for each in registry.stores(caller)]}

    @router.get("/online-stores/{name}", summary="Show an online store")
    def get(caller: Caller, name: str) -> Json:  # pyright: ignore[reportUnusedFunction]
        return wire.store_json(registry.store(caller, name))

    @router.delete("/online-stores/{name}", summary="Forget an online store to which nothing is published")
    def delete(caller: Caller, name: str) -> Json:  # pyright: ignore[reportUnusedFunction]
        registry.delete_store(caller, name)
        return {}


def _add_tables(router: APIRouter, registry: OnlineRegistry) -> None:
    @router.post("/online-tables", summary="Declare what shall be published; its publisher then writes the store")
    def declare(caller: Caller, body: Annotated[Json, Body(examples=[_NEW])]) -> Json:  # pyright: ignore[reportUnusedFunction]
        with WellFormed():
            new = wire.new_publication_of(body)
        return wire.publication_json(registry.declare(caller, new))

    @router.get("/online-tables", summary="List what is published of the tables that the caller may read")
    def list_all(caller: Caller, source_table: str | None = None) -> Json:  # pyright: ignore[reportUnusedFunction]
        found = registry.publications(caller, source_table)
        return {"online_tables": [wire.publication_json(each) for each in found]}

    @router.get("/online-tables/{name}", summary="Show what is published under a name")
    def get(caller: Caller, name: str) -> Json:  # pyright: ignore[reportUnusedFunction]
        return wire.publication_json(registry.publication(caller, name))

    @router.post("/online-tables/{name}/published", summary="Tell what was published")
    def done(caller: Caller, name: str, body: Annotated[Json, Body(examples=[_OUTCOME])]) -> Json:  # pyright: ignore[reportUnusedFunction]
        with WellFormed():
            outcome = wire.outcome_of(body)
        registry.done(caller, name, outcome)
        return {}

    @router.delete("/online-tables/{name}", summary="Forget a publication that its publisher has taken away")
    def delete(caller: Caller, name: str) -> Json:  # pyright: ignore[reportUnusedFunction]
        registry.forget(caller, name)
        return {}
