"""One run: how it stands and why, when each task ran, what it printed, left and wrote; repair and cancel."""

from collections.abc import Sequence

from nicegui import ui

from boathouse.foundation.clock import epoch_ms
from boathouse.jobs.access import SUBMIT_RUN
from boathouse.jobs.records import Run, TaskRun
from boathouse.jobs.run_views import RunView
from boathouse.jobs.states import ResultState
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import Crumb, frame
from boathouse.server.ui.pages.jobs.words import state_words, took, trigger_words
from boathouse.server.ui.pages.runs.about import about, repairs_card
from boathouse.server.ui.pages.runs.again import ask_to_cancel, ask_to_repair
from boathouse.server.ui.pages.runs.lineage import lineage_card
from boathouse.server.ui.pages.runs.task import TaskPanel, task_rows
from boathouse.server.ui.pages.runs.timeline import Timeline
from boathouse.server.ui.parts.asking import button
from boathouse.server.ui.parts.grid import Grid, grid
from boathouse.server.ui.parts.later import every, later
from boathouse.server.ui.parts.layout import card, columns, row
from boathouse.server.ui.parts.paging import page_links, page_of
from boathouse.server.ui.parts.states import badge
from boathouse.server.ui.parts.text import link, note, words
from boathouse.server.ui.parts.times import when
from boathouse.server.ui.visitor import Visitor

TASKS_PER_PAGE = 100
REFRESH_SECONDS = 2.0
TASK_COLUMNS = ["Task", "State", "Attempts", "Started", "Took", "CPU", "Memory", "What it said"]
_BROKEN = (ResultState.FAILED, ResultState.TIMEDOUT)


async def run_page(visitor: Visitor, run_id: int) -> None:
    view = await _look(visitor, run_id)
    run = view.run
    may_act = await visitor.may(visitor.plane.jobs.require_may_act, run.run_id)
    trail = [Crumb("Jobs", addresses.JOBS)]
    if run.run_type != SUBMIT_RUN:
        trail.append(Crumb(run.settings.name, addresses.job(run.job_id)))
    if view.loop is not None:
        trail.append(Crumb(f"Run {run.number_in_job}", addresses.run(run.run_id)))
    title = f"{run.name} · {view.loop.task_key if view.loop else f'run {run.number_in_job}'}"
    with frame(visitor, title, *trail):
        await RunPage(visitor, run_id, view, may_act=may_act).build()


class RunPage:
    """The parts of the page that follow a run while it is under way."""

    def __init__(self, visitor: Visitor, run_id: int, view: RunView, *, may_act: bool) -> None:
        self._visitor = visitor
        self._run_id = run_id
        self._view = view
        self._may_act = may_act
        self._chosen = visitor.query.get("task") or self._asked_for()

    async def build(self) -> None:
        run = self._view.run
        self._head = ui.element("div").classes("bh-head")
        self._show_head()
        if self._view.loop is None:
            with card("Timeline"):
                self._timeline = Timeline(run, self._view.tasks, self._now())
        with card("Iterations" if self._view.loop else "Tasks"):
            rows = task_rows(self._view)
            label = "Tasks of the run"
            self._grid = grid(TASK_COLUMNS, rows, label=label, search=False, per_page=TASKS_PER_PAGE)
            page_links(self._visitor, more=self._view.next_offset is not None, label="tasks")
        self._task_place = ui.element("div")
        self._panel: TaskPanel | None = None
        await self._show_task()
        with columns():
            about(run)
            repairs_card(run, self._view.repairs)
        self._lineage = ui.element("div")
        self._show_lineage()
        if not run.state.life_cycle.is_final:
            self._timer = every(REFRESH_SECONDS, self._refresh)

    async def _refresh(self) -> None:
        """Bring what is there up to date; a run that has ended is loaded once more, with all that it left."""
        self._view = await _look(self._visitor, self._run_id)
        self._show_head()
        if self._view.loop is None:
            self._timeline.show(self._view.run, self._view.tasks, self._now())
        if isinstance(self._grid, Grid):
            self._grid.show(task_rows(self._view))
        await self._show_task()
        if self._view.run.state.life_cycle.is_final:
            self._timer.cancel()
            self._show_lineage()

    def _show_lineage(self) -> None:
        self._lineage.clear()
        with self._lineage:
            later(lambda: lineage_card(self._visitor, self._view.run), "Looking up what it read and wrote …")

    def _show_head(self) -> None:
        run = self._view.run
        self._head.clear()
        with self._head:
            _why(run)
            with row():
                badge(*state_words(run.state))
                if run.started_at:
                    with words("started ", style="bh-note"):
                        when(run.started_at, ago=True)
                if run.ended_at:
                    words(f"took {took(run.started_at or run.created_at, run.ended_at)}", style="bh-note")
                words(f"{trigger_words(run.trigger)} by {run.creator}", style="bh-note")
                self._buttons(run)

    def _buttons(self, run: Run) -> None:
        if not self._may_act:
            return
        if not run.state.life_cycle.is_final:
            button("Cancel", lambda: ask_to_cancel(self._visitor, run), style="bh-danger")
        elif self._view.loop is None and run.started_at:
            tasks = self._view.tasks
            has_failed = run.state.result is not ResultState.SUCCESS
            button(
                "Repair" if has_failed else "Run tasks again",
                lambda: ask_to_repair(self._visitor, run, tasks),
                style="bh-primary" if has_failed else "",
            )

    async def _show_task(self) -> None:
        """The task that the address names, or the one that matters now: what failed, else what runs."""
        task = _named(self._view.tasks, self._chosen) if self._chosen else most_telling(self._view.tasks)
        if task is None:
            if self._chosen and self._panel is None:
                with self._task_place:
                    note(f"The task {self._chosen} is not among those shown.")
            return
        if self._panel is not None and self._panel.is_of(task):
            self._panel.refresh(task)
            return
        self._task_place.clear()
        with self._task_place:
            self._panel = TaskPanel(self._visitor, self._view.run, task)
            await self._panel.build()

    def _asked_for(self) -> str:
        """The task whose own run the address names."""
        return next((task.place for task in self._view.tasks if task.task_run_id == self._run_id), "")

    def _now(self) -> int:
        return epoch_ms(self._visitor.plane.catalog.clock.now())


def most_telling(tasks: Sequence[TaskRun]) -> TaskRun | None:
    """The task to look at first: one that failed, else one that runs, else the one that began last."""
    for task in tasks:
        if task.state.result in _BROKEN:
            return task
    running = [task for task in tasks if task.started_at and not task.state.life_cycle.is_final]
    started = [task for task in tasks if task.started_at]
    return (running or sorted(started, key=lambda task: task.started_at or 0, reverse=True) or [*tasks, None])[0]


def _named(tasks: Sequence[TaskRun], place: str) -> TaskRun | None:
    return next((task for task in tasks if place in (task.place, task.task_key)), None)


def _why(run: Run) -> None:
    """Why it did not succeed, in the words of the run's state."""
    if not run.state.life_cycle.is_final or not run.state.message:
        return
    with ui.element("div").classes("bh-problem").props("role=status"):
        words("Why it did not succeed" if run.state.result not in (ResultState.SUCCESS,) else "Remark", "strong")
        words(run.state.message, "p", style="bh-lines")
        if run.latest_repair_id is None and run.parent_run_id:
            link("The run that asked for it", addresses.run(run.parent_run_id))


async def _look(visitor: Visitor, run_id: int) -> RunView:
    views = visitor.plane.jobs.views
    offset = page_of(visitor) * TASKS_PER_PAGE
    view = await visitor.ask(views.look, run_id, limit=TASKS_PER_PAGE, offset=offset)
    if view.run.repair_count and not offset:
        history = await visitor.ask(views.look, run_id, limit=1, with_history=True)
        return RunView(view.run, view.tasks, view.next_offset, view.loop, view.stats, history.repairs)
    return view
