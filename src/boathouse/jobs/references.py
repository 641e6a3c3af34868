"""``{{...}}`` in a task's fields: values that are known only when the run, or the task, starts."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.jobs.starting.knowing import KNOWN_OF_TRIGGERS

_REFERENCE = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")
_PART = re.compile(r"`([^`]*)`|([^.`]+)")
_OURS = frozenset({"job", "task", "tasks", "input", "workspace", "backfill"})
INSTANT_PARTS = (
    "iso_date",
    "iso_datetime",
    "iso_weekday",
    "is_weekday",
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "second",
    "timestamp_ms",
)
KNOWN = (
    "job.id",
    "job.name",
    "job.run_id",
    "job.repair_count",
    *(f"job.start_time.{part}" for part in INSTANT_PARTS),
    *(f"job.trigger.time.{part}" for part in INSTANT_PARTS),
    "job.trigger.type",
    "job.trigger.file_arrival.location",
    *KNOWN_OF_TRIGGERS,
    "backfill.iso_date",
    "backfill.iso_datetime",
    "task.name",
    "task.run_id",
    "task.execution_count",
    "task.notebook_path",
    "workspace.id",
    "workspace.url",
)
"""What can be referred to, besides ``job.parameters.<name>``, ``tasks.<key>.<fact>`` and ``input``."""
TASK_FACTS = ("result_state", "error_code", "run_id", "execution_count", "notebook_path")
"""Of a task before this one, besides ``values.<name>``."""


class UnknownReference(InvalidInput):
    """A reference to something that a run does not know."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a task can refer to."""

    parameters: Collection[str] = ()
    tasks: Collection[str] = ()
    """Keys of all tasks of the job."""
    is_before: Callable[[str], bool] = field(default=lambda _: True)
    """Whether a task has ended when this one starts."""
    in_loop: bool = False


def parts_of(name: str) -> tuple[str, ...]:
    """``tasks.`my.key`.values.x`` in its parts."""
    return tuple(quoted or plain for quoted, plain in _PART.findall(name))


def names_in(value: Any) -> list[str]:
    """The references in any text within ``value``, those that are not ours left out."""
    found: list[str] = []

    def note(name: str) -> str | None:
        found.append(name)
        return None

    _walk(value, note)
    return found


def check(name: str, scope: Scope) -> None:
    """Refuse a reference that no run can resolve.

    Raises:
        UnknownReference: There is no such value.
    """
    parts = parts_of(name)
    match parts:
        case ("job", "parameters", parameter):
            if parameter not in scope.parameters:
                hint = did_you_mean(parameter, scope.parameters)
                raise UnknownReference(f"{{{{{name}}}}}: the job has no parameter {parameter!r}.", hint=hint)
        case ("tasks", key, *fact):
            _check_task(name, key, fact, scope)
        case ("input", *_):
            if not scope.in_loop:
                raise UnknownReference(f"{{{{{name}}}}} is known only to the task within a for_each_task.")
        case _:
            if ".".join(parts) not in KNOWN:
                raise UnknownReference(f"There is no value {{{{{name}}}}}.", hint=did_you_mean(name, KNOWN))


def resolve(value: Any, answer: Callable[[str], str | None] | Mapping[str, str]) -> Any:
    """``value`` with each reference replaced; texts that are no references of ours stay as they are."""
    return _walk(value, answer.get if isinstance(answer, Mapping) else answer)


def _check_task(name: str, key: str, fact: list[str], scope: Scope) -> None:
    if key not in scope.tasks:
        raise UnknownReference(f"{{{{{name}}}}}: the job has no task {key!r}.", hint=did_you_mean(key, scope.tasks))
    if not scope.is_before(key):
        raise UnknownReference(
            f"{{{{{name}}}}}: the task {key!r} does not come before this one.", hint="Name it in depends_on."
        )
    is_value = len(fact) == 2 and fact[0] == "values"
    if not is_value and (len(fact) != 1 or fact[0] not in TASK_FACTS):
        known = ("values.<name>", *TASK_FACTS)
        said = ".".join(fact)
        hint = did_you_mean(said, TASK_FACTS) or f"There is {', '.join(known)}."
        raise UnknownReference(f"{{{{{name}}}}}: a task has no {said!r}.", hint=hint)


def _walk(value: Any, answer: Callable[[str], str | None]) -> Any:
    if isinstance(value, str):
        if "{{" not in value:
            return value

        def replace(match: re.Match[str]) -> str:
            name = match[1]
            if name.partition(".")[0] not in _OURS:
                return match[0]
            found = answer(name)
            return match[0] if found is None else found

        return _REFERENCE.sub(replace, value)
    if isinstance(value, Mapping):
        return {key: _walk(item, answer) for key, item in cast(Mapping[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_walk(item, answer) for item in cast(list[Any], value)]
    return value
