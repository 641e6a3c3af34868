"""The dialog that starts a run: a field for each parameter of the job."""

from nicegui import ui

from boathouse.jobs.records import Job, Start
from boathouse.server.ui import addresses
from boathouse.server.ui.parts.asking import Asked, choices
from boathouse.server.ui.parts.going import go_to
from boathouse.server.ui.parts.problems import told
from boathouse.server.ui.parts.text import note
from boathouse.server.ui.visitor import Visitor

MOST_TO_CHOOSE_FROM = 100


async def ask_to_run(visitor: Visitor, job: Job) -> None:
    """Ask for the parameters of a run, start it, and go to its page."""
    settings = job.settings
    with Asked(f"Run {settings.name}") as dialog:
        fields = {
            each.name: ui.input(each.name, value=each.default).props("outlined dense").classes("bh-wide")
            for each in settings.parameters
        }
        if not fields:
            note("This job has no parameters.")
        as_of = ui.input("As of (optional)", placeholder="2013-07-01").props("outlined dense").classes("bh-wide")
        as_of.props("hint='The instant that the run takes for now, to replay the past.'")
        keys = [task.task_key for task in settings.tasks]
        only = None
        if 1 < len(keys) <= MOST_TO_CHOOSE_FROM:
            only = ui.select(keys, label="Only these tasks (optional)", multiple=True).classes("bh-wide")
            only.props("outlined dense use-chips")

        async def send() -> None:
            with told():
                run_id = await visitor.ask(
                    visitor.plane.jobs.run_now,
                    job.job_id,
                    parameters={name: field.value or "" for name, field in fields.items()},
                    as_of=(as_of.value or "").strip() or None,
                    start=Start(only=frozenset(only.value) if only is not None and only.value else None),
                )
                dialog.submit(run_id)

        choices(send, dialog, "Run now")
    run_id = await dialog
    if run_id is not None:
        go_to(addresses.run(run_id))
