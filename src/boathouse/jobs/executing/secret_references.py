"""``{{secrets/scope/key}}`` in a task's definition: resolved at the very last moment, for the job's principal.

Only what stands in the definition counts. A reference in a value that somebody gives to a run stays text: who may run a
job could otherwise have it fetch any secret of its principal. So the references of the definition are replaced by marks
that nobody can guess, before anything else is resolved; marks go to the disk, values only to the task's process.
"""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.foundation.shapes import Problem
from boathouse.foundation.yaml_source import KeyPath
from boathouse.jobs.records import Run, TaskRun
from boathouse.jobs.settings import JobSettings, Task

ReadSecret = Callable[[str, str], bytes]
"""The value of a secret, by scope and key, as the job's principal."""

RESERVED_PREFIX = "BOATHOUSE_"
_REFERENCE = re.compile(r"\{\{\s*secrets/([^{}/\s]+)/([^{}/\s]+)\s*\}\}")
_ATTEMPTED = re.compile(r"\{\{\s*secrets\b[^{}]*\}\}")


@dataclass(slots=True)
class Marks:
    """What stands for the secrets of one attempt."""

    _nonce: str = field(default_factory=lambda: secrets.token_hex(16))
    _found: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])

    def marked(self, value: Any) -> Any:
        """The same with a mark for each reference."""
        return _walk(value, lambda text: _REFERENCE.sub(self._mark, text))

    def values(self, read: ReadSecret) -> dict[str, str]:
        """The value of each mark.

        Raises:
            NotFound, Denied: The job's principal cannot read one of them; the message says which.
            InvalidInput: One of them is no text, and cannot be a parameter.
        """
        return {mark: _text(scope, key, read(scope, key)) for mark, (scope, key) in self._found.items()}

    def _mark(self, match: re.Match[str]) -> str:
        mark = f"[secret {self._nonce} {match[1]}/{match[2]}]"
        self._found[mark] = (match[1], match[2])
        return mark


def with_marks(run: Run, task_run: TaskRun) -> tuple[Run, Marks]:
    """The run as this task shall see it, with marks for the secrets that the job's definition names."""
    marks = Marks()
    task = run.definition_of(task_run)
    details = {kind: value for kind in Task.model_fields if kind.endswith("_task") and (value := getattr(task, kind))}
    changed = {
        kind: type(value).model_validate(marks.marked(data))
        for kind, value in details.items()
        if _mentions_secrets(data := value.model_dump(mode="json"))
    }
    if changed:
        run = replace(run, settings=_with_task(run, task_run, task.model_copy(update=changed)))
    defaults = {each.name: each.default for each in run.settings.parameters if "{{" in each.default}
    given = {name: marks.marked(text) for name, text in run.parameters.items() if defaults.get(name) == text}
    return replace(run, parameters={**run.parameters, **given}) if given else run, marks


def problems_of_secrets(task: Task, path: KeyPath) -> Iterator[Problem]:
    """What looks like a reference to a secret and is none, and secrets for what has no process to hand them to."""
    for kind in ("condition_task", "for_each_task", "run_job_task"):
        details = getattr(task, kind)
        if details is not None and _mentions_secrets(details.model_dump(mode="json", exclude={"task"})):
            message = f"a {kind} cannot have secrets: what it is given is kept with the run."
            yield Problem((*path, kind), message, "Let the task that needs the secret name it.")
    for text in _texts(task.model_dump(mode="json", exclude={"description"})):
        for attempt in _ATTEMPTED.findall(text):
            if not _REFERENCE.fullmatch(attempt):
                yield Problem(path, f"{attempt} names no secret.", "Write {{secrets/scope/key}}.")


def problems_of_variables(settings: JobSettings) -> Iterator[Problem]:
    """Sets of environment variables that are named twice, come from files, or are not there."""
    known: set[str] = set()
    for index, each in enumerate(settings.environment_variables):
        path = ("environment_variables", index)
        if each.environment_variables_key in known:
            key = each.environment_variables_key
            yield Problem((*path, "environment_variables_key"), f"{key!r} is said for the second time.")
        known.add(each.environment_variables_key)
        if each.spec is not None and each.spec.files:
            yield Problem((*path, "spec", "files"), "files of variables are not supported.", "Write them as variables.")
        for name in each.spec.variables if each.spec else ():
            if name.startswith(RESERVED_PREFIX):
                yield Problem((*path, "spec", "variables", name), f"names with {RESERVED_PREFIX} are Boathouse's own.")
    for index, task in enumerate(settings.tasks):
        for inner in (task, task.for_each_task.task if task.for_each_task else task):
            key = inner.environment_variables_key
            if key is not None and key not in known:
                message = f"the job has no environment variables {key!r}."
                yield Problem(("tasks", index, "environment_variables_key"), message, did_you_mean(key, known))
                break


def _with_task(run: Run, task_run: TaskRun, task: Task) -> JobSettings:
    key = task_run.for_each or task_run.task_key
    tasks = list(run.settings.tasks)
    index = next(index for index, each in enumerate(tasks) if each.task_key == key)
    loop = tasks[index].for_each_task
    if task_run.for_each is not None and loop is not None:
        task = tasks[index].model_copy(update={"for_each_task": loop.model_copy(update={"task": task})})
    tasks[index] = task
    return run.settings.model_copy(update={"tasks": tasks})


def _text(scope: str, key: str, value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise InvalidInput(
            f"The secret {scope}/{key} is not text, so it cannot be given as a parameter or a variable.",
            hint="Read it in the task with dbutils.secrets.getBytes.",
        ) from None


def _mentions_secrets(value: Any) -> bool:
    return any(_REFERENCE.search(text) for text in _texts(value))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in cast(Mapping[str, Any], value).values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in cast(list[Any], value):
            yield from _texts(item)


def _walk(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _walk(item, change) for key, item in cast(Mapping[str, Any], value).items()}
    if isinstance(value, list):
        return [_walk(item, change) for item in cast(list[Any], value)]
    return value
