"""The SQL of jobs and runs. The control plane and every worker use it; what they compete for is compared and set."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, insert, select, true, update
from sqlalchemy.exc import IntegrityError

from boathouse.foundation.errors import Conflict
from boathouse.jobs.again.repair_rows import end_repair
from boathouse.jobs.definitions import Definitions
from boathouse.jobs.keeping.forgetting import delete_runs
from boathouse.jobs.records import Attempt, Job, Outcome, Run, Start, State, TaskOverrides, TaskRun
from boathouse.jobs.rows import (
    FINAL,
    attempt_columns,
    attempt_of,
    deployment_column,
    ended,
    job_columns,
    job_of,
    next_ids,
    run_of,
    state_columns,
    state_of,
    task_run_of,
)
from boathouse.jobs.schema import job_runs, jobs, task_attempts, task_runs, task_values
from boathouse.jobs.settings import Task
from boathouse.jobs.starting.following import follow, forget
from boathouse.jobs.states import UNDER_WAY, LifeCycleState, ResultState
from boathouse.jobs.telling import moments
from boathouse.jobs.workers.admission import any_queued, claim_run, queued_runs, refusal
from boathouse.metastore import Database

_MOST_CHILDREN = 64
"""Runs that others wait for, taken at one look."""


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


@dataclass(frozen=True, slots=True)
class TaskPage:
    """A part of a run's tasks."""

    limit: int
    offset: int = 0
    for_each: str | None = None
    """Of the iterations of this for-each task, instead of the run's own tasks."""
    with_history: bool = False
    """Also those that a repair has begun anew."""


class JobRepository:
    """Job definitions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert(self, job: Job, *, is_registered: bool) -> int:
        """Keep a new job; its id is given here and never given again."""
        with self._database.write() as connection:
            job_id = next_ids(connection, "job", 1)
            values = {**job_columns(job), "job_id": job_id, "is_registered": is_registered, "runs_started": 0}
            connection.execute(insert(jobs).values(values))
            follow(connection, job_id, job.settings, job.created_at)
            moments.require_destinations(connection, job.settings)
            return job_id

    def mark_registered(self, job_id: int) -> None:
        with self._database.write() as connection:
            connection.execute(update(jobs).where(jobs.c.job_id == job_id).values(is_registered=True))

    def replace(self, job: Job) -> None:
        with self._database.write() as connection:
            connection.execute(update(jobs).where(jobs.c.job_id == job.job_id).values(job_columns(job)))
            follow(connection, job.job_id, job.settings, job.updated_at)
            moments.require_destinations(connection, job.settings)

    def delete(self, job_id: int) -> None:
        with self._database.write() as connection:
            connection.execute(jobs.delete().where(jobs.c.job_id == job_id))
            forget(connection, job_id)

    def find(self, job_id: int) -> Job | None:
        with self._database.read() as connection:
            query = select(jobs).where(jobs.c.job_id == job_id, jobs.c.is_registered)
            row = connection.execute(query).one_or_none()
            return job_of(row) if row else None

    def unregistered(self) -> list[int]:
        """Jobs whose creation was cut short."""
        with self._database.read() as connection:
            return list(connection.execute(select(jobs.c.job_id).where(~jobs.c.is_registered)).scalars())

    def ids(self, *, name: str | None = None) -> list[int]:
        """Newest first."""
        query = select(jobs.c.job_id).where(jobs.c.is_registered).order_by(jobs.c.job_id.desc())
        if name is not None:
            query = query.where(func.lower(jobs.c.name) == name.lower())
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def many(self, job_ids: Sequence[int]) -> list[Job]:
        """In the order asked."""
        with self._database.read() as connection:
            rows = connection.execute(select(jobs).where(jobs.c.job_id.in_(job_ids))).all()
        found = {row.job_id: job_of(row) for row in rows}
        return [found[job_id] for job_id in job_ids if job_id in found]


class RunRepository:
    """Runs, their tasks and the attempts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._definitions = Definitions()

    # What the control plane does

    def insert(self, new: NewRun, now: int) -> int:
        """Keep a new run with its tasks, queued or skipped; with a token used before, the run that was made then.

        Raises:
            Conflict: The token was used for something else.
        """
        try:
            with self._database.write() as connection:
                return self.insert_with(connection, new, now)
        except IntegrityError:
            if new.idempotency_token is None:
                raise
            return self._run_of_token(new, new.idempotency_token)

    def insert_with(self, connection: Connection, new: NewRun, now: int) -> int:
        """:meth:`insert` within somebody's transaction."""
        settings = new.job.settings
        if not new.job.job_id:  # of a one-time run, which has no job
            new = replace(new, job=replace(new.job, job_id=next_ids(connection, "job", 1)))
        run_id = next_ids(connection, "run", len(settings.tasks) + 1)
        mine = jobs.c.job_id == new.job.job_id
        connection.execute(update(jobs).where(mine).values(runs_started=jobs.c.runs_started + 1))
        number = connection.execute(select(jobs.c.runs_started).where(mine)).scalar() or 1
        limit = new.max_concurrent_runs
        skipped = refusal(connection, new.job.job_id, limit, is_queued=new.is_queued)
        state = skipped or State(LifeCycleState.QUEUED)
        values = {
            **_run_columns(new, run_id, number, now),
            "definition": self._definitions.keep(connection, settings),
            **state_columns(state),
            "ended_at": now if skipped else None,
        }
        connection.execute(insert(job_runs).values(values))
        moments.run_is_asked_for(connection, run_id, settings)
        if (parent := new.start.parent) is not None:
            connection.execute(
                update(task_runs).where(task_runs.c.task_run_id == parent.task_run_id).values(child_run_id=run_id)
            )
        tasks = [
            {
                **_first_state(task, new, skipped),
                "task_run_id": run_id + 1 + position,
                "run_id": run_id,
                "task_key": task.task_key,
                "position": position,
                "attempt": 0,
                "setup_ms": 0,
                "execution_ms": 0,
            }
            for position, task in enumerate(settings.tasks)
        ]
        connection.execute(insert(task_runs), tasks)
        if skipped is not None:
            moments.run_ends(connection, run_id, skipped, now)
        return run_id

    def _run_of_token(self, new: NewRun, token: str) -> int:
        query = select(job_runs.c.run_id, job_runs.c.job_id, job_runs.c.run_type).where(
            job_runs.c.creator == new.creator, job_runs.c.idempotency_token == token
        )
        with self._database.read() as connection:
            row = connection.execute(query).one()
        if row.run_type != new.run_type or row.job_id != (new.job.job_id or row.job_id):
            raise Conflict(
                f"The idempotency_token {token!r} stands for run {row.run_id}, which is not of this job.",
                hint="Take a token of its own for each run that you mean.",
            )
        return row.run_id

    def request_cancel(self, run_id: int, now: int) -> None:
        """Ask the worker to stop the run; end it at once when no worker has it yet."""
        with self._database.write() as connection:
            mine = job_runs.c.run_id == run_id
            connection.execute(
                update(job_runs)
                .where(mine, job_runs.c.cancel_requested_at.is_(None), job_runs.c.life_cycle_state.not_in(FINAL))
                .values(cancel_requested_at=now)
            )
            state = State(LifeCycleState.TERMINATED, ResultState.CANCELED, "Cancelled before it started.")
            queued = connection.execute(
                update(job_runs)
                .where(mine, job_runs.c.life_cycle_state == LifeCycleState.QUEUED)
                .values({**state_columns(state), "ended_at": now})
            )
            if queued.rowcount:
                self._end_open_tasks(connection, run_id, ResultState.CANCELED, state.message, now)
                end_repair(connection, run_id, state, now)
                moments.run_ends(connection, run_id, state, now)
                return
            connection.execute(
                update(job_runs)
                .where(mine, job_runs.c.life_cycle_state == LifeCycleState.RUNNING)
                .values(life_cycle_state=LifeCycleState.TERMINATING)
            )

    def delete(self, run_id: int) -> None:
        with self._database.write() as connection:
            delete_runs(connection, [run_id])

    # What both ask

    def find(self, run_id: int) -> Run | None:
        """The run with its tasks."""
        found = self._runs(select(job_runs).where(job_runs.c.run_id == run_id))
        if not found:
            return None
        query = select(task_runs).where(task_runs.c.run_id == run_id, task_runs.c.for_each.is_(None))
        with self._database.read() as connection:
            rows = connection.execute(query.where(task_runs.c.is_latest).order_by(task_runs.c.position)).all()
        return replace(found[0], tasks=tuple(map(task_run_of, rows)))

    def head(self, run_id: int) -> Run | None:
        """The run without its tasks."""
        found = self._runs(select(job_runs).where(job_runs.c.run_id == run_id))
        return found[0] if found else None

    def task_page(self, run_id: int, page: TaskPage) -> list[TaskRun]:
        """Some tasks of a run, with the values that they have left."""
        part = task_runs.c.for_each.is_(None) if page.for_each is None else task_runs.c.for_each == page.for_each
        query = select(task_runs).where(task_runs.c.run_id == run_id, part)
        if not page.with_history:
            query = query.where(task_runs.c.is_latest)
        order = (task_runs.c.position, task_runs.c.iteration, task_runs.c.task_run_id)
        query = query.order_by(*order).limit(page.limit).offset(page.offset)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            values = _values_of(connection, [row.task_run_id for row in rows])
        return [task_run_of(row, values.get(row.task_run_id)) for row in rows]

    def find_task(self, task_run_id: int) -> TaskRun | None:
        with self._database.read() as connection:
            row = connection.execute(select(task_runs).where(task_runs.c.task_run_id == task_run_id)).one_or_none()
            if row is None:
                return None
            return task_run_of(row, _values_of(connection, [task_run_id]).get(task_run_id))

    def tasks_named(self, run_id: int, task_key: str) -> list[TaskRun]:
        """The latest runs of a task: one, or, when it is a for-each's, one for each iteration."""
        query = select(task_runs).where(task_runs.c.run_id == run_id, task_runs.c.task_key == task_key)
        with self._database.read() as connection:
            rows = connection.execute(query.where(task_runs.c.is_latest).order_by(task_runs.c.iteration)).all()
        return [task_run_of(row) for row in rows]

    def list(
        self, *, job_ids: Sequence[int], limit: int, before: int | None = None, active: bool | None = None
    ) -> "Sequence[Run]":
        """Newest first, without their tasks; ``before`` is the run id that the previous page ended with."""
        return self.list_where(job_runs.c.job_id.in_(job_ids), limit=limit, before=before, active=active)

    def list_seen_by(
        self, name: str, job_ids: Sequence[int] | None, *,
        limit: int, before: int | None = None, active: bool | None = None,
    ) -> "Sequence[Run]":  # fmt: skip
        """:meth:`list` of these jobs (None: of all) and of the one-time runs of a principal.

        Two looks, each along an index: asked for with an OR, a database reads all that is stored before it sorts."""
        if job_ids is None:
            return self.list_where(true(), limit=limit, before=before, active=active)
        own = (job_runs.c.run_type == "SUBMIT_RUN") & (job_runs.c.creator == name)
        found = [
            run
            for which in (job_runs.c.job_id.in_(job_ids), own)
            for run in self.list_where(which, limit=limit, before=before, active=active)
        ]
        newest = {run.run_id: run for run in sorted(found, key=lambda run: run.run_id, reverse=True)}
        return list(newest.values())[:limit]

    def list_where(
        self, which: ColumnElement[bool], *, limit: int, before: int | None = None, active: bool | None = None
    ) -> "Sequence[Run]":
        """:meth:`list` of the runs that a condition holds for."""
        query = select(job_runs).where(which).order_by(job_runs.c.run_id.desc()).limit(limit)
        if before is not None:
            query = query.where(job_runs.c.run_id < before)
        if active is not None:
            is_open = job_runs.c.life_cycle_state.in_([LifeCycleState.QUEUED.value, *UNDER_WAY])
            query = query.where(is_open if active else ~is_open)  # an index finds the few that are open
        return self._runs(query)

    def open_ids(self, which: ColumnElement[bool], *, only_queued: bool = False) -> "Sequence[int]":
        """Runs that a condition holds for and that have not ended, however many there are."""
        state = job_runs.c.life_cycle_state
        is_open = state == LifeCycleState.QUEUED if only_queued else state.not_in(FINAL)
        with self._database.read() as connection:
            return list(connection.execute(select(job_runs.c.run_id).where(which, is_open)).scalars())

    def open_ids_of_job(self, job_id: int, *, only_queued: bool = False) -> "Sequence[int]":
        return self.open_ids(job_runs.c.job_id == job_id, only_queued=only_queued)

    def states(self, run_ids: "Iterable[int]") -> dict[int, State]:
        """The states of some runs, at the cost of one look."""
        columns = (job_runs.c.run_id, job_runs.c.life_cycle_state, job_runs.c.result_state, job_runs.c.state_message)
        with self._database.read() as connection:
            rows = connection.execute(select(*columns).where(job_runs.c.run_id.in_(list(run_ids)))).all()
        return {row.run_id: state_of(row) for row in rows}

    def attempts(self, task_run_id: int) -> "Sequence[Attempt]":
        query = select(task_attempts).where(task_attempts.c.task_run_id == task_run_id)
        with self._database.read() as connection:
            return [attempt_of(row) for row in connection.execute(query.order_by(task_attempts.c.attempt))]

    def _runs(self, query: Select[Any]) -> "Sequence[Run]":
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            settings = self._definitions.read(connection, {row.definition for row in rows})
        return [run_of(row, settings[row.definition], ()) for row in rows]

    # What a worker does

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
                self._end_open_tasks(connection, run_id, ResultState.CANCELED, "The run has ended.", now)
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

    def _end_open_tasks(self, connection: Connection, run_id: int, result: ResultState, message: str, now: int) -> None:
        connection.execute(
            update(task_runs)
            .where(task_runs.c.run_id == run_id, task_runs.c.life_cycle_state.not_in(FINAL))
            .values({**state_columns(State(LifeCycleState.TERMINATED, result, message)), "ended_at": now})
        )


def _run_columns(new: NewRun, run_id: int, number: int, now: int) -> dict[str, Any]:
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


def _first_state(task: Task, new: NewRun, skipped: State | None) -> dict[str, Any]:
    if skipped is not None:
        return state_columns(State(LifeCycleState.SKIPPED, skipped.result, "The run was skipped."))
    if new.start.only is not None and task.task_key not in new.start.only:
        return state_columns(ended(Outcome(ResultState.DISABLED, "It was not chosen for this run.")))
    return state_columns(State(LifeCycleState.BLOCKED if task.depends_on else LifeCycleState.PENDING))


def _values_of(connection: Connection, task_run_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for row in connection.execute(select(task_values).where(task_values.c.task_run_id.in_(task_run_ids))):
        found.setdefault(row.task_run_id, {})[row.name] = json.loads(row.value)
    return found


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
