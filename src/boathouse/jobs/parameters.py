"""A run's parameters: the job's defaults, what the request changes, and what the tasks make of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.jobs import references
from boathouse.jobs.records import Run, TaskRun
from boathouse.jobs.settings import JobSettings, NotebookTask, PythonWheelTask, SparkPythonTask, SqlTask, Task
from boathouse.jobs.validation import kind_of


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


def read_as_of(text: str | None) -> str | None:
    """An instant of the replay clock in its canonical spelling.

    Raises:
        InvalidInput: It is no ISO 8601 instant, or says no time zone.
    """
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"as_of is {text!r}, which is no instant.", hint="Write 2013-07-01T00:00:00Z.") from error
    if instant.tzinfo is None:
        raise InvalidInput(f"as_of is {text!r}, which names no time zone.", hint=f"Write {text}Z for UTC.")
    return instant.isoformat().replace("+00:00", "Z")


def resolved_task(run: Run, task_run: TaskRun) -> Task:
    """The task with this run's overrides and with every reference replaced by its value."""
    task = run.settings.task(task_run.task_key)
    kind = kind_of(task)
    details = _overridden(getattr(task, kind), run)
    data = references.resolve(details.model_dump(mode="json"), _values(run, task_run))
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


def _values(run: Run, task_run: TaskRun) -> dict[str, str]:
    started_at = run.started_at or run.created_at
    start = from_epoch_ms(started_at)
    return {
        "job.id": str(run.job_id),
        "job.name": run.settings.name,
        "job.run_id": str(run.run_id),
        "job.start_time.iso_date": start.date().isoformat(),
        "job.start_time.iso_datetime": start.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "job.start_time.timestamp_ms": str(started_at),
        "job.trigger.type": run.trigger.lower(),
        "task.name": task_run.task_key,
        "task.run_id": str(task_run.task_run_id),
        "task.execution_count": str(task_run.attempt + 1),
        **{f"job.parameters.{name}": value for name, value in run.parameters.items()},
    }
