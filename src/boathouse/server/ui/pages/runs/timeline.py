"""When each task of a run began and ended, as bars over the time of the run."""

from collections.abc import Sequence
from typing import Any

from nicegui.element import Element

from boathouse.jobs.records import Run, TaskRun
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.jobs.words import state_words
from boathouse.server.ui.parts.times import in_words


class Timeline(Element, component="timeline.js"):
    """The element in the browser."""

    def __init__(self, run: Run, tasks: Sequence[TaskRun], now: int) -> None:
        super().__init__()
        self.props["label"] = "When each task ran"
        self.show(run, tasks, now)

    def show(self, run: Run, tasks: Sequence[TaskRun], now: int) -> None:
        """The tasks as they are now."""
        self.props["rows"] = timeline_rows(run, tasks, now)
        self.update()


def timeline_rows(run: Run, tasks: Sequence[TaskRun], now: int) -> list[dict[str, Any]]:
    """A bar per task; places are in percent of the run's time, up to now for what is under way."""
    first = min((task.started_at for task in tasks if task.started_at), default=now)
    last = max((task.ended_at or now for task in tasks if task.started_at), default=now)
    span = max(1, last - first)
    return [_row(run, task, first, span, now) for task in tasks]


def _row(run: Run, task: TaskRun, first: int, span: int, now: int) -> dict[str, Any]:
    word, tone = state_words(task.state)
    row = {
        "name": task.place,
        "tone": str(tone),
        "href": addresses.with_query(addresses.run(run.run_id), task=task.place),
    }
    if not task.started_at:
        return row | {"left": 0, "width": None, "text": word, "title": f"{task.place}: {word}"}
    end = task.ended_at or now
    lasted = in_words(end - task.started_at)
    return row | {
        "left": round(100 * (task.started_at - first) / span, 2),
        "width": round(100 * max(0, end - task.started_at) / span, 2),
        "text": lasted,
        "title": f"{task.place}: {word}, {lasted}, {in_words(task.started_at - first)} after the first",
    }
