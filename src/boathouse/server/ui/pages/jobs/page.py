"""One job: its tasks, its runs, what starts it, its definition, and who may do what with it."""

import asyncio
import json
from collections.abc import Sequence

from nicegui import ui

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.clock import from_epoch_ms
from boathouse.jobs.records import Job, Run
from boathouse.jobs.settings import PauseStatus
from boathouse.jobs.starting.showing import next_fire_at
from boathouse.jobs.starting.starters import Starter
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import Crumb, frame
from boathouse.server.ui.pages.grants import grants_card
from boathouse.server.ui.pages.jobs.matrix import Matrix
from boathouse.server.ui.pages.jobs.run_now import ask_to_run
from boathouse.server.ui.pages.jobs.tasks_graph import TasksGraph
from boathouse.server.ui.pages.jobs.words import start_words
from boathouse.server.ui.parts.asking import button, done
from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.grid import grid
from boathouse.server.ui.parts.later import every
from boathouse.server.ui.parts.layout import card, columns, row, tabs
from boathouse.server.ui.parts.states import badge
from boathouse.server.ui.parts.text import code, facts, link, note, preformatted, words
from boathouse.server.ui.parts.times import when
from boathouse.server.ui.visitor import Visitor

RUNS_ACROSS = 25
REFRESH_SECONDS = 2.0


async def job_page(visitor: Visitor, job_id: int) -> None:
    jobs, grants, key = visitor.plane.jobs, visitor.plane.catalog.grants, (SecurableKind.JOB, str(job_id))
    job = await visitor.ask(jobs.get, job_id)
    may_run, may_manage = await asyncio.gather(
        visitor.may(grants.require, Privilege.RUN_JOB, *key), visitor.may(grants.require, Privilege.MANAGE, *key)
    )
    with frame(visitor, job.settings.name, Crumb("Jobs", addresses.JOBS)):
        starter = await asyncio.to_thread(jobs.starting.of, job)
        with row():
            if may_run:
                button("Run now", lambda: ask_to_run(visitor, job), style="bh-primary")
            if may_manage and starter is not None:
                _pause_button(visitor, job, starter)
        shown = tabs(visitor, ["Runs", "Definition", "Permissions"])
        match shown:
            case "Definition":
                _definition(job)
            case "Permissions":
                await grants_card(visitor, *key)
            case _:
                await _runs(visitor, job)
                with columns():
                    _facts(job)
                    _starting(job, starter)


def _pause_button(visitor: Visitor, job: Job, starter: Starter) -> None:
    status = PauseStatus.UNPAUSED if starter.is_paused else PauseStatus.PAUSED

    async def change() -> None:
        await visitor.ask(visitor.plane.jobs.starting.set_pause, job.job_id, status)
        done(
            "Runs start by themselves again." if starter.is_paused else "Nothing starts by itself until it is resumed."
        )
        ui.navigate.reload()

    button("Resume" if starter.is_paused else "Pause", change)


async def _runs(visitor: Visitor, job: Job) -> None:
    """The graph of tasks with the states of the latest run, and the matrix; both follow a run that is under way."""
    views = visitor.plane.jobs.views
    before = int(text) if (text := visitor.query.get("before", "")).isdecimal() else None
    runs = await visitor.ask(views.matrix, job.job_id, limit=RUNS_ACROSS + 1, before=before)
    newest = runs[0] if runs and before is None else None
    with card("Tasks"):
        drawing = TasksGraph(job.settings, newest)
    with card("Runs"):
        if not runs:
            empty("This job has not run yet.", f"boathouse jobs run {job.job_id}")
            return
        matrix = Matrix(runs[:RUNS_ACROSS])
        _older(visitor, runs)
    if newest is None:
        return

    async def refresh() -> None:
        latest = await visitor.ask(views.matrix, job.job_id, limit=RUNS_ACROSS)
        matrix.show(latest)
        drawing.show(latest[0])
        if all(run.state.life_cycle.is_final for run in latest):
            timer.cancel()

    if any(not run.state.life_cycle.is_final for run in runs):
        timer = every(REFRESH_SECONDS, refresh)


def _older(visitor: Visitor, runs: Sequence[Run]) -> None:
    """The way to older runs, and back to the newest."""
    with ui.element("nav").classes("bh-grid-tools").props('aria-label="Pages of runs"'):
        if "before" in visitor.query:
            link("Newest", visitor.path, style="bh-button bh-small")
        if len(runs) > RUNS_ACROSS:
            address = addresses.with_query(visitor.path, before=runs[RUNS_ACROSS - 1].run_id)
            link("Older", address, style="bh-button bh-small")


def _facts(job: Job) -> None:
    settings, came = job.settings, job.deployment
    with card("About"):
        facts(
            {
                "What for": settings.description,
                "Runs as": lambda: link(job.run_as, addresses.principal(job.run_as)),
                "Made by": lambda: link(job.creator, addresses.principal(job.creator)),
                "Made": lambda: when(job.created_at),
                "Changed": lambda: when(job.updated_at),
                "At once": f"{settings.max_concurrent_runs} runs" if settings.max_concurrent_runs != 1 else "one run",
                "Tags": ", ".join(f"{key}: {value}" for key, value in settings.tags.items()) or None,
                "Bundle": f"{came.bundle}, target {came.target}" if came else None,
                "Git commit": (lambda: code(came.git_commit)) if came and came.git_commit else None,
                "Git branch": came.git_branch if came else None,
                "Git state": "with changes that were not committed" if came and came.git_dirty else None,
            }
        )
        if settings.parameters:
            words("Parameters", "h3")
            grid(["Name", "Default"], [[each.name, each.default] for each in settings.parameters], label="Parameters")


def _starting(job: Job, starter: Starter | None) -> None:
    with card("Schedule and triggers"):
        if starter is None:
            note("Nothing starts this job by itself: people, programs and other jobs do.")
            return
        next_start = next_fire_at(starter)
        facts(
            {
                "Starts": start_words(job.settings),
                "State": lambda: badge("paused" if starter.is_paused else "active"),
                "Next start": (lambda: when(next_start)) if next_start else None,
                "Started": f"{starter.fires:,} runs",
                "Last started": (lambda: when(starter.last_fired_at, ago=True)) if starter.last_fired_at else None,
                "Last run": (lambda: link(f"run {starter.last_run_id}", addresses.run(starter.last_run_id or 0)))
                if starter.last_run_id
                else None,
                "Missed": f"{starter.missed:,}" if starter.missed else None,
                "Last missed": (lambda: when(starter.last_missed_at)) if starter.last_missed_at else None,
                "Problem": starter.problem,
                "Problem since": (lambda: when(from_epoch_ms(starter.problem_since or 0)))
                if starter.problem_since
                else None,
            }
        )


def _definition(job: Job) -> None:
    with card("Definition"):
        if job.deployment is not None:
            note(
                f"It comes from the bundle {job.deployment.bundle}; change it there and deploy, or the next deployment"
                " undoes the change."
            )
        preformatted(json.dumps(job.settings.to_json(), indent=2, ensure_ascii=False))
