"""Looking at runs, their tasks and their attempts."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select, true

from boathouse.jobs.definitions import Definitions
from boathouse.jobs.records import Attempt, Run, State, TaskRun
from boathouse.jobs.rows import (
    FINAL,
    attempt_of,
    run_of,
    state_of,
    task_run_of,
)
from boathouse.jobs.schema import job_runs, task_attempts, task_runs, task_values
from boathouse.jobs.states import UNDER_WAY, LifeCycleState
from boathouse.metastore import Database


@dataclass(frozen=True, slots=True)
class TaskPage:
    """A part of a run's tasks."""

    limit: int
    offset: int = 0
    for_each: str | None = None
    """Of the iterations of this for-each task, instead of the run's own tasks."""
    with_history: bool = False
    """Also those that a repair has begun anew."""


class RunReading:
    """What the control plane and workers ask."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._definitions = Definitions()

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

    def tasks_of(self, run_ids: Sequence[int], most: int) -> Mapping[int, Sequence[TaskRun]]:
        """The latest runs of the first tasks of several runs, at the cost of one look."""
        query = select(task_runs).where(task_runs.c.run_id.in_(run_ids), task_runs.c.position < most)
        query = query.where(task_runs.c.for_each.is_(None), task_runs.c.is_latest).order_by(task_runs.c.position)
        found: defaultdict[int, list[TaskRun]] = defaultdict(list)
        with self._database.read() as connection:
            for row in connection.execute(query):
                found[row.run_id].append(task_run_of(row))
        return found

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


def _values_of(connection: Connection, task_run_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for row in connection.execute(select(task_values).where(task_values.c.task_run_id.in_(task_run_ids))):
        found.setdefault(row.task_run_id, {})[row.name] = json.loads(row.value)
    return found
