"""The SQL of this room. The control plane and every worker use it; what they compete for is compared and set."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from boathouse.jobs.records import Attempt, DeploymentRef, Job, Outcome, Run, State, TaskOverrides, TaskRun
from boathouse.jobs.schema import job_counters, job_runs, jobs, task_attempts, task_runs
from boathouse.jobs.settings import JobSettings
from boathouse.jobs.states import FINAL_STATES, LifeCycleState, ResultState
from boathouse.metastore import Database

_FINAL = [state.value for state in FINAL_STATES]


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


class JobRepository:
    """Job definitions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert(self, job: Job, *, is_registered: bool) -> int:
        """Keep a new job; its id is given here and never given again."""
        with self._database.write() as connection:
            job_id = _next_ids(connection, "job", 1)
            values = {**_job_values(job), "job_id": job_id, "is_registered": is_registered, "runs_started": 0}
            connection.execute(insert(jobs).values(values))
            return job_id

    def mark_registered(self, job_id: int) -> None:
        with self._database.write() as connection:
            connection.execute(update(jobs).where(jobs.c.job_id == job_id).values(is_registered=True))

    def replace(self, job: Job) -> None:
        with self._database.write() as connection:
            connection.execute(update(jobs).where(jobs.c.job_id == job.job_id).values(_job_values(job)))

    def delete(self, job_id: int) -> None:
        with self._database.write() as connection:
            connection.execute(jobs.delete().where(jobs.c.job_id == job_id))

    def find(self, job_id: int) -> Job | None:
        with self._database.read() as connection:
            query = select(jobs).where(jobs.c.job_id == job_id, jobs.c.is_registered)
            row = connection.execute(query).one_or_none()
            return _job(row) if row else None

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
        found = {row.job_id: _job(row) for row in rows}
        return [found[job_id] for job_id in job_ids if job_id in found]


class RunRepository:
    """Runs, their tasks and the attempts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # What the control plane does

    def insert(self, new: NewRun, now: int) -> int:
        """Keep a new run with its tasks, queued; with a token used before, the run that was made then."""
        try:
            with self._database.write() as connection:
                return self._insert(connection, new, now)
        except IntegrityError:
            if new.idempotency_token is None:
                raise
            return self._run_of_token(new.creator, new.idempotency_token)

    def _insert(self, connection: Connection, new: NewRun, now: int) -> int:
        settings = new.job.settings
        run_id = _next_ids(connection, "run", len(settings.tasks) + 1)
        connection.execute(
            update(jobs).where(jobs.c.job_id == new.job.job_id).values(runs_started=jobs.c.runs_started + 1)
        )
        number = connection.execute(select(jobs.c.runs_started).where(jobs.c.job_id == new.job.job_id)).scalar() or 1
        connection.execute(insert(job_runs).values(_run_values(new, run_id, number, now)))
        blank: dict[str, Any] = {"run_id": run_id, "state_message": "", "attempt": 0, "setup_ms": 0, "execution_ms": 0}
        tasks = [
            {
                **blank,
                "task_run_id": run_id + 1 + position,
                "task_key": task.task_key,
                "position": position,
                "life_cycle_state": LifeCycleState.BLOCKED if task.depends_on else LifeCycleState.PENDING,
            }
            for position, task in enumerate(settings.tasks)
        ]
        connection.execute(insert(task_runs), tasks)
        return run_id

    def _run_of_token(self, creator: str, token: str) -> int:
        query = select(job_runs.c.run_id).where(job_runs.c.creator == creator, job_runs.c.idempotency_token == token)
        with self._database.read() as connection:
            return connection.execute(query).scalar_one()

    def request_cancel(self, run_id: int, now: int) -> None:
        """Ask the worker to stop the run; end it at once when no worker has it yet."""
        with self._database.write() as connection:
            mine = job_runs.c.run_id == run_id
            connection.execute(
                update(job_runs)
                .where(mine, job_runs.c.cancel_requested_at.is_(None), job_runs.c.life_cycle_state.not_in(_FINAL))
                .values(cancel_requested_at=now)
            )
            state = State(LifeCycleState.TERMINATED, ResultState.CANCELED, "Cancelled before it started.")
            queued = connection.execute(
                update(job_runs)
                .where(mine, job_runs.c.life_cycle_state == LifeCycleState.QUEUED)
                .values({**_state_values(state), "ended_at": now})
            )
            if queued.rowcount:
                self._end_open_tasks(connection, run_id, ResultState.CANCELED, state.message, now)
                return
            connection.execute(
                update(job_runs)
                .where(mine, job_runs.c.life_cycle_state == LifeCycleState.RUNNING)
                .values(life_cycle_state=LifeCycleState.TERMINATING)
            )

    def delete(self, run_id: int) -> None:
        with self._database.write() as connection:
            connection.execute(
                task_attempts.delete().where(
                    task_attempts.c.task_run_id.in_(select(task_runs.c.task_run_id).where(task_runs.c.run_id == run_id))
                )
            )
            connection.execute(task_runs.delete().where(task_runs.c.run_id == run_id))
            connection.execute(job_runs.delete().where(job_runs.c.run_id == run_id))

    # What both ask

    def find(self, run_id: int) -> Run | None:
        """The run with its tasks."""
        found = self._runs(select(job_runs).where(job_runs.c.run_id == run_id))
        return found[0] if found else None

    def find_task(self, task_run_id: int) -> TaskRun | None:
        with self._database.read() as connection:
            row = connection.execute(select(task_runs).where(task_runs.c.task_run_id == task_run_id)).one_or_none()
            return _task_run(row) if row else None

    def list(
        self, *, job_ids: Sequence[int], limit: int, before: int | None = None, active: bool | None = None
    ) -> list[Run]:
        """Newest first; ``before`` is the run id that the previous page ended with."""
        query = select(job_runs).where(job_runs.c.job_id.in_(job_ids)).order_by(job_runs.c.run_id.desc()).limit(limit)
        if before is not None:
            query = query.where(job_runs.c.run_id < before)
        if active is not None:
            is_final = job_runs.c.life_cycle_state.in_(_FINAL)
            query = query.where(~is_final if active else is_final)
        return self._runs(query)

    def attempts(self, task_run_id: int) -> "Sequence[Attempt]":
        query = select(task_attempts).where(task_attempts.c.task_run_id == task_run_id)
        with self._database.read() as connection:
            return [_attempt(row) for row in connection.execute(query.order_by(task_attempts.c.attempt))]

    def _runs(self, query: Select[Any]) -> "list[Run]":
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            in_these = task_runs.c.run_id.in_([row.run_id for row in rows])
            tasks = connection.execute(select(task_runs).where(in_these).order_by(task_runs.c.position)).all()
        by_run: dict[int, list[TaskRun]] = {}
        for row in tasks:
            by_run.setdefault(row.run_id, []).append(_task_run(row))
        return [_run(row, tuple(by_run.get(row.run_id, ()))) for row in rows]

    # What a worker does

    def claim(self, executor_id: str, limit: int) -> "Sequence[int]":
        """Take up to ``limit`` queued runs, oldest first."""
        queued = job_runs.c.life_cycle_state == LifeCycleState.QUEUED
        oldest = select(job_runs.c.run_id).where(queued).order_by(job_runs.c.run_id).limit(limit)
        with self._database.read() as connection:  # most looks find nothing and need no write lock
            candidates = list(connection.execute(oldest).scalars())
        claimed: list[int] = []
        for run_id in candidates:
            with self._database.write() as connection:
                taken = connection.execute(
                    update(job_runs)
                    .where(job_runs.c.run_id == run_id, queued)
                    .values(life_cycle_state=LifeCycleState.PENDING, executor_id=executor_id)
                )
            if taken.rowcount:
                claimed.append(run_id)
        return claimed

    def unfinished_of(self, executor_id: str) -> "Sequence[int]":
        """Runs that an executor has taken and not ended."""
        query = select(job_runs.c.run_id).where(
            job_runs.c.executor_id == executor_id, job_runs.c.life_cycle_state.not_in([*_FINAL, LifeCycleState.QUEUED])
        )
        with self._database.read() as connection:
            return list(connection.execute(query.order_by(job_runs.c.run_id)).scalars())

    def start(self, run_id: int, executor_id: str, now: int) -> None:
        """Say that the executor works on the run; its first start is kept."""
        with self._database.write() as connection:
            connection.execute(
                update(job_runs)
                .where(job_runs.c.run_id == run_id, job_runs.c.life_cycle_state.not_in(_FINAL))
                .values(
                    life_cycle_state=LifeCycleState.RUNNING,
                    executor_id=executor_id,
                    started_at=func.coalesce(job_runs.c.started_at, now),
                )
            )

    def finish(self, run_id: int, executor_id: str, state: State, now: int) -> None:
        """End a run, if it is still the executor's."""
        mine = (job_runs.c.run_id == run_id) & (job_runs.c.executor_id == executor_id)
        with self._database.write() as connection:
            connection.execute(
                update(job_runs)
                .where(mine, job_runs.c.life_cycle_state.not_in(_FINAL))
                .values({**_state_values(state), "ended_at": now})
            )

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
        holder = select(job_runs.c.executor_id).join(task_runs, task_runs.c.run_id == job_runs.c.run_id).where(mine)
        with self._database.write() as connection:
            if connection.execute(holder).scalar() != attempt.executor_id:
                return False
            connection.execute(insert(task_attempts).values(_attempt_values(attempt)))
            values = {
                **_state_values(State(LifeCycleState.RUNNING)),
                "attempt": attempt.attempt,
                "started_at": func.coalesce(task_runs.c.started_at, attempt.started_at),
                "environment_key": environment_key,
                "setup_ms": task_runs.c.setup_ms + setup_ms,
            }
            connection.execute(update(task_runs).where(mine).values(values))
            return True

    def note_process(self, attempt: Attempt, pid: int) -> None:
        with self._database.write() as connection:
            connection.execute(update(task_attempts).where(_open_attempt(attempt)).values(pid=pid))

    def end_attempt(self, attempt: Attempt, task: Mapping[str, Any]) -> bool:
        """Keep how an attempt ended and, in the same breath, what that means for its task. False when another worker
        has ended it: then what we know of it is no longer true."""
        with self._database.write() as connection:
            query = update(task_attempts).where(_open_attempt(attempt)).values(_attempt_values(attempt))
            if not connection.execute(query).rowcount:
                return False
            connection.execute(
                update(task_runs).where(task_runs.c.task_run_id == attempt.task_run_id).values(dict(task))
            )
            return True

    def end_tasks(self, run_id: int, outcomes: Mapping[str, Outcome], now: int) -> None:
        """Keep the outcomes of tasks that never started."""
        with self._database.write() as connection:
            for task_key, outcome in outcomes.items():
                connection.execute(
                    update(task_runs)
                    .where(
                        task_runs.c.run_id == run_id,
                        task_runs.c.task_key == task_key,
                        task_runs.c.life_cycle_state.not_in(_FINAL),
                    )
                    .values({**_state_values(ended(outcome)), "ended_at": now})
                )

    def _end_open_tasks(self, connection: Connection, run_id: int, result: ResultState, message: str, now: int) -> None:
        connection.execute(
            update(task_runs)
            .where(task_runs.c.run_id == run_id, task_runs.c.life_cycle_state.not_in(_FINAL))
            .values({**_state_values(State(LifeCycleState.TERMINATED, result, message)), "ended_at": now})
        )


def ended(outcome: Outcome) -> State:
    """The final state of a task with this outcome."""
    return State(LifeCycleState.TERMINATED, outcome.result, outcome.message)


def task_values(state: State, **values: Any) -> dict[str, Any]:
    """The columns of a task in this state."""
    return {**_state_values(state), **values}


def _next_ids(connection: Connection, name: str, count: int) -> int:
    """The first of ``count`` new ids. A counter, because an id that was once used must never come back."""
    taken = connection.execute(
        update(job_counters).where(job_counters.c.name == name).values(value=job_counters.c.value + count)
    )
    if not taken.rowcount:
        connection.execute(insert(job_counters).values(name=name, value=count))
    last = connection.execute(select(job_counters.c.value).where(job_counters.c.name == name)).scalar_one()
    return last - count + 1


def _open_attempt(attempt: Attempt) -> Any:
    return and_(
        task_attempts.c.task_run_id == attempt.task_run_id,
        task_attempts.c.attempt == attempt.attempt,
        task_attempts.c.ended_at.is_(None),
    )


def _state_values(state: State) -> dict[str, Any]:
    return {
        "life_cycle_state": state.life_cycle.value,
        "result_state": state.result.value if state.result else None,
        "state_message": state.message,
    }


def _state(row: Row[Any]) -> State:
    result = ResultState(row.result_state) if row.result_state else None
    return State(LifeCycleState(row.life_cycle_state), result, row.state_message)


def _job_values(job: Job) -> dict[str, Any]:
    return {
        "name": job.settings.name,
        "settings": json.dumps(job.settings.to_json(), ensure_ascii=False),
        "deployment": json.dumps(job.deployment.to_json(), ensure_ascii=False) if job.deployment else None,
        "run_as": job.run_as,
        "creator": job.creator,
        "created_at": job.created_at,
        "updated_at": job.updated_at,
    }


def _deployment(text: str | None) -> DeploymentRef | None:
    return DeploymentRef.from_json(json.loads(text)) if text else None


def _job(row: Row[Any]) -> Job:
    return Job(
        row.job_id,
        JobSettings.model_validate_json(row.settings),
        row.run_as,
        row.creator,
        row.created_at,
        row.updated_at,
        _deployment(row.deployment),
    )


def _run_values(new: NewRun, run_id: int, number: int, now: int) -> dict[str, Any]:
    job = new.job
    return {
        "run_id": run_id,
        "job_id": job.job_id,
        "number_in_job": number,
        "name": new.name,
        "settings": json.dumps(job.settings.to_json(), ensure_ascii=False),
        "deployment": json.dumps(job.deployment.to_json(), ensure_ascii=False) if job.deployment else None,
        "parameters": json.dumps(dict(new.parameters), ensure_ascii=False),
        "overrides": json.dumps(new.overrides.to_json(), ensure_ascii=False),
        "as_of": new.as_of,
        "run_as": job.run_as,
        "creator": new.creator,
        "trigger_type": "ONE_TIME",
        "run_type": new.run_type,
        "idempotency_token": new.idempotency_token,
        "life_cycle_state": LifeCycleState.QUEUED.value,
        "state_message": "",
        "created_at": now,
    }


def _run(row: Row[Any], tasks: tuple[TaskRun, ...]) -> Run:
    return Run(
        run_id=row.run_id,
        job_id=row.job_id,
        name=row.name,
        settings=JobSettings.model_validate_json(row.settings),
        state=_state(row),
        run_as=row.run_as,
        creator=row.creator,
        created_at=row.created_at,
        number_in_job=row.number_in_job,
        trigger=row.trigger_type,
        run_type=row.run_type,
        started_at=row.started_at,
        ended_at=row.ended_at,
        parameters=json.loads(row.parameters),
        overrides=TaskOverrides(**json.loads(row.overrides)),
        as_of=row.as_of,
        deployment=_deployment(row.deployment),
        cancel_requested_at=row.cancel_requested_at,
        executor_id=row.executor_id,
        tasks=tasks,
    )


_TASK_FIELDS = tuple(name for name in TaskRun.__slots__ if name != "state")


def _task_run(row: Row[Any]) -> TaskRun:
    return TaskRun(state=_state(row), **{name: getattr(row, name) for name in _TASK_FIELDS})


def _attempt_values(attempt: Attempt) -> dict[str, Any]:
    values = {name: getattr(attempt, name) for name in Attempt.__slots__ if name != "result"}
    return {**values, "result_state": attempt.result.value if attempt.result else None}


def _attempt(row: Row[Any]) -> Attempt:
    values = {name: getattr(row, name) for name in Attempt.__slots__ if name != "result"}
    return Attempt(**values, result=ResultState(row.result_state) if row.result_state else None)
