"""The graph of a job's tasks, with the states of a run."""

from collections.abc import Sequence

from nicegui import ui

from boathouse.jobs.records import Run, TaskRun
from boathouse.jobs.settings import JobSettings, Task
from boathouse.jobs.validation import kind_of
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.jobs.words import state_words
from boathouse.server.ui.parts.graph import Edge, Node, drawn
from boathouse.server.ui.parts.text import note

MOST_TASKS = 200


class TasksGraph:
    """A drawing that can be brought up to date."""

    def __init__(self, settings: JobSettings, run: Run | None) -> None:
        self._settings = settings
        self._element = ui.html("", sanitize=False).classes("bh-scroll")
        self._element.props["tabindex"] = "0"
        self._element.props["role"] = "region"
        self._element.props["aria-label"] = "Graph of tasks"
        self.show(run)
        if len(settings.tasks) > MOST_TASKS:
            note(f"The first {MOST_TASKS} of {len(settings.tasks):,} tasks are drawn.")

    def show(self, run: Run | None) -> None:
        """The states of a run, or none."""
        nodes, edges = nodes_and_edges(self._settings.tasks[:MOST_TASKS], run)
        self._element.content = drawn(nodes, edges, label="Tasks and what they wait for")


def nodes_and_edges(tasks: Sequence[Task], run: Run | None) -> tuple[list[Node], list[Edge]]:
    """A node for each task and an edge for each dependency."""
    by_key = {task.task_key: task for task in run.tasks} if run else {}
    nodes = [_node(task, run, by_key.get(task.task_key)) for task in tasks]
    edges = [Edge(needed.task_key, task.task_key) for task in tasks for needed in task.depends_on]
    return nodes, edges


def _node(task: Task, run: Run | None, known: TaskRun | None) -> Node:
    kind = kind_of(task).removesuffix("_task").replace("_", " ")
    if run is None or known is None:
        return Node(task.task_key, task.task_key, kind, title=task.description or "")
    word, tone = state_words(known.state)
    address = addresses.with_query(addresses.run(run.run_id), task=task.task_key)
    title = f"{task.task_key}: {word}. {task.description or ''}".strip()
    return Node(task.task_key, task.task_key, f"{kind} · {word}", tone, address, title)
