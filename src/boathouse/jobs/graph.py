"""The task graph: which tasks wait for which."""

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from boathouse.foundation.errors import did_you_mean
from boathouse.foundation.shapes import Problem
from boathouse.jobs.settings import Task


def problems_of_graph(tasks: Sequence[Task]) -> list[Problem]:
    """Keys that are used twice or do not exist, and the first circle, each at its place."""
    problems = [*_repeated_keys(tasks), *_missing_keys(tasks)]
    return problems or _circles(tasks)


def dependencies(tasks: Sequence[Task]) -> Mapping[str, frozenset[str]]:
    """For each task the keys it waits for."""
    return {task.task_key: frozenset(each.task_key for each in task.depends_on) for task in tasks}


class Order:
    """Which task comes before which, directly or not. Found when it is asked for: most tasks refer to no other."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._needed = dependencies(tasks)

    def is_before(self, first: str, then: str) -> bool:
        pending, seen = [then], {then}
        while pending:
            for key in self._needed.get(pending.pop(), ()):
                if key == first:
                    return True
                if key not in seen:
                    seen.add(key)
                    pending.append(key)
        return False


def _repeated_keys(tasks: Sequence[Task]) -> list[Problem]:
    first: dict[str, int] = {}
    problems: list[Problem] = []
    for index, task in enumerate(tasks):
        if task.task_key in first:
            message = f"the task key {task.task_key!r} is already used by tasks[{first[task.task_key]}]."
            problems.append(Problem(("tasks", index, "task_key"), message))
        first.setdefault(task.task_key, index)
    return problems


def _missing_keys(tasks: Sequence[Task]) -> list[Problem]:
    known = {task.task_key for task in tasks}
    problems: list[Problem] = []
    for index, task in enumerate(tasks):
        for place, needed in enumerate(task.depends_on):
            if needed.task_key not in known:
                path = ("tasks", index, "depends_on", place, "task_key")
                message = f"the task {task.task_key!r} depends on {needed.task_key!r}, which this job does not have."
                problems.append(Problem(path, message, did_you_mean(needed.task_key, known - {task.task_key})))
    return problems


def _circles(tasks: Sequence[Task]) -> list[Problem]:
    try:
        TopologicalSorter(dependencies(tasks)).prepare()
    except CycleError as error:
        way = " -> ".join(reversed(error.args[1]))
        return [Problem(("tasks",), f"the tasks depend on each other in a circle: {way}.")]
    return []
