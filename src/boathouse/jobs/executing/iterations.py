"""The inputs of a for-each task, and its iterations, each a task run of its own."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, func, insert, select, update

from boathouse.jobs.records import State, TaskRun
from boathouse.jobs.rows import next_ids, state_columns, task_run_of
from boathouse.jobs.schema import task_runs
from boathouse.jobs.settings import ForEachTask
from boathouse.jobs.states import LifeCycleState, ResultState
from boathouse.jobs.telling import moments
from boathouse.metastore import Database


class IterationRepository:
    """The rows of iterations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, parent: TaskRun, loop: ForEachTask, inputs: Sequence[Any], now: int) -> None:
        """Keep the iterations of a for-each that starts: all or none.

        When a repair repeats it with the same input at the same place, an iteration that has succeeded stays.
        """
        texts = [json.dumps(value, ensure_ascii=False) for value in inputs]
        of_this = (task_runs.c.run_id == parent.run_id) & (task_runs.c.for_each == parent.task_key)
        with self._database.write() as connection:
            begun = update(task_runs).where(
                task_runs.c.task_run_id == parent.task_run_id, task_runs.c.resolved.is_(None)
            )
            values = {
                **state_columns(State(LifeCycleState.RUNNING)),
                "started_at": func.coalesce(task_runs.c.started_at, now),
                "resolved": json.dumps({"inputs": loop.inputs}, ensure_ascii=False),
            }
            if not connection.execute(begun.values(values)).rowcount:
                return
            moments.attempt_begins(connection, parent.task_run_id, parent.attempt, now)
            before = connection.execute(select(task_runs).where(of_this, task_runs.c.is_latest)).all()
            kept = {
                row.iteration: row
                for row in before
                if row.result_state == ResultState.SUCCESS
                and row.iteration < len(texts)
                and row.input == texts[row.iteration]
            }
            stale = [row.task_run_id for row in before if row.iteration not in kept]
            connection.execute(update(task_runs).where(task_runs.c.task_run_id.in_(stale)).values(is_latest=False))
            numbers = {row.iteration: row.attempt + 1 for row in before if row.started_at}
            rows = [
                _row(parent, loop, number, text, numbers.get(number, 0))
                for number, text in enumerate(texts)
                if number not in kept
            ]
            if rows:
                first = next_ids(connection, "run", len(rows))
                connection.execute(
                    insert(task_runs), [{**row, "task_run_id": first + place} for place, row in enumerate(rows)]
                )

    def of(self, parent: TaskRun) -> list[TaskRun]:
        """The latest iterations, in their order."""
        query = select(task_runs).where(
            task_runs.c.run_id == parent.run_id, task_runs.c.for_each == parent.task_key, task_runs.c.is_latest
        )
        with self._database.read() as connection:
            return [task_run_of(row) for row in connection.execute(query.order_by(task_runs.c.iteration))]

    def stats(self, run_id: int, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
        """How far each for-each of a run is, in the words of the Databricks Jobs API."""
        of_these = and_(task_runs.c.run_id == run_id, task_runs.c.for_each.in_(list(keys)), task_runs.c.is_latest)
        query = (
            select(
                task_runs.c.for_each,
                task_runs.c.life_cycle_state,
                task_runs.c.result_state,
                func.count().label("number"),
            )
            .where(of_these)
            .group_by(task_runs.c.for_each, task_runs.c.life_cycle_state, task_runs.c.result_state)
        )
        errors = (
            select(task_runs.c.for_each, task_runs.c.state_message, func.count().label("number"))
            .where(of_these, task_runs.c.result_state.in_([ResultState.FAILED, ResultState.TIMEDOUT]))
            .group_by(task_runs.c.for_each, task_runs.c.state_message)
            .order_by(func.count().desc())
            .limit(_MOST_MESSAGES)
        )
        with self._database.read() as connection:
            counted = connection.execute(query).all()
            messages = connection.execute(errors).all()
        return {
            key: {
                "task_run_stats": _counts([row for row in counted if row.for_each == key]),
                "error_message_stats": [
                    {"error_message": row.state_message, "count": row.number, "termination_category": "CLIENT_ERROR"}
                    for row in messages
                    if row.for_each == key
                ],
            }
            for key in keys
        }


_MOST_MESSAGES = 20


def _row(parent: TaskRun, loop: ForEachTask, number: int, text: str, first_attempt: int) -> dict[str, Any]:
    return {
        **state_columns(State(LifeCycleState.PENDING)),
        "run_id": parent.run_id,
        "task_key": loop.task.task_key,
        "position": parent.position,
        "attempt": first_attempt,
        "first_attempt": first_attempt,
        "setup_ms": 0,
        "execution_ms": 0,
        "for_each": parent.task_key,
        "iteration": number,
        "input": text,
        "repair_id": parent.repair_id,
    }


def _counts(rows: Sequence[Any]) -> Mapping[str, int]:
    final = {LifeCycleState.TERMINATED, LifeCycleState.SKIPPED, LifeCycleState.INTERNAL_ERROR}
    over = [row for row in rows if row.life_cycle_state in final]
    waiting = (LifeCycleState.PENDING, LifeCycleState.BLOCKED)
    return {
        "total_iterations": sum(row.number for row in rows),
        "scheduled_iterations": sum(row.number for row in rows if row.life_cycle_state not in waiting),
        "active_iterations": sum(
            row.number for row in rows if row.life_cycle_state not in final and row.life_cycle_state not in waiting
        ),
        "completed_iterations": sum(row.number for row in over),
        "succeeded_iterations": sum(row.number for row in over if row.result_state == ResultState.SUCCESS),
        "failed_iterations": sum(row.number for row in over if row.result_state != ResultState.SUCCESS),
    }
