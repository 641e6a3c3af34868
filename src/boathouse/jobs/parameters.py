"""A run's parameters: the job's defaults, what the request changes, and what the tasks make of them."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from boathouse.foundation.clock import epoch_ms, from_epoch_ms
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.jobs import references
from boathouse.jobs.records import Run, TaskRun
from boathouse.jobs.settings import (
    ForEachTask,
    JobSettings,
    NotebookTask,
    PythonWheelTask,
    SparkPythonTask,
    SqlTask,
    Task,
)
from boathouse.jobs.starting.knowing import trigger_values
from boathouse.jobs.validation import kind_of

_SATURDAY = 6


class UnknownParameter(InvalidInput):
    """A parameter that the job does not declare."""


def run_parameters(settings: JobSettings, given: Mapping[str, Any] | None) -> dict[str, str]:
    """The value of every parameter of the job in a run.

    Raises:
        UnknownParameter: A value is given for a parameter that the job does not declare.
    """
    values = {each.name: each.default for each in settings.parameters}
    for name, value in (given or {}).items():
        if name not in values:
            hint = did_you_mean(name, values) or (
                f"It has {', '.join(sorted(values))}." if values else "It declares none."
            )
            raise UnknownParameter(f"The job {settings.name!r} has no parameter {name!r}.", hint=hint)
        if not isinstance(value, str | int | float):
            raise InvalidInput(f"The value of the parameter {name!r} is not text: {value!r}.")
        values[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return values


def check_choice(settings: JobSettings, only: Collection[str] | None) -> None:
    """Refuse tasks that the job does not have.

    Raises:
        InvalidInput: There is no such task, or none is chosen.
    """
    if only is None:
        return
    keys = [task.task_key for task in settings.tasks]
    if not only:
        raise InvalidInput("No task is chosen.", hint="Leave only out to run all.")
    if unknown := sorted(set(only) - set(keys)):
        raise InvalidInput(
            f"The job {settings.name!r} has no task {', '.join(unknown)}.", hint=did_you_mean(unknown[0], keys)
        )


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def read_as_of(text: str | None, what: str = "as_of") -> str | None:
    """An instant of the replay clock in its canonical spelling; a day is its midnight in UTC.

    Raises:
        InvalidInput: It is no ISO 8601 instant, or says no time zone.
    """
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(f"{text}T00:00:00Z" if _DAY.fullmatch(text) else text)
        if instant.tzinfo is not None:
            instant.astimezone(UTC)  # which the first and the last days of the calendar have not everywhere
    except (ValueError, OverflowError) as error:
        raise InvalidInput(f"{what} is {text!r}, which is no instant.", hint="Write 2013-07-01T00:00:00Z.") from error
    if instant.tzinfo is None:
        raise InvalidInput(f"{what} is {text!r}, which names no time zone.", hint=f"Write {text}Z for UTC.")
    return instant.isoformat().replace("+00:00", "Z")


def resolved_task(run: Run, task_run: TaskRun) -> Task:
    """The task with this run's overrides and with every reference replaced by its value.

    Raises:
        InvalidInput: An iteration refers to a part of its input that the input does not have.
    """
    task = run.definition_of(task_run)
    kind = kind_of(task)
    details = _overridden(getattr(task, kind), run)
    data = details.model_dump(mode="json", exclude={"task"} if isinstance(details, ForEachTask) else None)
    data = references.resolve(data, _answers(run, task_run, task))
    if isinstance(details, ForEachTask):  # what is within is resolved for each input
        return task.model_copy(update={kind: details.model_copy(update={"inputs": data["inputs"]})})
    return task.model_copy(update={kind: type(details).model_validate(data)})


def _overridden(details: Any, run: Run) -> Any:
    """Overrides win over the task's own values; those over the job's parameters, which key-value tasks receive."""
    change = run.overrides
    match details:
        case NotebookTask():
            values = {**run.parameters, **details.base_parameters, **change.notebook_params}
            return details.model_copy(update={"base_parameters": {**values, **_declared(run)}})
        case SqlTask():
            values = {**run.parameters, **details.parameters, **change.sql_params}
            return details.model_copy(update={"parameters": {**values, **_declared(run)}})
        case PythonWheelTask() if not details.parameters and (details.named_parameters or change.python_named_params):
            values = {**run.parameters, **details.named_parameters, **change.python_named_params}
            return details.model_copy(update={"named_parameters": {**values, **_declared(run)}})
        case PythonWheelTask() | SparkPythonTask() if change.python_params is not None:
            return details.model_copy(update={"parameters": change.python_params})
        case _:
            return details


def _declared(run: Run) -> dict[str, str]:
    """Job parameters win over task parameters of the same name, as on Databricks."""
    return run.parameters


def _answers(run: Run, task_run: TaskRun, task: Task) -> Callable[[str], str | None]:
    values = _values(run, task_run, task)

    def answer(name: str) -> str | None:
        if name in task_run.known:
            return task_run.known[name]
        first, *path = references.parts_of(name)
        if first == "input" and task_run.input is not None:
            return _input_part(json.loads(task_run.input), path, name)
        return values.get(".".join((first, *path)))

    return answer


def _input_part(value: Any, path: list[str], name: str) -> str:
    for key in path:
        if not isinstance(value, dict) or key not in value:
            keys = list(cast(dict[str, Any], value)) if isinstance(value, dict) else []
            hint = did_you_mean(key, keys) or f"The input is {json.dumps(value, ensure_ascii=False)[:200]}."
            raise InvalidInput(f"{{{{{name}}}}}: the input has no {key!r}.", hint=hint)
        value = cast(dict[str, Any], value)[key]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _values(run: Run, task_run: TaskRun, task: Task) -> dict[str, str]:
    trigger_time = run.trigger_info.get("time_ms", run.created_at)
    backfill = _instant_parts("backfill", epoch_ms(datetime.fromisoformat(run.as_of))) if run.as_of else {}
    return {
        "job.id": str(run.job_id),
        "job.name": run.settings.name,
        "job.run_id": str(run.run_id),
        "job.repair_count": str(run.repair_count),
        **_instant_parts("job.start_time", run.started_at or run.created_at),
        **_instant_parts("job.trigger.time", trigger_time),
        "job.trigger.type": run.trigger.lower(),
        "job.trigger.file_arrival.location": str(run.trigger_info.get("location", "")),
        **trigger_values(run.trigger_info),
        **backfill,
        "task.name": task_run.task_key,
        "task.run_id": str(task_run.task_run_id),
        "task.execution_count": str(task_run.attempt + 1),
        "task.notebook_path": task.notebook_task.notebook_path if task.notebook_task else "",
        "workspace.id": "1",
        **{f"job.parameters.{name}": value for name, value in run.parameters.items()},
    }


def _instant_parts(prefix: str, milliseconds: int) -> dict[str, str]:
    """An instant and its parts, in UTC."""
    instant = from_epoch_ms(milliseconds)
    parts = {
        "iso_date": instant.date().isoformat(),
        "iso_datetime": instant.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "iso_weekday": instant.isoweekday(),
        "is_weekday": str(instant.isoweekday() < _SATURDAY).lower(),
        "year": instant.year,
        "month": instant.month,
        "day": instant.day,
        "hour": instant.hour,
        "minute": instant.minute,
        "second": instant.second,
        "timestamp_ms": milliseconds,
    }
    return {f"{prefix}.{name}": str(value) for name, value in parts.items()}
