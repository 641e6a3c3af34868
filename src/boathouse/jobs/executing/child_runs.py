"""Runs that a run_job_task starts and waits for. They are runs like any other; the task's row points to its own."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from sqlalchemy import func, update

from boathouse.catalog.identities import Identities
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import Conflict
from boathouse.foundation.principals import Principal
from boathouse.jobs.parameters import resolved_task
from boathouse.jobs.records import Outcome, Run, Start, State, TaskOverrides, TaskRun
from boathouse.jobs.repository import RunRepository
from boathouse.jobs.rows import state_columns
from boathouse.jobs.schema import task_runs
from boathouse.jobs.settings import RunJobTask
from boathouse.jobs.states import LifeCycleState, ResultState
from boathouse.jobs.telling import moments
from boathouse.metastore import Database

MAXIMUM_DEPTH = 10
"""How many runs may wait for each other in a row."""


class TooDeep(Conflict):
    """A job that runs itself, directly or through others, or too many jobs that run each other in a row."""


class RunNow(Protocol):
    """The verb that starts a run for a principal, with all its checks."""

    def __call__(
        self,
        principal: Principal,
        job_id: int,
        *,
        parameters: Mapping[str, Any],
        as_of: str | None,
        idempotency_token: str,
        overrides: TaskOverrides,
        start: Start,
    ) -> int: ...


class ChildRuns:
    """Starts, watches and cancels the runs that tasks wait for."""

    def __init__(
        self, database: Database, runs: RunRepository, identities: Identities, run_now: RunNow, clock: Clock
    ) -> None:
        self._database = database
        self._runs = runs
        self._identities = identities
        self._run_now = run_now
        self._clock = clock

    def start(self, run: Run, task_run: TaskRun) -> int:
        """The run that the task waits for, begun now or by an earlier life of the task.

        Raises:
            BoathouseError: The job is not there, may not be run by whom this run acts for, or would run itself.
        """
        wanted = resolved_task(run, task_run).run_job_task
        assert wanted is not None
        self._require_no_circle(run, wanted.job_id)
        self._begin(task_run, wanted)
        return self._run_now(
            self._identities.principal(run.run_as),
            wanted.job_id,
            parameters=wanted.job_parameters,
            as_of=run.as_of,
            idempotency_token=f"run-job-{task_run.task_run_id}-{task_run.attempt}",
            overrides=TaskOverrides(
                wanted.notebook_params, wanted.python_params, wanted.python_named_params, wanted.sql_params
            ),
            start=Start(trigger="RUN_JOB_TASK", parent=task_run, is_queued=True),
        )

    def begin_again(self, task_run: TaskRun, message: str) -> None:
        """Forget the run that failed; the next attempt has one of its own."""
        state = State(LifeCycleState.WAITING_FOR_RETRY, None, message)
        values = {**state_columns(state), "attempt": task_run.attempt + 1, "child_run_id": None}
        with self._database.write() as connection:
            mine = task_runs.c.task_run_id == task_run.task_run_id
            connection.execute(update(task_runs).where(mine).values(values))
            moments.attempt_fails(connection, task_run.task_run_id, ResultState.FAILED, epoch_ms(self._clock.now()))

    def outcomes(self, run_ids: Iterable[int]) -> dict[int, Outcome]:
        """Of those that have ended, or are gone."""
        wanted = list(run_ids)
        states = self._runs.states(wanted)
        return {
            run_id: outcome_of(run_id, states.get(run_id))
            for run_id in wanted
            if run_id not in states or states[run_id].life_cycle.is_final
        }

    def cancel(self, run_ids: Iterable[int]) -> None:
        for run_id in run_ids:
            self._runs.request_cancel(run_id, epoch_ms(self._clock.now()))

    def _begin(self, task_run: TaskRun, wanted: RunJobTask) -> None:
        """Keep that the task runs; an earlier life of it may have done so."""
        now = epoch_ms(self._clock.now())
        values = {
            **state_columns(State(LifeCycleState.RUNNING)),
            "started_at": func.coalesce(task_runs.c.started_at, now),
            "resolved": json.dumps({"job_parameters": wanted.job_parameters}, ensure_ascii=False),
        }
        waits = task_runs.c.life_cycle_state != LifeCycleState.RUNNING
        query = update(task_runs).where(task_runs.c.task_run_id == task_run.task_run_id, waits).values(values)
        with self._database.write() as connection:
            if connection.execute(query).rowcount:
                moments.attempt_begins(connection, task_run.task_run_id, task_run.attempt, now)

    def _require_no_circle(self, run: Run, job_id: int) -> None:
        above: Run | None = run
        way: list[int] = []
        while above is not None:
            way.append(above.job_id)
            if job_id in way:
                shown = " -> ".join(map(str, [*reversed(way[: way.index(job_id) + 1]), job_id]))
                raise TooDeep(f"The jobs run each other in a circle: {shown}.")
            above = self._runs.head(above.parent_run_id) if above.parent_run_id is not None else None
        if len(way) >= MAXIMUM_DEPTH:
            raise TooDeep(f"{len(way)} jobs run each other in a row; more than {MAXIMUM_DEPTH} are not started.")


def outcome_of(run_id: int, state: State | None) -> Outcome:
    """What the end of its run means for the task that waited for it."""
    if state is None:
        return Outcome(ResultState.FAILED, f"Its run {run_id} is gone.")
    if state.result in (ResultState.SUCCESS, ResultState.SUCCESS_WITH_FAILURES):
        return Outcome(ResultState.SUCCESS)
    how = str(state.result or state.life_cycle)
    return Outcome(ResultState.FAILED, f"Its run {run_id} ended as {how}: {state.message}"[:1000])
