"""``{{...}}`` in a task's fields: values that are known only when the run starts."""

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from boathouse.foundation.errors import InvalidInput, did_you_mean

_REFERENCE = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")
_OURS = ("job", "task", "tasks")
KNOWN = (
    "job.id",
    "job.name",
    "job.run_id",
    "job.start_time.iso_date",
    "job.start_time.iso_datetime",
    "job.start_time.timestamp_ms",
    "job.trigger.type",
    "task.name",
    "task.run_id",
    "task.execution_count",
)
"""What can be referred to, besides ``job.parameters.<name>``."""


class UnknownReference(InvalidInput):
    """A reference to something that a run does not know."""


def names_in(value: Any) -> list[str]:
    """The references in any text within ``value``, those that are not ours left out."""
    found: list[str] = []

    def note(name: str) -> str | None:
        found.append(name)
        return None

    _walk(value, note)
    return found


def check(name: str, parameters: Mapping[str, Any]) -> None:
    """Refuse a reference that no run can resolve.

    Raises:
        UnknownReference: There is no such value.
    """
    if name.startswith("job.parameters."):
        parameter = name.removeprefix("job.parameters.")
        if parameter not in parameters:
            raise UnknownReference(
                f"{{{{{name}}}}}: the job has no parameter {parameter!r}.", hint=did_you_mean(parameter, parameters)
            )
    elif name.startswith("tasks."):
        raise UnknownReference(f"{{{{{name}}}}}: values of other tasks are not supported yet.")
    elif name not in KNOWN:
        raise UnknownReference(f"There is no value {{{{{name}}}}}.", hint=did_you_mean(name, KNOWN))


def resolve(value: Any, values: Mapping[str, str]) -> Any:
    """``value`` with each reference replaced; texts that are no references of ours stay as they are."""
    return _walk(value, values.get)


def _walk(value: Any, answer: Callable[[str], str | None]) -> Any:
    if isinstance(value, str):

        def replace(match: re.Match[str]) -> str:
            name = match[1]
            if name.split(".", 1)[0] not in _OURS:
                return match[0]
            found = answer(name)
            return match[0] if found is None else found

        return _REFERENCE.sub(replace, value)
    if isinstance(value, Mapping):
        return {key: _walk(item, answer) for key, item in cast(Mapping[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_walk(item, answer) for item in cast(list[Any], value)]
    return value
