"""Backfills, which are ours: runs of a job for each instant of a range of ``as_of``."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from boathouse.foundation.shapes import Shape, fit
from boathouse.jobs.again.rerunning import BackfillRequest
from boathouse.jobs.records import Backfill
from boathouse.jobs.service import Jobs
from boathouse.jobs.settings import Text
from boathouse.server.authentication import Caller
from boathouse.server.routes.job_shapes import Given, example


class BackfillGiven(Shape):
    """``start``, ``end`` and ``every`` (``1d``, ``1M``...) name the instants, both ends included."""

    job_id: int
    start: str
    end: str
    every: str
    job_parameters: dict[str, Text] = {}
    concurrency: int | None = None


_REQUEST: Given = {"job_id": 12, "start": "2013-01-01T00:00:00Z", "end": "2013-12-01T00:00:00Z", "every": "1M"}
_FOUND: Given = {**_REQUEST, "backfill_id": 1, "concurrency": 1, "runs": 12, "states": {"SUCCESS": 3, "QUEUED": 9}}


def routes(jobs: Jobs) -> APIRouter:
    """Begin, look, cancel, resume, below ``/api/boathouse/v1/jobs``."""
    router = APIRouter()

    @router.post("/backfills", summary="Run a job for each instant of a range", responses=example({"backfill_id": 1}))
    def begin(caller: Caller, body: Annotated[Given, Body(examples=[_REQUEST])]) -> Given:  # pyright: ignore[reportUnusedFunction]
        given = fit(BackfillGiven, body, what="The request")
        request = BackfillRequest(given.start, given.end, given.every, given.job_parameters, given.concurrency)
        return {"backfill_id": jobs.backfills.begin(caller, given.job_id, request)}

    @router.get("/backfills", summary="List the backfills of a job", responses=example({"backfills": [_FOUND]}))
    def list_backfills(caller: Caller, job_id: int) -> Given:  # pyright: ignore[reportUnusedFunction]
        return {"backfills": [_shown(each) for each in jobs.backfills.list(caller, job_id)]}

    @router.get("/backfills/{backfill_id}", summary="Show how far a backfill is", responses=example(_FOUND))
    def get(caller: Caller, backfill_id: int) -> Given:  # pyright: ignore[reportUnusedFunction]
        return _shown(jobs.backfills.get(caller, backfill_id))

    @router.post("/backfills/{backfill_id}/cancel", summary="Cancel a backfill", responses=example({"runs": 9}))
    def cancel(caller: Caller, backfill_id: int) -> Given:  # pyright: ignore[reportUnusedFunction]
        return {"runs": jobs.backfills.cancel(caller, backfill_id)}

    @router.post(
        "/backfills/{backfill_id}/resume",
        summary="Do again what failed or was cancelled",
        responses=example({"runs": 9}),
    )
    def resume(caller: Caller, backfill_id: int) -> Given:  # pyright: ignore[reportUnusedFunction]
        return {"runs": jobs.backfills.resume(caller, backfill_id)}

    return router


def _shown(backfill: Backfill) -> dict[str, Any]:
    return {
        "backfill_id": backfill.backfill_id,
        "job_id": backfill.job_id,
        "start": backfill.first,
        "end": backfill.last,
        "every": backfill.every,
        "concurrency": backfill.concurrency,
        "creator_user_name": backfill.creator,
        "created_time": backfill.created_at,
        "runs": sum(backfill.states.values()),
        "states": dict(backfill.states),
    }
