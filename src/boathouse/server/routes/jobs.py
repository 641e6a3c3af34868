"""Jobs and their runs in the shapes of the Databricks Jobs API: ``/api/2.2/jobs``, and ``/api/2.1/jobs`` for older
clients. What Databricks has no call for is below ``/api/boathouse/v1/jobs``.
"""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from anyio import sleep
from fastapi import APIRouter, Body, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.shapes import Shape, Unused, dotted, fit, unused_fields
from boathouse.jobs import wire
from boathouse.jobs.logs import POLL_SECONDS, LogReader
from boathouse.jobs.records import TaskOverrides
from boathouse.jobs.service import Jobs
from boathouse.jobs.settings import JobSettings, Text
from boathouse.server.authentication import Caller
from boathouse.server.routes import task_values

_JOB: dict[str, Any] = {
    "name": "train",
    "tasks": [{"task_key": "fit", "spark_python_task": {"python_file": "src/fit.py"}, "max_retries": 1}],
    "parameters": [{"name": "month", "default": "2013-06"}],
}
_STATE: dict[str, Any] = {"life_cycle_state": "TERMINATED", "result_state": "SUCCESS", "state_message": ""}
_RUN: dict[str, Any] = {
    "job_id": 12,
    "run_id": 345,
    "state": _STATE,
    "tasks": [{"task_key": "fit", "run_id": 346, "state": _STATE, "peak_memory_bytes": 91000000, "cpu_seconds": 1.9}],
}
_FOUND_JOB: dict[str, Any] = {"job_id": 12, "creator_user_name": "ada", "created_time": 1767225600000, "settings": _JOB}
Given = dict[str, Any]


class ResetGiven(Shape):
    job_id: int
    new_settings: dict[str, Any]


class UpdateGiven(Shape):
    job_id: int
    new_settings: dict[str, Any] = {}
    fields_to_remove: list[str] = []


class JobGiven(Shape):
    job_id: int


class RunGiven(Shape):
    run_id: int


class CancelAllGiven(Shape):
    job_id: int
    all_queued_runs: Unused = None


class RunNowGiven(Shape):
    """``as_of`` is ours: the instant that the run takes for now."""

    job_id: int
    job_parameters: dict[str, Text] = {}
    notebook_params: dict[str, Text] = {}
    python_params: list[Text] | None = None
    python_named_params: dict[str, Text] = {}
    sql_params: dict[str, Text] = {}
    idempotency_token: str | None = None
    as_of: str | None = None
    only: Any = None
    dbt_commands: Unused = None
    duration_target: Unused = None
    jar_params: Unused = None
    performance_target: Unused = None
    pipeline_params: Unused = None
    queue: Unused = None
    spark_submit_params: Unused = None

    def overrides(self) -> TaskOverrides:
        return TaskOverrides(self.notebook_params, self.python_params, self.python_named_params, self.sql_params)


def routes(jobs: Jobs) -> APIRouter:
    """The routes of jobs and runs."""
    router = APIRouter(tags=["jobs"])
    for version, in_schema in (("2.2", True), ("2.1", False)):
        router.include_router(_definitions(jobs), prefix=f"/api/{version}/jobs", include_in_schema=in_schema)
        router.include_router(_runs(jobs), prefix=f"/api/{version}/jobs", include_in_schema=in_schema)
    router.include_router(_ours(jobs), prefix="/api/boathouse/v1/jobs")
    router.include_router(task_values.routes(jobs), prefix="/api/boathouse/v1/jobs")
    return router


def _definitions(jobs: Jobs) -> APIRouter:
    router = APIRouter()

    @router.post("/create", summary="Create a job", responses=_example({"job_id": 12}))
    def create(caller: Caller, body: Annotated[Given, Body(examples=[_JOB])]) -> Given:  # pyright: ignore[reportUnusedFunction]
        settings = fit(JobSettings, body, what="The job")
        return {"job_id": jobs.create(caller, settings), **_ignored(settings)}

    @router.get("/get", summary="Show a job", responses=_example(_FOUND_JOB))
    def get(caller: Caller, job_id: int) -> Given:  # pyright: ignore[reportUnusedFunction]
        return wire.job_json(jobs.get(caller, job_id))

    @router.get(
        "/list", summary="List the jobs you may see", responses=_example({"jobs": [_FOUND_JOB], "has_more": False})
    )
    def list_jobs(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        offset: Annotated[int, Query(ge=0)] = 0,
        name: str | None = None,
        expand_tasks: bool = False,
        page_token: str | None = None,
    ) -> Given:
        start = _page(page_token) if page_token else offset
        found = jobs.list(caller, name=name, limit=limit + 1, offset=start)
        shown = [wire.job_json(job, with_tasks=expand_tasks) for job in found[:limit]]
        return {"jobs": shown, **_pages(len(found) > limit, str(start + limit))}

    @router.post("/reset", summary="Replace a job's definition", responses=_example({}))
    def reset(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, body: Annotated[Given, Body(examples=[{"job_id": 12, "new_settings": _JOB}])]
    ) -> Given:
        given = fit(ResetGiven, body, what="The request")
        settings = fit(JobSettings, given.new_settings, what="The job")
        jobs.reset(caller, given.job_id, settings)
        return _ignored(settings)

    @router.post("/update", summary="Change parts of a job's definition", responses=_example({}))
    def update(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, body: Annotated[Given, Body(examples=[{"job_id": 12, "new_settings": {"name": "fit"}}])]
    ) -> Given:
        given = fit(UpdateGiven, body, what="The request")
        settings = fit(JobSettings, given.new_settings, what="The job")
        jobs.update(caller, given.job_id, settings, fields_to_remove=given.fields_to_remove)
        return _ignored(settings)

    @router.post("/delete", summary="Delete a job", responses=_example({}))
    def delete(caller: Caller, body: Annotated[Given, Body(examples=[{"job_id": 12}])]) -> Given:  # pyright: ignore[reportUnusedFunction]
        jobs.delete(caller, fit(JobGiven, body, what="The request").job_id)
        return {}

    return router


def _runs(jobs: Jobs) -> APIRouter:
    router = APIRouter()

    @router.post("/run-now", summary="Run a job", responses=_example({"run_id": 345}))
    def run_now(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        body: Annotated[Given, Body(examples=[{"job_id": 12, "job_parameters": {"month": "2013-07"}}])],
    ) -> Given:
        given = fit(RunNowGiven, body, what="The request")
        if given.only:
            raise InvalidInput("Running only some tasks of a job is not supported yet.", hint="Leave out only.")
        run_id = jobs.run_now(
            caller,
            given.job_id,
            parameters=given.job_parameters,
            as_of=given.as_of,
            idempotency_token=given.idempotency_token,
            overrides=given.overrides(),
        )
        return {"run_id": run_id, **_ignored(given)}

    @router.get("/runs/get", summary="Show a run", responses=_example(_RUN))
    def get_run(caller: Caller, request: Request, run_id: int) -> Given:  # pyright: ignore[reportUnusedFunction]
        return wire.run_json(jobs.get_run(caller, run_id), _base(request))

    @router.get(
        "/runs/list", summary="List runs, newest first", responses=_example({"runs": [_RUN], "has_more": False})
    )
    def list_runs(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        request: Request,
        job_id: int | None = None,
        active_only: bool = False,
        completed_only: bool = False,
        expand_tasks: bool = False,
        limit: Annotated[int, Query(ge=0, le=100)] = 20,
        page_token: str | None = None,
    ) -> Given:
        limit = limit or 20
        active = True if active_only else False if completed_only else None
        before = _page(page_token) if page_token else None
        found = jobs.list_runs(caller, job_id=job_id, active=active, limit=limit + 1, before=before)
        shown = [wire.run_json(run, _base(request), with_tasks=expand_tasks) for run in found[:limit]]
        more = len(found) > limit
        return {"runs": shown, **_pages(more, str(found[limit - 1].run_id) if more else "")}

    @router.get(
        "/runs/get-output", summary="Show what a task printed and gave back", responses=_example({"logs": "done\n"})
    )
    def get_output(caller: Caller, request: Request, run_id: int) -> Given:  # pyright: ignore[reportUnusedFunction]
        run = jobs.get_run(caller, run_id)
        text, truncated = jobs.log_tail(caller, run_id)
        task = next((task for task in run.tasks if task.task_run_id == run_id), run.tasks[0])
        return wire.output_json(run, task, text, truncated, _base(request))

    @router.post("/runs/cancel", summary="Cancel a run", responses=_example({}))
    def cancel(caller: Caller, body: Annotated[Given, Body(examples=[{"run_id": 345}])]) -> Given:  # pyright: ignore[reportUnusedFunction]
        jobs.cancel_run(caller, fit(RunGiven, body, what="The request").run_id)
        return {}

    @router.post("/runs/cancel-all", summary="Cancel all runs of a job", responses=_example({}))
    def cancel_all(caller: Caller, body: Annotated[Given, Body(examples=[{"job_id": 12}])]) -> Given:  # pyright: ignore[reportUnusedFunction]
        job_id = fit(CancelAllGiven, body, what="The request").job_id
        for run in jobs.list_runs(caller, job_id=job_id, active=True, limit=1000):
            jobs.cancel_run(caller, run.run_id)
        return {}

    @router.post("/runs/delete", summary="Forget a run that has ended", responses=_example({}))
    def delete_run(caller: Caller, body: Annotated[Given, Body(examples=[{"run_id": 345}])]) -> Given:  # pyright: ignore[reportUnusedFunction]
        jobs.delete_run(caller, fit(RunGiven, body, what="The request").run_id)
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

    example = {"attempts": [{"attempt_number": 0, "result_state": "SUCCESS", "exit_code": 0}]}

    @router.get("/runs/{task_run_id}/attempts", summary="Every attempt at a task", responses=_example(example))
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


def _example(body: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {"application/json": {"example": body}}}}


def _ignored(shape: Shape) -> Given:
    names = [dotted(path) for path in unused_fields(shape)]
    return {"ignored": names} if names else {}


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _page(token: str) -> int:
    try:
        return int(token)
    except ValueError as error:
        raise InvalidInput(f"{token!r} is not a page token of this list.") from error


def _pages(has_more: bool, token: str) -> Given:
    return {"has_more": has_more, **({"next_page_token": token} if has_more else {})}
