"""What can be wrong with tasks that steer others: conditions, their outcomes, loops."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.shapes import Problem
from boathouse.foundation.yaml_source import KeyPath
from boathouse.jobs.executing.conditions import holds
from boathouse.jobs.executing.loop_inputs import read_inputs
from boathouse.jobs.graph import Order
from boathouse.jobs.references import Scope
from boathouse.jobs.settings import ConditionTask, ForEachTask, JobSettings, Task

_OUTCOMES = ("true", "false")


@dataclass(frozen=True, slots=True)
class Known:
    """What a task can name, gathered once for all tasks of a job."""

    parameters: frozenset[str]
    environments: frozenset[str]
    tasks: Mapping[str, Task]
    order: Order
    loop: str | None = None
    """Key of the for-each around the task."""

    @classmethod
    def of(cls, settings: JobSettings) -> "Known":
        return cls(
            frozenset(each.name for each in settings.parameters),
            frozenset(each.environment_key for each in settings.environments),
            {task.task_key: task for task in settings.tasks},
            Order(settings.tasks),
        )

    def within_loop(self, task: Task) -> "Known":
        return replace(self, loop=task.task_key)

    def scope_of(self, task: Task) -> Scope:
        is_before = partial(self.order.is_before, then=self.loop or task.task_key)
        return Scope(self.parameters, self.tasks.keys(), is_before, in_loop=self.loop is not None)


def problems_of_flow(task: Task, path: KeyPath, known: Known) -> Iterator[Problem]:
    """Outcomes, conditions and loops, each with its place."""
    yield from _outcome_problems(task, path, known)
    if task.condition_task is not None:
        yield from _condition_problems(task.condition_task, (*path, "condition_task"))
    if task.for_each_task is not None:
        yield from _loop_problems(task.for_each_task, (*path, "for_each_task"), known)
    for field in ("max_retries", "retry_on_timeout"):
        if getattr(task, field) and (task.condition_task or task.for_each_task):
            hint = "Set it on the task within." if task.for_each_task else "Remove it."
            yield Problem((*path, field), f"the task {task.task_key!r} itself is never tried again.", hint)
    if known.loop is not None:
        yield from _within_loop_problems(task, path, known)


def _outcome_problems(task: Task, path: KeyPath, known: Known) -> Iterator[Problem]:
    for index, needed in enumerate(task.depends_on):
        if needed.outcome is None:
            continue
        where = (*path, "depends_on", index, "outcome")
        before = known.tasks.get(needed.task_key)
        if before is not None and before.condition_task is None:
            yield Problem(where, f"the task {needed.task_key!r} is no condition_task and has no outcome.", "Remove it.")
        elif needed.outcome not in _OUTCOMES:
            yield Problem(where, f"an outcome is true or false, not {needed.outcome!r}.")


def _condition_problems(condition: ConditionTask, path: KeyPath) -> Iterator[Problem]:
    if "{{" in condition.left or "{{" in condition.right:
        return
    try:
        holds(condition.op, condition.left, condition.right)
    except InvalidInput as error:
        yield Problem(path, error.message, error.hint)


def _loop_problems(loop: ForEachTask, path: KeyPath, known: Known) -> Iterator[Problem]:
    if loop.task.for_each_task is not None:
        yield Problem(
            (*path, "task", "for_each_task"), "a for_each_task cannot be within another.", "Use run_job_task."
        )
    if loop.task.task_key in known.tasks:
        message = f"the task key {loop.task.task_key!r} is already used by another task."
        yield Problem((*path, "task", "task_key"), message)
    if "{{" not in loop.inputs:
        try:
            read_inputs(loop.inputs)
        except InvalidInput as error:
            yield Problem((*path, "inputs"), error.message, error.hint)


def _within_loop_problems(task: Task, path: KeyPath, known: Known) -> Iterator[Problem]:
    for field in ("depends_on", "run_if", "disabled"):
        if getattr(task, field):
            message = f"{field} does not apply within a for_each_task."
            yield Problem((*path, field), message, f"Set it on the task {known.loop!r}.")
