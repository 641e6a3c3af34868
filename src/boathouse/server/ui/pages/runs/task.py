"""The tasks of a run as rows, and one of them with its attempts, its log and what it left."""

import json
from collections.abc import Sequence

from nicegui import ui

from boathouse.foundation.clock import from_epoch_ms
from boathouse.jobs.records import Attempt, Run, TaskRun
from boathouse.jobs.run_views import RunView
from boathouse.jobs.validation import kind_of
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.jobs.words import result_words, state_words, took
from boathouse.server.ui.pages.runs.log import LogPanel
from boathouse.server.ui.parts.grid import Linked, State, grid
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.text import code, facts, link, note, preformatted, words
from boathouse.server.ui.visitor import Visitor

LONGEST_MESSAGE = 160


def task_rows(view: RunView) -> list[list[object]]:
    """A row per task."""
    return [_row(view, task) for task in view.tasks]


def _row(view: RunView, task: TaskRun) -> list[object]:
    run, is_loop = view.run, view.run.definition_of(task).for_each_task is not None
    address = addresses.run(task.task_run_id)
    if not is_loop:
        base = addresses.run(view.loop.task_run_id if view.loop else run.run_id)
        address = addresses.with_query(base, task=task.place)
    stats = view.stats.get(task.task_key)
    said = _loop_words(stats) if is_loop and stats else task.state.message
    return [
        Linked(task.place, address),
        State(*state_words(task.state)),
        task.attempt + 1 if task.started_at else 0,
        _instant(task.started_at),
        took(task.started_at, task.ended_at),
        f"{task.cpu_seconds:.1f}\N{NO-BREAK SPACE}s" if task.cpu_seconds is not None else None,
        memory(task.peak_memory_bytes),
        said if len(said) <= LONGEST_MESSAGE else f"{said[: LONGEST_MESSAGE - 1]}…",
    ]


def _loop_words(stats: object) -> str:
    return json.dumps(stats) if stats else ""


def _instant(milliseconds: int | None) -> object:
    return from_epoch_ms(milliseconds) if milliseconds else None


def memory(count: int | None) -> str | None:
    """Bytes for people."""
    if count is None:
        return None
    return f"{count / (1 << 30):.1f} GB" if count >= 1 << 30 else f"{count / (1 << 20):.0f} MB"


class TaskPanel:
    """One task of the run: its attempts, its log, its values."""

    def __init__(self, visitor: Visitor, run: Run, task: TaskRun) -> None:
        self._visitor = visitor
        self._run = run
        self._task = task
        wanted = visitor.query.get("attempt", "")
        self._attempt = min(int(wanted), task.attempt) if wanted.isdecimal() else task.attempt
        self._follows_attempts = not wanted.isdecimal()

    def is_of(self, task: TaskRun) -> bool:
        """Whether this shows what is to be shown of that task."""
        same = task.task_run_id == self._task.task_run_id
        return same and (task.attempt == self._attempt or not self._follows_attempts)

    def refresh(self, task: TaskRun) -> None:
        """The same task as it is now."""
        if task.values != self._task.values:
            self._task = task
            self._show_values()

    async def build(self) -> None:
        task, definition = self._task, self._run.definition_of(self._task)
        with card(f"Task {task.place}"):
            facts(
                {
                    "What for": definition.description,
                    "Kind": kind_of(definition).removesuffix("_task").replace("_", " "),
                    "Waits for": ", ".join(needed.task_key for needed in definition.depends_on) or None,
                    "Started the run": (lambda: link(f"run {task.child_run_id}", addresses.run(task.child_run_id or 0)))
                    if task.child_run_id
                    else None,
                    "Input": (lambda: code(task.input)) if task.input is not None else None,
                    "Result": task.result,
                    "Environment": (lambda: code((task.environment_key or "")[:12])) if task.environment_key else None,
                    "Error": (lambda: words(task.error or "", style="bh-lines")) if self._is_news(task.error) else None,
                }
            )
            await self._attempts()
            self._values = ui.element("div")
            self._show_values()
            words("Log", "h3")
            LogPanel(self._visitor, task, self._attempt)

    async def _attempts(self) -> None:
        attempts = await self._visitor.ask(self._visitor.plane.jobs.attempts, self._task.task_run_id)
        if not attempts or (len(attempts) == 1 and not self._is_news(attempts[0].message)):
            return
        words("Attempts", "h3")
        grid(
            ["Attempt", "Ended", "Started", "Took", "Exit code", "Worker", "What it said"],
            self._attempt_rows(attempts),
            label=f"Attempts at {self._task.place}",
        )

    def _is_news(self, message: str | None) -> bool:
        """Whether something was said that does not stand at the top of the page."""
        return bool(message) and message not in self._run.state.message

    def _attempt_rows(self, attempts: Sequence[Attempt]) -> list[list[object]]:
        here = {**self._visitor.query, "task": self._task.place}
        return [
            [
                Linked(each.attempt + 1, addresses.with_query(self._visitor.path, **{**here, "attempt": each.attempt})),
                State(*result_words(each.result)),
                _instant(each.started_at),
                took(each.started_at, each.ended_at),
                each.exit_code,
                each.executor_id,
                each.message[:LONGEST_MESSAGE],
            ]
            for each in attempts
        ]

    def _show_values(self) -> None:
        self._values.clear()
        if not self._task.values:
            return
        with self._values:
            words("Task values", "h3")
            for name, value in self._task.values.items():
                note(name)
                preformatted(json.dumps(value, indent=2, ensure_ascii=False))
