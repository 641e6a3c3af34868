"""What a run begins as."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from boathouse.jobs.records import Job, Outcome, Start, State, TaskOverrides
from boathouse.jobs.rows import (
    deployment_column,
    ended,
    state_columns,
)
from boathouse.jobs.settings import Task
from boathouse.jobs.states import LifeCycleState, ResultState


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run that is asked for."""

    job: Job
    parameters: Mapping[str, str]
    overrides: TaskOverrides
    as_of: str | None
    creator: str
    idempotency_token: str | None
    name: str
    run_type: str = "JOB_RUN"
    start: Start = field(default_factory=Start)

    @property
    def max_concurrent_runs(self) -> int | None:
        """How many runs of the job may be under way with this one; None: any number."""
        if self.run_type != "JOB_RUN":
            return None
        most = self.job.settings.max_concurrent_runs
        return most if self.start.max_concurrent_runs is None else min(most, self.start.max_concurrent_runs)

    @property
    def is_queued(self) -> bool:
        """Whether it waits when there are that many; else it is skipped."""
        if self.start.is_queued is not None:
            return self.start.is_queued
        queue = self.job.settings.queue
        return queue is not None and queue.enabled


def run_columns(new: NewRun, run_id: int, number: int, now: int) -> dict[str, Any]:
    job, parent = new.job, new.start.parent
    return {
        "run_id": run_id,
        "job_id": job.job_id,
        "number_in_job": number,
        "name": new.name,
        "deployment": deployment_column(job.deployment),
        "parameters": json.dumps(dict(new.parameters), ensure_ascii=False),
        "overrides": json.dumps(new.overrides.to_json(), ensure_ascii=False),
        "as_of": new.as_of,
        "run_as": job.run_as,
        "creator": new.creator,
        "trigger_type": new.start.trigger,
        "trigger_info": json.dumps(dict(new.start.trigger_info), ensure_ascii=False),
        "run_type": new.run_type,
        "idempotency_token": new.idempotency_token,
        "max_concurrent_runs": new.max_concurrent_runs,
        "parent_task_run_id": parent.task_run_id if parent else None,
        "parent_run_id": parent.run_id if parent else None,
        "backfill_id": new.start.backfill_id,
        "created_at": now,
    }


def first_state(task: Task, new: NewRun, skipped: State | None) -> dict[str, Any]:
    if skipped is not None:
        return state_columns(State(LifeCycleState.SKIPPED, skipped.result, "The run was skipped."))
    if new.start.only is not None and task.task_key not in new.start.only:
        return state_columns(ended(Outcome(ResultState.DISABLED, "It was not chosen for this run.")))
    return state_columns(State(LifeCycleState.BLOCKED if task.depends_on else LifeCycleState.PENDING))
