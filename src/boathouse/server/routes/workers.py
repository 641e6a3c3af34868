"""Which workers there are."""

from typing import Any

from fastapi import APIRouter

from boathouse.jobs.workers.fleet import Fleet
from boathouse.server.authentication import Caller
from boathouse.server.routes.unity_examples import example

_WORKER = {"executor_id": "worker-1f0c-0", "is_alive": True, "lease_seconds": 5.2, "open_runs": 1, "running_tasks": 2}


def routes(fleet: Fleet) -> APIRouter:
    """One question."""
    router = APIRouter(tags=["jobs"])

    @router.get(
        "/api/boathouse/v1/workers",
        summary="The workers of all homes that share the database, with what is left of their leases",
        responses=example({"workers": [_WORKER]}),
    )
    def workers(caller: Caller) -> dict[str, list[dict[str, Any]]]:  # pyright: ignore[reportUnusedFunction]
        found = [
            {
                "executor_id": lease.executor_id,
                "is_alive": lease.is_alive,
                "lease_seconds": round(max(lease.expires_in_seconds, 0), 1),
                "open_runs": lease.open_runs,
                "running_tasks": lease.running_tasks,
            }
            for lease in fleet.workers(caller)
        ]
        return {"workers": found}

    return router
