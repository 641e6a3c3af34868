"""Rows of this room's tables as records, and back."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row

from boathouse.jobs.records import Attempt, DeploymentRef, Job, Outcome, Run, State, TaskOverrides, TaskRun
from boathouse.jobs.schema import job_counters
from boathouse.jobs.settings import JobSettings
from boathouse.jobs.states import FINAL_STATES, LifeCycleState, ResultState
from boathouse.metastore.upserting import insert_into

FINAL = [state.value for state in FINAL_STATES]


def next_ids(connection: Connection, name: str, count: int) -> int:
    """The first of ``count`` new ids. A counter, because an id that was once used must never come back."""
    taken = insert_into(connection, job_counters).values(name=name, value=count)
    further = {"value": job_counters.c.value + count}
    upsert = taken.on_conflict_do_update(index_elements=[job_counters.c.name], set_=further)
    last: int = connection.execute(upsert.returning(job_counters.c.value)).scalar_one()
    return last - count + 1


def ended(outcome: Outcome) -> State:
    """The final state of a task with this outcome."""
    return State(LifeCycleState.TERMINATED, outcome.result, outcome.message)


def task_columns(state: State, **values: Any) -> dict[str, Any]:
    """The columns of a task in this state."""
    return {**state_columns(state), **values}


def state_columns(state: State) -> dict[str, Any]:
    return {
        "life_cycle_state": state.life_cycle.value,
        "result_state": state.result.value if state.result else None,
        "state_message": state.message,
    }


def state_of(row: Row[*tuple[Any, ...]]) -> State:
    result = ResultState(row.result_state) if row.result_state else None
    return State(LifeCycleState(row.life_cycle_state), result, row.state_message)


def job_columns(job: Job) -> dict[str, Any]:
    return {
        "name": job.settings.name,
        "settings": json.dumps(job.settings.to_json(), ensure_ascii=False),
        "deployment": deployment_column(job.deployment),
        "run_as": job.run_as,
        "creator": job.creator,
        "created_at": job.created_at,
        "updated_at": job.updated_at,
    }


def job_of(row: Row[*tuple[Any, ...]]) -> Job:
    return Job(
        row.job_id,
        JobSettings.model_validate_json(row.settings),
        row.run_as,
        row.creator,
        row.created_at,
        row.updated_at,
        _deployment(row.deployment),
    )


def deployment_column(deployment: DeploymentRef | None) -> str | None:
    return json.dumps(deployment.to_json(), ensure_ascii=False) if deployment else None


def run_of(row: Row[*tuple[Any, ...]], settings: JobSettings, tasks: tuple[TaskRun, ...]) -> Run:
    return Run(
        settings=settings,
        state=state_of(row),
        trigger=row.trigger_type,
        parameters=json.loads(row.parameters),
        overrides=TaskOverrides(**json.loads(row.overrides)),
        deployment=_deployment(row.deployment),
        trigger_info=json.loads(row.trigger_info),
        tasks=tasks,
        **{name: getattr(row, name) for name in _RUN_FIELDS},
    )


def task_run_of(row: Row[*tuple[Any, ...]], values: Mapping[str, Any] | None = None) -> TaskRun:
    return TaskRun(state=state_of(row), values=values or {}, **{name: getattr(row, name) for name in _TASK_FIELDS})


def attempt_columns(attempt: Attempt) -> dict[str, Any]:
    values = {name: getattr(attempt, name) for name in Attempt.__slots__ if name != "result"}
    return {**values, "result_state": attempt.result.value if attempt.result else None}


def attempt_of(row: Row[*tuple[Any, ...]]) -> Attempt:
    values = {name: getattr(row, name) for name in Attempt.__slots__ if name != "result"}
    return Attempt(**values, result=ResultState(row.result_state) if row.result_state else None)


def _deployment(text: str | None) -> DeploymentRef | None:
    return DeploymentRef.from_json(json.loads(text)) if text else None


_RUN_FIELDS = (
    "run_id",
    "job_id",
    "name",
    "run_as",
    "creator",
    "created_at",
    "number_in_job",
    "run_type",
    "started_at",
    "ended_at",
    "as_of",
    "cancel_requested_at",
    "executor_id",
    "max_concurrent_runs",
    "parent_task_run_id",
    "parent_run_id",
    "backfill_id",
    "repair_count",
    "latest_repair_id",
)
_TASK_FIELDS = tuple(name for name in TaskRun.__slots__ if name not in ("state", "values", "known"))
