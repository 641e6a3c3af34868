"""Which tables hold what endpoints have answered."""

from typing import Any

from fastapi import APIRouter

from boathouse.catalog import Catalog
from boathouse.server.authentication import Caller
from boathouse.server.routes.unity_examples import example
from boathouse.serving.capture.finding import BASE, inference_table_json, listed

_TABLE = {
    "endpoint_id": "0190f2b0-7b1c-7c55-a7a1-1f0c5a0c9b11",
    "endpoint": "delays",
    "kind": "payload",
    "target": "prod.flights.delays",
    "table": "prod.flights.delays_payload",
}


def routes(catalog: Catalog) -> APIRouter:
    """One question."""
    router = APIRouter(tags=["serving"])

    @router.get(
        BASE,
        summary="The inference tables of an endpoint, or all, that the caller may know of, under their names of now",
        responses=example({"inference_tables": [_TABLE]}),
    )
    def found(caller: Caller, endpoint: str | None = None) -> dict[str, list[dict[str, Any]]]:  # pyright: ignore[reportUnusedFunction]
        return {"inference_tables": [inference_table_json(each) for each in listed(catalog, caller, endpoint)]}

    return router
