"""Doing again what has failed in a run, and what depends on it; all else stays as it was, its values too."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select, update

from boathouse.foundation.errors import Conflict, InvalidInput, did_you_mean
from boathouse.jobs.again.repair_rows import repairs_of
from boathouse.jobs.definitions import Definitions
from boathouse.jobs.records import DeploymentRef, Repair, Run, State, TaskOverrides, TaskRun
from boathouse.jobs.rows import FINAL, deployment_column, next_ids, state_columns
from boathouse.jobs.schema import job_runs, run_repairs, task_runs
from boathouse.jobs.settings import JobSettings, Task
from boathouse.jobs.states import LifeCycleState, ResultState
from boathouse.metastore import Database

_DONE = frozenset({ResultState.SUCCESS, ResultState.EXCLUDED, ResultState.DISABLED})


@dataclass(frozen=True, slots=True)
class RepairRequest:
    """What shall be done again."""

    rerun_tasks: tuple[str, ...] = ()
    rerun_all_failed_tasks: bool = False
    rerun_dependent_tasks: bool = False
    """Also what comes after those tasks, though it has succeeded."""
    latest_repair_id: int | None = None
    """The repair that the principal has seen; a newer one must not be overwritten."""
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    overrides: TaskOverrides | None = None


@dataclass(frozen=True, slots=True)
class Renewed:
    """The definition that a repair goes on with: that of the job as it is now."""

    settings: JobSettings
    deployment: DeploymentRef | None
    run_as: str
    parameters: Mapping[str, str]
    overrides: TaskOverrides


def require_repairable(run: Run, request: RepairRequest) -> None:
    """Refuse what cannot be repaired, or not like this.

    Raises:
        Conflict: The run has not ended, was skipped, or was repaired by somebody else in the meantime.
        InvalidInput: It is not said what to do again, or said twice.
    """
    if not run.state.life_cycle.is_final:
        raise Conflict(f"The run {run.run_id} is still {run.state.life_cycle}.", hint="Wait for its end, or cancel it.")
    if run.state.life_cycle is LifeCycleState.SKIPPED:
        raise Conflict(f"The run {run.run_id} was skipped; nothing of it has run.", hint="Start a new run.")
    if bool(request.rerun_tasks) == request.rerun_all_failed_tasks:
        raise InvalidInput("Exactly one of rerun_tasks and rerun_all_failed_tasks says what to do again.")
    if run.latest_repair_id != request.latest_repair_id:
        known = f"its latest repair is {run.latest_repair_id}" if run.latest_repair_id else "it has no repair yet"
        given = request.latest_repair_id if request.latest_repair_id is not None else "missing"
        raise Conflict(f"latest_repair_id is {given}, but of run {run.run_id} {known}.", hint="Look at the run again.")


def require_same_tasks(run: Run, settings: JobSettings) -> None:
    """Refuse a definition with other tasks than the run has.

    Raises:
        Conflict: Tasks came or went since the run was asked for.
    """
    now, then = {task.task_key for task in settings.tasks}, {task.task_key for task in run.tasks}
    if now != then:
        changes = [f"{word} {', '.join(sorted(keys))}" for word, keys in (("with", now - then), ("without", then - now))
                   if keys]  # fmt: skip
        raise Conflict(f"The job has changed since run {run.run_id}: it is now {' and '.join(changes)}.",
                       hint="Start a new run.")  # fmt: skip


def tasks_to_repeat(run: Run, tasks: Sequence[Task], request: RepairRequest) -> frozenset[str]:
    """The keys of the tasks that a repair does again.

    Raises:
        InvalidInput: There is no such task, or nothing to repair.
    """
    by_key = {task.task_key: task for task in run.tasks}
    if unknown := [key for key in request.rerun_tasks if key not in by_key]:
        raise InvalidInput(
            f"The run {run.run_id} has no task {', '.join(unknown)}.", hint=did_you_mean(unknown[0], by_key)
        )
    chosen = set(request.rerun_tasks) or {key for key, task in by_key.items() if not _is_done(task)}
    if not chosen:
        raise InvalidInput(f"In run {run.run_id} nothing has failed.", hint="Name the tasks to do again: rerun_tasks.")
    after = _dependents(tasks)
    pending = list(chosen)
    while pending:
        for key in after.get(pending.pop(), ()):
            was = by_key[key].state.result
            if key not in chosen and (request.rerun_dependent_tasks or was is not ResultState.SUCCESS):
                chosen.add(key)
                pending.append(key)
    return frozenset(chosen)


def _is_done(task: TaskRun) -> bool:
    return task.state.result in _DONE


def _dependents(tasks: Sequence[Task]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for task in tasks:
        for needed in task.depends_on:
            found.setdefault(needed.task_key, []).append(task.task_key)
    return found


class RepairRepository:
    """Begins repairs and shows those there were."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._definitions = Definitions()

    def begin(self, run: Run, keys: Collection[str], renewed: Renewed, now: int) -> int:
        """Queue the run again, with a new run of each of the tasks; gives the id of the repair.

        Raises:
            Conflict: Somebody else has repaired it at the same moment.
        """
        with self._database.write() as connection:
            first = next_ids(connection, "repair", 2)
            repair_id, number = first + 1, run.repair_count + 1
            unchanged = (job_runs.c.run_id == run.run_id) & (job_runs.c.repair_count == run.repair_count)
            values = {
                **state_columns(State(LifeCycleState.QUEUED)),
                "repair_count": number,
                "latest_repair_id": repair_id,
                "ended_at": None,
                "cancel_requested_at": None,
                "executor_id": None,
                "definition": self._definitions.keep(connection, renewed.settings),
                "deployment": deployment_column(renewed.deployment),
                "run_as": renewed.run_as,
                "parameters": json.dumps(dict(renewed.parameters), ensure_ascii=False),
                "overrides": json.dumps(renewed.overrides.to_json(), ensure_ascii=False),
            }
            query = update(job_runs).where(unchanged, job_runs.c.life_cycle_state.in_(FINAL)).values(values)
            if not connection.execute(query).rowcount:
                raise Conflict(f"The run {run.run_id} is being repaired already.", hint="Look at the run again.")
            if run.repair_count == 0:
                connection.execute(insert(run_repairs).values(_before_any(run, first)))
            connection.execute(
                insert(run_repairs).values(
                    repair_id=repair_id,
                    run_id=run.run_id,
                    number=number,
                    started_at=now,
                    **state_columns(State(LifeCycleState.RUNNING)),
                )
            )
            self._renew_tasks(connection, [task for task in run.tasks if task.task_key in keys], repair_id, renewed)
            return repair_id

    def of(self, run_id: int) -> Sequence[Repair]:
        with self._database.read() as connection:
            return repairs_of(connection, run_id)

    def began_at(self, run: Run) -> int:
        """When the run, or the repair of it that is under way, began: what its timeout is counted from."""
        if run.latest_repair_id is None:
            return run.started_at or run.created_at
        query = select(run_repairs.c.started_at).where(run_repairs.c.repair_id == run.latest_repair_id)
        with self._database.read() as connection:
            return connection.execute(query).scalar_one()

    def _renew_tasks(self, connection: Connection, tasks: Sequence[TaskRun], repair_id: int, renewed: Renewed) -> None:
        ids = [task.task_run_id for task in tasks]
        connection.execute(update(task_runs).where(task_runs.c.task_run_id.in_(ids)).values(is_latest=False))
        whole = [task.task_key for task in tasks if task.state.result is ResultState.SUCCESS]
        connection.execute(  # a loop that had succeeded is done again with all that is in it
            update(task_runs)
            .where(task_runs.c.run_id == tasks[0].run_id, task_runs.c.for_each.in_(whole))
            .values(is_latest=False)
        )
        first = next_ids(connection, "run", len(tasks))
        rows = [
            {
                **state_columns(State(_first_life(renewed.settings.task(task.task_key)))),
                "task_run_id": first + place,
                "run_id": task.run_id,
                "task_key": task.task_key,
                "position": task.position,
                "attempt": (next_attempt := task.attempt + 1 if task.started_at else task.attempt),
                "first_attempt": next_attempt,
                "setup_ms": 0,
                "execution_ms": 0,
                "repair_id": repair_id,
            }
            for place, task in enumerate(tasks)
        ]
        connection.execute(insert(task_runs), rows)


def _first_life(task: Task) -> LifeCycleState:
    return LifeCycleState.BLOCKED if task.depends_on else LifeCycleState.PENDING


def _before_any(run: Run, repair_id: int) -> dict[str, Any]:
    return {
        "repair_id": repair_id,
        "run_id": run.run_id,
        "number": 0,
        "started_at": run.started_at or run.created_at,
        "ended_at": run.ended_at,
        **state_columns(run.state),
    }
