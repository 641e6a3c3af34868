"""What the references of a task to the tasks before it, and to the server, mean."""

import json
from collections.abc import Iterable, Mapping

from sqlalchemy import select

from boathouse.foundation.errors import NotFound, did_you_mean
from boathouse.jobs.records import Run, TaskRun
from boathouse.jobs.references import names_in, parts_of
from boathouse.jobs.rows import task_run_of
from boathouse.jobs.schema import task_runs, task_values
from boathouse.jobs.states import ResultState, termination_code
from boathouse.metastore import Database


class NoSuchValue(NotFound):
    """A task before this one has left no such value."""


class Upstream:
    """Answers the references of a task when it starts."""

    def __init__(self, database: Database, url: str) -> None:
        self._database = database
        self._always = {"workspace.url": url}

    def answers(self, run: Run, task_run: TaskRun) -> Mapping[str, str]:
        """The answer to each reference to another task, by its name as it is written.

        Raises:
            NoSuchValue: The task has left no value of that name.
        """
        definition = run.definition_of(task_run).model_dump(mode="json", exclude_none=True, exclude_unset=True)
        names = {name for name in names_in(definition) if name.startswith("tasks.")}
        if not names:
            return self._always
        keys = {parts_of(name)[1] for name in names}
        found, values = self._read(run.run_id, keys)
        return {**self._always, **{name: _answer(parts_of(name), run, found, values) for name in names}}

    def _read(self, run_id: int, keys: Iterable[str]) -> tuple[dict[str, TaskRun], dict[str, dict[str, str]]]:
        query = select(task_runs).where(
            task_runs.c.run_id == run_id,
            task_runs.c.task_key.in_(list(keys)),
            task_runs.c.is_latest,
            task_runs.c.for_each.is_(None),
        )
        with self._database.read() as connection:
            found = {row.task_key: task_run_of(row) for row in connection.execute(query)}
            key_of = {task.task_run_id: key for key, task in found.items()}
            values: dict[str, dict[str, str]] = {}
            of_these = task_values.c.task_run_id.in_(list(key_of))
            for row in connection.execute(select(task_values).where(of_these)):
                values.setdefault(key_of[row.task_run_id], {})[row.name] = row.value
        return found, values


def error_code(result: ResultState | None) -> str:
    """The result in the words of ``{{tasks.<key>.error_code}}``: empty when nothing went wrong."""
    code, kind = termination_code(result) if result else ("", "SUCCESS")
    if kind == "SUCCESS":
        return ""
    return "".join(word.capitalize() for word in code.split("_"))


def _answer(
    parts: tuple[str, ...], run: Run, tasks: Mapping[str, TaskRun], values: Mapping[str, dict[str, str]]
) -> str:
    key, fact = parts[1], parts[2]
    task = tasks[key]
    match fact:
        case "values":
            return _value(key, parts[3], values.get(key, {}))
        case "result_state":
            return (task.state.result or task.state.life_cycle).lower()
        case "error_code":
            return error_code(task.state.result)
        case "run_id":
            return str(task.task_run_id)
        case "execution_count":
            return str(task.attempt + 1 if task.started_at else 0)
        case _:
            notebook = run.settings.task(key).notebook_task
            return notebook.notebook_path if notebook else ""


def _value(key: str, name: str, values: Mapping[str, str]) -> str:
    if name not in values:
        left = f"It has left {', '.join(sorted(values))}." if values else "It has left none."
        raise NoSuchValue(f"The task {key} has left no value {name!r}.", hint=did_you_mean(name, values) or left)
    value = json.loads(values[name])
    return value if isinstance(value, str) else values[name]
