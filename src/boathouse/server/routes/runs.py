"""Runs of jobs in the shapes of the Databricks Jobs API."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request

from boathouse.foundation.shapes import DoesNotFit, Problem, Shape, Unused, fit
from boathouse.jobs import wire
from boathouse.jobs.again.repairs import RepairRequest
from boathouse.jobs.records import Start, TaskOverrides
from boathouse.jobs.run_views import RunView
from boathouse.jobs.service import Jobs
from boathouse.jobs.settings import JobSettings, QueueSettings, Text
from boathouse.server.authentication import Caller
from boathouse.server.routes.job_shapes import RUN, Given, base_of, example, ignored, page_of, pages


class RunGiven(Shape):
    run_id: int


class CancelAllGiven(Shape):
    job_id: int
    all_queued_runs: bool = False
    """Only those that wait."""


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
    only: list[str] | None = None
    """Keys of the tasks that shall run; the others are passed over."""
    queue: QueueSettings | None = None
    dbt_commands: Unused = None
    duration_target: Unused = None
    jar_params: Unused = None
    performance_target: Unused = None
    pipeline_params: Unused = None
    spark_submit_params: Unused = None

    def overrides(self) -> TaskOverrides:
        return TaskOverrides(self.notebook_params, self.python_params, self.python_named_params, self.sql_params)


class RepairGiven(Shape):
    run_id: int
    rerun_tasks: list[str] = []
    rerun_all_failed_tasks: bool = False
    rerun_dependent_tasks: bool = False
    latest_repair_id: int | None = None
    job_parameters: dict[str, Text] = {}
    notebook_params: dict[str, Text] = {}
    python_params: list[Text] | None = None
    python_named_params: dict[str, Text] = {}
    sql_params: dict[str, Text] = {}
    dbt_commands: Unused = None
    duration_target: Unused = None
    jar_params: Unused = None
    performance_target: Unused = None
    pipeline_params: Unused = None
    spark_submit_params: Unused = None

    def request(self) -> RepairRequest:
        changes = TaskOverrides(self.notebook_params, self.python_params, self.python_named_params, self.sql_params)
        return RepairRequest(
            rerun_tasks=tuple(self.rerun_tasks),
            rerun_all_failed_tasks=self.rerun_all_failed_tasks,
            rerun_dependent_tasks=self.rerun_dependent_tasks,
            latest_repair_id=self.latest_repair_id,
            parameters=self.job_parameters,
            overrides=changes if changes.to_json() else None,
        )


_NOT_WITHOUT_A_JOB = ("schedule", "trigger", "continuous", "max_concurrent_runs", "parameters")


def submitted(body: Given) -> JobSettings:
    """What ``runs/submit`` sends, as the definition that it amounts to.

    Raises:
        DoesNotFit: A field is unknown, or makes sense for a job only.
    """
    data = {**body, "name": body.get("run_name") or "Untitled"}
    problems = [Problem((name,), "a run without a job has none.") for name in _NOT_WITHOUT_A_JOB if name in body]
    if not isinstance(body.get("idempotency_token"), str | None):
        problems.append(Problem(("idempotency_token",), "a token is a text."))
    if problems:
        raise DoesNotFit("The run", problems)
    for name in ("run_name", "idempotency_token", "queue"):
        data.pop(name, None)
    return fit(JobSettings, data, what="The run")


def routes(jobs: Jobs, page: int | None) -> APIRouter:
    """The routes of runs; ``page`` is how many tasks one answer shows, None for all."""
    router = APIRouter()

    @router.post("/run-now", summary="Run a job", responses=example({"run_id": 345}))
    def run_now(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        body: Annotated[Given, Body(examples=[{"job_id": 12, "job_parameters": {"month": "2013-07"}}])],
    ) -> Given:
        given = fit(RunNowGiven, body, what="The request")
        run_id = jobs.run_now(
            caller,
            given.job_id,
            parameters=given.job_parameters,
            as_of=given.as_of,
            idempotency_token=given.idempotency_token,
            overrides=given.overrides(),
            start=Start(
                only=frozenset(given.only) if given.only is not None else None,
                is_queued=given.queue.enabled if given.queue else None,
            ),
        )
        return {"run_id": run_id, **ignored(given)}

    @router.post("/runs/submit", summary="Run tasks once, without a job", responses=example({"run_id": 345}))
    def submit(caller: Caller, body: Annotated[Given, Body(examples=[_SUBMIT])]) -> Given:  # pyright: ignore[reportUnusedFunction]
        settings = submitted(body)
        token: str | None = body.get("idempotency_token")
        run_id = jobs.submit(caller, settings, idempotency_token=token or None)
        return {"run_id": run_id, **ignored(settings)}

    @router.post("/runs/repair", summary="Do again what has failed", responses=example({"repair_id": 7}))
    def repair(caller: Caller, body: Annotated[Given, Body(examples=[_REPAIR])]) -> Given:  # pyright: ignore[reportUnusedFunction]
        given = fit(RepairGiven, body, what="The request")
        return {"repair_id": jobs.repairs.begin(caller, given.run_id, given.request()), **ignored(given)}

    @router.get("/runs/get", summary="Show a run", responses=example(RUN))
    def get_run(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        request: Request,
        run_id: int,
        include_history: bool = False,
        include_resolved_values: bool = False,
        page_token: str | None = None,
    ) -> Given:
        view = jobs.views.look(caller, run_id, limit=page, offset=page_of(page_token), with_history=include_history)
        return _shown(view, base_of(request), with_resolved=include_resolved_values)

    @router.get("/runs/list", summary="List runs, newest first", responses=example({"runs": [RUN], "has_more": False}))
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
        before = page_of(page_token) if page_token else None
        found = jobs.list_runs(caller, job_id=job_id, active=active, limit=limit + 1, before=before)
        if expand_tasks:
            found = [jobs.views.with_tasks(run, page) for run in found[:limit]] + list(found[limit:])
        shown = [wire.run_json(run, base_of(request), with_tasks=expand_tasks) for run in found[:limit]]
        more = len(found) > limit
        return {"runs": shown, **pages(more, str(found[limit - 1].run_id) if more else "")}

    @router.get(
        "/runs/get-output", summary="Show what a task printed and gave back", responses=example({"logs": "done\n"})
    )
    def get_output(caller: Caller, request: Request, run_id: int) -> Given:  # pyright: ignore[reportUnusedFunction]
        found = jobs.output(caller, run_id)
        return wire.output_json(found.run, found.task, found.logs, found.is_truncated, base_of(request))

    @router.post("/runs/cancel", summary="Cancel a run", responses=example({}))
    def cancel(caller: Caller, body: Annotated[Given, Body(examples=[{"run_id": 345}])]) -> Given:  # pyright: ignore[reportUnusedFunction]
        jobs.cancel_run(caller, fit(RunGiven, body, what="The request").run_id)
        return {}

    @router.post("/runs/cancel-all", summary="Cancel all runs of a job", responses=example({}))
    def cancel_all(caller: Caller, body: Annotated[Given, Body(examples=[{"job_id": 12}])]) -> Given:  # pyright: ignore[reportUnusedFunction]
        given = fit(CancelAllGiven, body, what="The request")
        jobs.cancel_runs(caller, given.job_id, only_queued=given.all_queued_runs)
        return {}

    @router.post("/runs/delete", summary="Forget a run that has ended", responses=example({}))
    def delete_run(caller: Caller, body: Annotated[Given, Body(examples=[{"run_id": 345}])]) -> Given:  # pyright: ignore[reportUnusedFunction]
        jobs.delete_run(caller, fit(RunGiven, body, what="The request").run_id)
        return {}

    return router


def _shown(view: RunView, base: str, *, with_resolved: bool) -> Given:
    run = view.run
    tasks = [
        wire.task_json(run, task, base, stats=view.stats.get(task.task_key), with_resolved=with_resolved)
        for task in view.tasks
    ]
    if view.loop is not None:
        shown = wire.loop_json(run, view.loop, base, stats=view.stats.get(view.loop.task_key))
        shown["iterations"] = tasks
    else:
        shown = wire.run_json(run, base, with_tasks=False)
        shown["tasks"] = tasks
    if not view.is_first:
        shown["job_parameters"] = []
    if view.repairs:
        shown["repair_history"] = wire.repairs_json(run, view.repairs)
    return shown | (pages(True, str(view.next_offset)) if view.next_offset is not None else {})


_SUBMIT: Given = {
    "run_name": "once",
    "tasks": [{"task_key": "fit", "spark_python_task": {"python_file": "/shared/fit.py"}}],
}
_REPAIR: Given = {"run_id": 345, "rerun_all_failed_tasks": True, "rerun_dependent_tasks": True}
