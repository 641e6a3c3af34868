"""Jobs and runs as the Databricks Jobs API shows them.

``state`` is the older spelling and ``status`` the newer; clients look at either, so both are sent.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from boathouse.jobs.records import Attempt, Job, Repair, Run, State, TaskRun
from boathouse.jobs.states import ResultState, status_state, termination_code
from boathouse.jobs.validation import kind_of

_TERMINAL_REASONS = (ResultState.CANCELED, ResultState.TIMEDOUT)


def job_json(job: Job, *, with_tasks: bool = True, page: slice | None = None) -> dict[str, Any]:
    """A job; ``page`` are the tasks to show, None for all."""
    shown = job.settings if page is None else job.settings.model_copy(update={"tasks": job.settings.tasks[page]})
    settings = {**shown.to_json(), "name": job.settings.name, "format": "MULTI_TASK"}
    if not with_tasks:
        for heavy in ("tasks", "environments", "parameters"):
            settings.pop(heavy, None)
    return {
        "job_id": job.job_id,
        "creator_user_name": job.creator,
        "run_as_user_name": job.run_as,
        "created_time": job.created_at,
        "settings": settings,
        **({"deployment": job.deployment.to_json()} if job.deployment else {}),
    }


def run_json(run: Run, base_url: str, *, with_tasks: bool = True) -> dict[str, Any]:
    """A run; ``as_of`` and ``deployment`` are ours."""
    started_at = run.started_at or run.created_at
    shown: dict[str, Any] = {
        "job_id": run.job_id,
        "run_id": run.run_id,
        "job_run_id": run.run_id,
        "number_in_job": run.number_in_job,
        "original_attempt_run_id": run.run_id,
        "run_name": run.name,
        "creator_user_name": run.creator,
        "run_as_user_name": run.run_as,
        "run_type": run.run_type,
        "trigger": run.trigger,
        "format": "MULTI_TASK",
        "start_time": run.created_at,
        "queue_duration": started_at - run.created_at,
        "end_time": run.ended_at or 0,
        "run_duration": run.ended_at - run.created_at if run.ended_at else 0,
        "run_page_url": f"{base_url}/ui/runs/{run.run_id}",
        "job_parameters": _parameters(run),
        **_states(run.state),
    }
    if run.settings.description:
        shown["description"] = run.settings.description
    if run.as_of is not None:
        shown["as_of"] = run.as_of
    if run.deployment is not None:
        shown["deployment"] = run.deployment.to_json()
    if (source := run.settings.git_source) is not None:
        shown["git_source"] = source.model_dump(mode="json", exclude_none=True)
        if run.used_commit is not None:
            shown["git_source"]["git_snapshot"] = {"used_commit": run.used_commit}
    if run.trigger_info:
        shown["trigger_info"] = {**run.trigger_info}
    if run.parent_run_id is not None:
        shown["trigger_info"] = {"run_id": run.parent_run_id}
    if run.backfill_id is not None:
        shown["backfill_id"] = run.backfill_id
    if overrides := run.overrides.to_json():
        shown["overriding_parameters"] = overrides
    if with_tasks:
        shown["tasks"] = [task_json(run, task, base_url) for task in run.tasks]
    return shown


def task_json(
    run: Run, task: TaskRun, base_url: str, *, stats: Mapping[str, Any] | None = None, with_resolved: bool = False
) -> dict[str, Any]:
    """A task of a run; ``peak_memory_bytes``, ``cpu_seconds``, ``values``, ``input`` and ``iteration`` are ours."""
    definition = run.definition_of(task).model_dump(mode="json", exclude_unset=True, exclude_none=True)
    if task.result is not None and "condition_task" in definition:
        definition["condition_task"]["outcome"] = task.result
    if stats is not None and "for_each_task" in definition:
        definition["for_each_task"]["stats"] = stats
    started_at = task.started_at or 0
    measured = {"peak_memory_bytes": task.peak_memory_bytes, "cpu_seconds": task.cpu_seconds}
    return {
        **definition,
        "run_id": task.task_run_id,
        "attempt_number": task.attempt,
        "start_time": started_at,
        "end_time": task.ended_at or 0,
        "setup_duration": task.setup_ms,
        "execution_duration": task.execution_ms,
        "cleanup_duration": 0,
        "run_duration": task.ended_at - started_at if task.ended_at and started_at else 0,
        "run_page_url": f"{base_url}/ui/runs/{run.run_id}#{task.place}",
        **_of_the_graph(task),
        **({"resolved_values": resolved} if with_resolved and (resolved := _resolved(run, task)) else {}),
        **{name: value for name, value in measured.items() if value is not None},
        **({"environment_lock_key": task.environment_key} if task.environment_key else {}),
        **_states(task.state),
    }


def output_json(run: Run, task: TaskRun, logs: str, truncated: bool, base_url: str) -> dict[str, Any]:
    """What ``runs/get-output`` answers for a task."""
    metadata = {**run_json(run, base_url, with_tasks=False), **task_json(run, task, base_url)}
    shown: dict[str, Any] = {"metadata": metadata, "logs": logs, "logs_truncated": truncated}
    if task.error is not None:
        shown["error"] = task.error
    if task.error_trace is not None:
        shown["error_trace"] = task.error_trace
    if task.child_run_id is not None:
        shown["run_job_output"] = {"run_id": task.child_run_id}
    if run.definition_of(task).notebook_task is not None:
        shown["notebook_output"] = {"result": task.result or "", "truncated": False}
    return shown


def loop_json(run: Run, loop: TaskRun, base_url: str, *, stats: Mapping[str, Any] | None) -> dict[str, Any]:
    """What ``runs/get`` answers for the run of a for-each task, besides its iterations."""
    return {**run_json(run, base_url, with_tasks=False), **task_json(run, loop, base_url, stats=stats)}


def repairs_json(run: Run, repairs: Sequence[Repair]) -> list[dict[str, Any]]:
    """The run as it first was, and every repair."""
    return [
        {
            "type": "REPAIR" if repair.number else "ORIGINAL",
            "start_time": repair.started_at,
            "end_time": repair.ended_at or 0,
            "task_run_ids": list(repair.task_run_ids),
            **({"id": repair.repair_id} if repair.number else {}),
            **_states(repair.state if repair.ended_at else run.state),
        }
        for repair in repairs
    ]


def _of_the_graph(task: TaskRun) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if task.values:
        shown["values"] = dict(task.values)
    if task.iteration is not None:
        shown |= {"iteration": task.iteration, "input": json.loads(task.input or "null")}
    if task.child_run_id is not None:
        shown["run_job_output"] = {"run_id": task.child_run_id}
    return shown


def _resolved(run: Run, task: TaskRun) -> dict[str, Any]:
    """What the references of a task became, as far as the task has come."""
    if task.resolved is None:
        return {}
    return {kind_of(run.definition_of(task)): json.loads(task.resolved)}


def attempts_json(attempts: Sequence[Attempt]) -> list[dict[str, Any]]:
    return [
        {
            "attempt_number": attempt.attempt,
            "start_time": attempt.started_at,
            "end_time": attempt.ended_at,
            "result_state": attempt.result,
            "message": attempt.message,
            "peak_memory_bytes": attempt.peak_memory_bytes,
            "cpu_seconds": attempt.cpu_seconds,
            "exit_code": attempt.exit_code,
            "worker": attempt.executor_id,
        }
        for attempt in attempts
    ]


def _parameters(run: Run) -> list[dict[str, str]]:
    return [
        {"name": each.name, "default": each.default, "value": run.parameters.get(each.name, each.default)}
        for each in run.settings.parameters
    ]


def _states(state: State) -> dict[str, Any]:
    older: dict[str, Any] = {"life_cycle_state": state.life_cycle, "state_message": state.message}
    newer: dict[str, Any] = {"state": status_state(state.life_cycle)}
    if state.result is not None:
        older["result_state"] = state.result
        older["user_cancelled_or_timedout"] = state.result in _TERMINAL_REASONS
        code, kind = termination_code(state.result)
        newer["termination_details"] = {"code": code, "type": kind, "message": state.message}
    return {"state": older, "status": newer}
