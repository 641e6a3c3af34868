"""Jobs and their runs in the shapes of the Databricks Jobs API: ``/api/2.2/jobs``, and ``/api/2.1/jobs`` for older
clients. What Databricks has no call for is below ``/api/boathouse/v1/jobs``.
"""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from anyio import sleep
from fastapi import APIRouter, Body, Query
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from boathouse.foundation.shapes import Shape, fit
from boathouse.jobs import wire
from boathouse.jobs.logs import POLL_SECONDS, LogReader
from boathouse.jobs.service import Jobs
from boathouse.jobs.settings import JobSettings
from boathouse.jobs.starting.showing import job_states
from boathouse.server.authentication import Caller
from boathouse.server.routes import backfills, runs, task_notebooks, task_values
from boathouse.server.routes.job_shapes import PAGE, Given, example, ignored, page_of, pages

_JOB: dict[str, Any] = {
    "name": "train",
    "tasks": [{"task_key": "fit", "spark_python_task": {"python_file": "src/fit.py"}, "max_retries": 1}],
    "parameters": [{"name": "month", "default": "2013-06"}],
}
_FOUND_JOB: dict[str, Any] = {"job_id": 12, "creator_user_name": "ada", "created_time": 1767225600000, "settings": _JOB}


class ResetGiven(Shape):
    job_id: int
    new_settings: dict[str, Any]


class UpdateGiven(Shape):
    job_id: int
    new_settings: dict[str, Any] = {}
    fields_to_remove: list[str] = []


class JobGiven(Shape):
    job_id: int


def routes(jobs: Jobs) -> APIRouter:
    """The routes of jobs and runs."""
    router = APIRouter(tags=["jobs"])
    for version, in_schema in (("2.2", True), ("2.1", False)):
        page = PAGE if version == "2.2" else None  # clients of 2.1 know of no pages within a job or a run
        router.include_router(_definitions(jobs, page), prefix=f"/api/{version}/jobs", include_in_schema=in_schema)
        router.include_router(runs.routes(jobs, page), prefix=f"/api/{version}/jobs", include_in_schema=in_schema)
    router.include_router(_ours(jobs), prefix="/api/boathouse/v1/jobs")
    router.include_router(backfills.routes(jobs), prefix="/api/boathouse/v1/jobs")
    router.include_router(task_values.routes(jobs), prefix="/api/boathouse/v1/jobs")
    router.include_router(task_notebooks.routes(jobs), prefix="/api/boathouse/v1/jobs")
    return router


def _definitions(jobs: Jobs, page: int | None) -> APIRouter:
    router = APIRouter()

    @router.post("/create", summary="Create a job", responses=example({"job_id": 12}))
    def create(caller: Caller, body: Annotated[Given, Body(examples=[_JOB])]) -> Given:  # pyright: ignore[reportUnusedFunction]
        settings = fit(JobSettings, body, what="The job")
        return {"job_id": jobs.create(caller, settings), **ignored(settings)}

    @router.get("/get", summary="Show a job", responses=example(_FOUND_JOB))
    def get(caller: Caller, job_id: int, page_token: str | None = None) -> Given:  # pyright: ignore[reportUnusedFunction]
        job = jobs.get(caller, job_id)
        first = page_of(page_token)
        end = first + page if page is not None else None
        more = pages(True, str(end)) if end is not None and end < len(job.settings.tasks) else {}
        shown = wire.job_json(job, page=slice(first, end))
        if first:  # clients join the lists of all pages, and these ended on the first one
            for name in ("parameters", "environments"):
                shown["settings"].pop(name, None)
        return {**shown, **job_states(jobs.starting.of(job)), **more}

    @router.get(
        "/list", summary="List the jobs you may see", responses=example({"jobs": [_FOUND_JOB], "has_more": False})
    )
    def list_jobs(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        offset: Annotated[int, Query(ge=0)] = 0,
        name: str | None = None,
        expand_tasks: bool = False,
        page_token: str | None = None,
    ) -> Given:
        start = page_of(page_token) or offset
        found = jobs.list(caller, name=name, limit=limit + 1, offset=start)
        shown = [wire.job_json(job, with_tasks=expand_tasks) for job in found[:limit]]
        return {"jobs": shown, **pages(len(found) > limit, str(start + limit))}

    @router.post("/reset", summary="Replace a job's definition", responses=example({}))
    def reset(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, body: Annotated[Given, Body(examples=[{"job_id": 12, "new_settings": _JOB}])]
    ) -> Given:
        given = fit(ResetGiven, body, what="The request")
        settings = fit(JobSettings, given.new_settings, what="The job")
        jobs.reset(caller, given.job_id, settings)
        return ignored(settings)

    @router.post("/update", summary="Change parts of a job's definition", responses=example({}))
    def update(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, body: Annotated[Given, Body(examples=[{"job_id": 12, "new_settings": {"name": "fit"}}])]
    ) -> Given:
        given = fit(UpdateGiven, body, what="The request")
        settings = fit(JobSettings, given.new_settings, what="The job")
        jobs.update(caller, given.job_id, settings, fields_to_remove=given.fields_to_remove)
        return ignored(settings)

    @router.post("/delete", summary="Delete a job", responses=example({}))
    def delete(caller: Caller, body: Annotated[Given, Body(examples=[{"job_id": 12}])]) -> Given:  # pyright: ignore[reportUnusedFunction]
        jobs.delete(caller, fit(JobGiven, body, what="The request").job_id)
        return {}

    return router


def _ours(jobs: Jobs) -> APIRouter:
    router = APIRouter()
    log_answer: dict[int | str, Any] = {200: {"content": {"text/plain": {"example": "epoch 1\nepoch 2\n"}}}}

    @router.get(
        "/runs/{run_id}/logs", summary="What a task prints", response_class=StreamingResponse, responses=log_answer
    )
    def logs(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        run_id: int,
        task_key: str | None = None,
        attempt: Annotated[int | None, Query(ge=0)] = None,
        follow: bool = False,
    ) -> StreamingResponse:
        reader = jobs.task_logs(caller, run_id, task_key, attempt=attempt)
        return StreamingResponse(_stream(reader, follow=follow), media_type="text/plain; charset=utf-8")

    shown = {"attempts": [{"attempt_number": 0, "result_state": "SUCCESS", "exit_code": 0}]}

    @router.get("/runs/{task_run_id}/attempts", summary="Every attempt at a task", responses=example(shown))
    def attempts(caller: Caller, task_run_id: int) -> Given:  # pyright: ignore[reportUnusedFunction]
        return {"attempts": wire.attempts_json(jobs.attempts(caller, task_run_id))}

    return router


async def _stream(reader: LogReader, *, follow: bool) -> AsyncIterator[bytes]:
    """Waits without holding a thread, so that any number of people can follow."""
    while (chunk := await run_in_threadpool(reader.read)) is not None:
        if chunk:
            yield chunk
        elif not follow:
            return
        else:
            await sleep(POLL_SECONDS)
