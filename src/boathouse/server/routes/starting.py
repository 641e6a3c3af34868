"""What starts runs, and cleaning up after them: calls that Databricks does not have."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from boathouse.foundation.shapes import Shape, fit
from boathouse.jobs.keeping.housekeeping import Housekeeping
from boathouse.jobs.service import Jobs
from boathouse.jobs.settings import PauseStatus
from boathouse.jobs.starting.showing import starter_json
from boathouse.server.authentication import Caller

JSON = dict[str, Any]
_STARTER: JSON = {
    "job_id": 12,
    "name": "train",
    "kind": "schedule",
    "description": "at 06:30 every day",
    "timezone_id": "Europe/Berlin",
    "pause_status": "UNPAUSED",
    "next_fire_at": 1767225600000,
    "fires": 31,
    "missed": 1,
    "last_missed_at": 1767139200000,
}
_SWEPT: JSON = {"runs": 120, "task_runs": 480, "folders": 120}


class CleanGiven(Shape):
    dry_run: bool = False


def routes(jobs: Jobs, housekeeping: Housekeeping) -> APIRouter:
    """The routes of schedules, triggers and retention."""
    router = APIRouter(tags=["jobs"], prefix="/api/boathouse/v1/jobs")

    @router.get(
        "/schedules", summary="What starts runs, and when it will next", responses=_example({"schedules": [_STARTER]})
    )
    def schedules(caller: Caller) -> JSON:  # pyright: ignore[reportUnusedFunction]
        return {"schedules": [{**starter_json(starter), "name": name} for name, starter in jobs.starting.list(caller)]}

    @router.post("/{job_id}/pause", summary="Pause what starts runs of a job", responses=_example({}))
    def pause(caller: Caller, job_id: int) -> JSON:  # pyright: ignore[reportUnusedFunction]
        jobs.starting.set_pause(caller, job_id, PauseStatus.PAUSED)
        return {}

    @router.post("/{job_id}/unpause", summary="Let runs of a job start again", responses=_example({}))
    def unpause(caller: Caller, job_id: int) -> JSON:  # pyright: ignore[reportUnusedFunction]
        jobs.starting.set_pause(caller, job_id, PauseStatus.UNPAUSED)
        return {}

    @router.post("/clean", summary="Forget old runs now", responses=_example(_SWEPT))
    def clean(caller: Caller, body: Annotated[JSON, Body(examples=[{"dry_run": True}])]) -> JSON:  # pyright: ignore[reportUnusedFunction]
        return housekeeping.clean(caller, dry_run=fit(CleanGiven, body, what="The request").dry_run).to_json()

    return router


def _example(body: JSON) -> dict[int | str, JSON]:
    return {200: {"content": {"application/json": {"example": body}}}}
