"""SQL warehouses in the Databricks shapes. There is one, always running: the query processes of this server."""

from typing import Any

from fastapi import APIRouter

from boathouse.foundation.errors import NotFound
from boathouse.foundation.settings import Settings
from boathouse.server.authentication import Caller

JSON = dict[str, Any]
BASE = "/api/2.0/sql/warehouses"
WAREHOUSE_ID = "b0a7405e00000001"


def routes(settings: Settings) -> APIRouter:
    """List and get; start and stop have nothing to do, and say so."""
    router = APIRouter(tags=["statements"])
    warehouse = _warehouse(settings)
    shown = {200: {"content": {"application/json": {"example": warehouse}}}}

    @router.get(BASE, summary="The warehouses")
    def list_all(caller: Caller) -> JSON:  # pyright: ignore[reportUnusedFunction]
        return {"warehouses": [warehouse]}

    @router.get(BASE + "/{warehouse_id}", summary="The warehouse", responses={**shown})
    def get(caller: Caller, warehouse_id: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        _require(warehouse_id)
        return warehouse

    @router.post(BASE + "/{warehouse_id}/start", summary="Nothing: it is always running")
    def start(caller: Caller, warehouse_id: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        _require(warehouse_id)
        return {"ignored": ["start: the warehouse is always running"]}

    @router.post(BASE + "/{warehouse_id}/stop", summary="Nothing: it costs nothing while idle")
    def stop(caller: Caller, warehouse_id: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        _require(warehouse_id)
        return {"ignored": ["stop: the warehouse is always running"]}

    return router


def _require(warehouse_id: str) -> None:
    if warehouse_id != WAREHOUSE_ID:
        raise NotFound(f"There is no warehouse {warehouse_id}.", hint=f"The one there is: {WAREHOUSE_ID}.")


def _warehouse(settings: Settings) -> JSON:
    return {
        "id": WAREHOUSE_ID,
        "name": "Boathouse",
        "state": "RUNNING",
        "cluster_size": "2X-Small",
        "num_clusters": 1,
        "min_num_clusters": 1,
        "max_num_clusters": 1,
        "auto_stop_mins": 0,
        "warehouse_type": "PRO",
        "enable_serverless_compute": False,
        "health": {"status": "HEALTHY"},
        "odbc_params": {"hostname": settings.host, "port": settings.port, "protocol": "http", "path": ""},
    }
