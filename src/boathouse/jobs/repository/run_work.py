"""What a worker does with runs: takes them, begins and ends them, their tasks and their attempts."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, insert, select, update

from boathouse.jobs.again.repair_rows import end_repair
from boathouse.jobs.records import Attempt, Outcome, State, TaskRun
from boathouse.jobs.repository.run_reading import RunReading
from boathouse.jobs.rows import (
    FINAL,
    attempt_columns,
    ended,
    state_columns,
)
from boathouse.jobs.schema import job_runs, task_attempts, task_runs, task_values
from boathouse.jobs.states import UNDER_WAY, LifeCycleState, ResultState
from boathouse.jobs.telling import moments
from boathouse.jobs.workers.admission import any_queued, claim_run, queued_runs

_MOST_CHILDREN = 64
"""Runs that others wait for, taken at one look."""


class RunWork(RunReading):
    """The worker's side; each change holds only while the worker has the run."""

    def claim(self, executor_id: str, limit: int) -> "Sequence[int]":
        """Take up to ``limit`` queued runs, and beyond them those that another run waits for."""
        with self._database.read() as connection:  # most looks find nothing and need no write lock
            if connection.execute(any_queued()).first() is None:
                return []
            candidates = connection.execute(queued_runs(max(limit, 0) + _MOST_CHILDREN)).all()
        roots = [row.run_id for row in candidates if not row.is_child][: max(limit, 0)]
        claimed: list[int] = []
        for run_id in [*(row.run_id for row in candidates if row.is_child), *roots]:
            with self._database.write() as connection:
                if claim_run(connection, run_id, executor_id):
                    claimed.append(run_id)
        return claimed

    def unfinished_of(self, executor_id: str) -> "Sequence[int]":
        """Runs that an executor has taken and not ended."""
        query = select(job_runs.c.run_id).where(
            job_runs.c.executor_id == executor_id, job_runs.c.life_cycle_state.in_(UNDER_WAY)
        )
        with self._database.read() as connection:
            return list(connection.execute(query.order_by(job_runs.c.run_id)).scalars())

    def start(self, run_id: int, executor_id: str, now: int) -> bool:
        """Say that the executor works on the run; its first start is kept. False when it is another's by now."""
        is_open = (job_runs.c.run_id == run_id) & job_runs.c.life_cycle_state.in_(UNDER_WAY)
        values = {
            "life_cycle_state": LifeCycleState.RUNNING,
            "started_at": func.coalesce(job_runs.c.started_at, now),
        }
        with self._database.write() as connection:
            mine = is_open & (job_runs.c.executor_id == executor_id)
            begins = mine & (job_runs.c.life_cycle_state == LifeCycleState.PENDING)
            if connection.execute(update(job_runs).where(begins).values(values)).rowcount:
                moments.run_begins(connection, run_id, now)
                return True
            if connection.execute(update(job_runs).where(mine).values(values)).rowcount:
                return True
            return connection.execute(select(job_runs.c.run_id).where(is_open)).first() is None

    def finish(self, run_id: int, executor_id: str, state: State, now: int) -> None:
        """End a run, if it is still the executor's."""
        mine = (job_runs.c.run_id == run_id) & (job_runs.c.executor_id == executor_id)
        with self._database.write() as connection:
            over = connection.execute(
                update(job_runs)
                .where(mine, job_runs.c.life_cycle_state.not_in(FINAL))
                .values({**state_columns(state), "ended_at": now})
            )
            if not over.rowcount:
                return
            end_repair(connection, run_id, state, now)
            if state.life_cycle is LifeCycleState.INTERNAL_ERROR:  # the graph may not have been gone through
                end_open_tasks(connection, run_id, ResultState.CANCELED, "The run has ended.", now)
            moments.run_ends(connection, run_id, state, now)

    def cancel_requests(self, run_ids: "Iterable[int]") -> set[int]:
        """Which of these runs somebody has asked to cancel."""
        query = select(job_runs.c.run_id).where(
            job_runs.c.run_id.in_(list(run_ids)), job_runs.c.cancel_requested_at.is_not(None)
        )
        with self._database.read() as connection:
            return set(connection.execute(query).scalars())

    def begin_attempt(self, attempt: Attempt, *, environment_key: str | None, setup_ms: int) -> bool:
        """Remember the attempt before its process exists, so that no process is ever forgotten. False when the run
        belongs to another worker by now: then there must be no process."""
        mine = task_runs.c.task_run_id == attempt.task_run_id
        with self._database.write() as connection:
            if not _is_holder(connection, attempt.task_run_id, attempt.executor_id):
                return False
            connection.execute(insert(task_attempts).values(attempt_columns(attempt)))
            if attempt.attempt:  # what a failed attempt has left does not count
                connection.execute(task_values.delete().where(task_values.c.task_run_id == attempt.task_run_id))
            values = {
                **state_columns(State(LifeCycleState.RUNNING)),
                "attempt": attempt.attempt,
                "started_at": func.coalesce(task_runs.c.started_at, attempt.started_at),
                "environment_key": environment_key,
                "setup_ms": task_runs.c.setup_ms + setup_ms,
            }
            connection.execute(update(task_runs).where(mine).values(values))
            moments.attempt_begins(connection, attempt.task_run_id, attempt.attempt, attempt.started_at)
            return True

    def note_process(self, attempt: Attempt, pid: int) -> None:
        with self._database.write() as connection:
            connection.execute(update(task_attempts).where(_open_attempt(attempt)).values(pid=pid))

    def end_attempt(self, attempt: Attempt, task: Mapping[str, Any], by: str) -> bool:
        """Keep how an attempt ended and, in the same breath, what that means for its task. False when the run belongs
        to another worker by now: then what we know of it may no longer be true."""
        with self._database.write() as connection:
            if not _is_holder(connection, attempt.task_run_id, by):
                return False
            query = update(task_attempts).where(_open_attempt(attempt)).values(attempt_columns(attempt))
            if not connection.execute(query).rowcount:
                return False
            connection.execute(
                update(task_runs).where(task_runs.c.task_run_id == attempt.task_run_id).values(dict(task))
            )
            moments.attempt_ends(connection, attempt, is_last=task.get("life_cycle_state") in FINAL)
            return True

    def begin_and_end(self, task_run: TaskRun, columns: Mapping[str, Any], now: int) -> None:
        """Keep how a task ended that was over as soon as it began, and needs no process."""
        mine = task_runs.c.task_run_id == task_run.task_run_id
        query = update(task_runs).where(mine, task_runs.c.life_cycle_state.not_in(FINAL)).values(dict(columns))
        with self._database.write() as connection:
            if connection.execute(query).rowcount:
                moments.attempt_begins(connection, task_run.task_run_id, task_run.attempt, now)
                moments.tasks_end(connection, {task_run.task_run_id: ResultState(columns["result_state"])}, now)

    def end_tasks(self, outcomes: Mapping[int, Outcome], now: int) -> None:
        """Keep the outcomes of task runs that end without a process of their own."""
        if not outcomes:
            return
        is_this = task_runs.c.task_run_id == bindparam("this")
        is_open = and_(*(task_runs.c.life_cycle_state != state for state in FINAL))  # many rows at once know no IN
        query = update(task_runs).where(is_this, is_open)
        columns = [
            {"this": task_run_id, "ended_at": now, **state_columns(ended(outcome))}
            for task_run_id, outcome in outcomes.items()
        ]
        names = [name for name in columns[0] if name != "this"]
        with self._database.write() as connection:
            connection.execute(query.values({name: bindparam(name) for name in names}), columns)
            results = {task_run_id: outcome.result for task_run_id, outcome in outcomes.items()}
            moments.tasks_end(connection, results, now)


def _is_holder(connection: Connection, task_run_id: int, executor_id: str) -> bool:
    """Whether the run of a task is the executor's, and stays so to the end of the transaction."""
    holder = (
        select(job_runs.c.executor_id)
        .join(task_runs, task_runs.c.run_id == job_runs.c.run_id)
        .where(task_runs.c.task_run_id == task_run_id)
        .with_for_update(read=True, of=job_runs)
    )
    return connection.execute(holder).scalar() == executor_id


def _open_attempt(attempt: Attempt) -> Any:
    return and_(
        task_attempts.c.task_run_id == attempt.task_run_id,
        task_attempts.c.attempt == attempt.attempt,
        task_attempts.c.ended_at.is_(None),
    )


def end_open_tasks(connection: Connection, run_id: int, result: ResultState, message: str, now: int) -> None:
    """Give the tasks that have not ended their end with the run's."""
    connection.execute(
        update(task_runs)
        .where(task_runs.c.run_id == run_id, task_runs.c.life_cycle_state.not_in(FINAL))
        .values({**state_columns(State(LifeCycleState.TERMINATED, result, message)), "ended_at": now})
    )
