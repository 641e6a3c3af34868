"""What the tasks of a run leave for the tasks after them: small JSON values by name."""

import json
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from boathouse.foundation.context import TaskContext
from boathouse.foundation.errors import Denied, InvalidInput, NotFound, did_you_mean
from boathouse.jobs.schema import task_runs, task_values
from boathouse.metastore import Database

MAXIMUM_BYTES = 48 * 1024
"""Of one value as JSON, as on Databricks."""
MAXIMUM_VALUES = 250
"""That one task may leave."""
_LONGEST_NAME = 250


class TaskValueNotFound(NotFound):
    """No task of the run has left such a value."""


def value_as_json(name: str, value: Any) -> str:
    """The value as it is kept.

    Raises:
        InvalidInput: The name is empty or too long, or the value is no JSON or too large.
    """
    if not name or len(name) > _LONGEST_NAME:
        raise InvalidInput(f"A task value needs a name of 1 to {_LONGEST_NAME} characters; this one has {len(name)}.")
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        size = len(text.encode())
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"The task value {name!r} cannot be kept as JSON: {error}.") from error
    if size > MAXIMUM_BYTES:
        raise InvalidInput(
            f"The task value {name!r} has {size} bytes of JSON; at most {MAXIMUM_BYTES} can be kept.",
            hint="Write it to a table or a file and pass on its name.",
        )
    return text


class TaskValueRepository:
    """The values of the latest run of each task. Those of one that a repair did not repeat stay."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, context: TaskContext, name: str, value: str) -> None:
        """Keep a value of the task that the context is of.

        Raises:
            Denied: The task is over, or was started anew: what it says no longer counts.
            InvalidInput: It has left too many already.
        """
        mine = (task_values.c.task_run_id == context.task_run_id) & (task_values.c.name == name)
        with self._database.write() as connection:
            _require_current(connection, context)
            if connection.execute(update(task_values).where(mine).values(value=value)).rowcount:
                return
            count = select(func.count()).where(task_values.c.task_run_id == context.task_run_id)
            if connection.execute(count).scalar_one() >= MAXIMUM_VALUES:
                raise InvalidInput(
                    f"The task {context.task_key} has left {MAXIMUM_VALUES} values, which is as many as a task may.",
                    hint="Put what belongs together into one value.",
                )
            connection.execute(insert(task_values).values(task_run_id=context.task_run_id, name=name, value=value))

    def get(self, run_id: int, task_key: str, name: str) -> Any:
        """A value of a task of the run.

        Raises:
            TaskValueNotFound: There is no such task, or it has left no such value (so far).
        """
        query = (
            select(task_runs.c.task_run_id, task_values.c.name, task_values.c.value)
            .outerjoin(task_values, task_values.c.task_run_id == task_runs.c.task_run_id)
            .where(task_runs.c.run_id == run_id, task_runs.c.task_key == task_key)
            .where(task_runs.c.is_latest, task_runs.c.for_each.is_(None))
        )
        with self._database.read() as connection:
            found = connection.execute(query).all()
            if not found:
                keys = _keys(connection, run_id)
                raise TaskValueNotFound(
                    f"The run {run_id} has no task {task_key!r}.", hint=did_you_mean(task_key, keys)
                )
        values = {row.name: row.value for row in found if row.name is not None}
        if name not in values:
            left = f"It has left {', '.join(sorted(values))}." if values else "It has left none."
            hint = did_you_mean(name, values) or left
            raise TaskValueNotFound(f"The task {task_key} of run {run_id} has left no value {name!r}.", hint=hint)
        return json.loads(values[name])

    def of_run(self, run_id: int) -> dict[str, dict[str, str]]:
        """All values of a run's tasks, as JSON, by key of the task and name."""
        query = (
            select(task_runs.c.task_key, task_values.c.name, task_values.c.value)
            .join(task_values, task_values.c.task_run_id == task_runs.c.task_run_id)
            .where(task_runs.c.run_id == run_id, task_runs.c.is_latest, task_runs.c.for_each.is_(None))
        )
        found: dict[str, dict[str, str]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                found.setdefault(row.task_key, {})[row.name] = row.value
        return found


def _require_current(connection: Connection, context: TaskContext) -> None:
    query = select(task_runs.c.attempt, task_runs.c.life_cycle_state, task_runs.c.is_latest)
    row = connection.execute(query.where(task_runs.c.task_run_id == context.task_run_id)).one_or_none()
    if row is None or not row.is_latest or row.attempt != context.attempt or row.life_cycle_state != "RUNNING":
        raise Denied(f"The task {context.task_key} of run {context.run_id} is not running; it can leave no value.")


def _keys(connection: Connection, run_id: int) -> list[str]:
    query = select(task_runs.c.task_key).where(task_runs.c.run_id == run_id, task_runs.c.for_each.is_(None))
    return list(connection.execute(query.distinct()).scalars())
