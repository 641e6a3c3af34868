"""The dialogs that cancel a run, or do again what has failed in it."""

from collections.abc import Sequence

from nicegui import ui

from boathouse.jobs.again.repairs import RepairRequest
from boathouse.jobs.records import Run, TaskRun
from boathouse.jobs.states import ResultState
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.jobs.words import state_words
from boathouse.server.ui.parts.asking import Asked, choices, confirm, done
from boathouse.server.ui.parts.going import go_to
from boathouse.server.ui.parts.problems import told
from boathouse.server.ui.parts.text import note
from boathouse.server.ui.visitor import Visitor

_DONE = (ResultState.SUCCESS, ResultState.EXCLUDED, ResultState.DISABLED)


async def ask_to_cancel(visitor: Visitor, run: Run) -> None:
    """Cancel a run, once the reader is sure."""
    what_happens = "Its tasks are stopped. What they have written so far stays."
    sure = await confirm(f"Cancel run {run.number_in_job}?", what_happens=what_happens, yes="Cancel run",
                         style="bh-danger")  # fmt: skip
    if sure:
        await visitor.ask(visitor.plane.jobs.cancel_run, run.run_id)
        done("The run was asked to stop.")


async def ask_to_repair(visitor: Visitor, run: Run, tasks: Sequence[TaskRun]) -> None:
    """Ask which tasks to do again, and begin."""
    with Asked(f"Repair run {run.number_in_job}") as dialog:
        note("Chosen tasks run again with the job as it is now; all others stay as they are, with what they left.")
        boxes = {
            task.task_key: ui.checkbox(f"{task.task_key} ({state_words(task.state)[0]})", value=not _is_done(task))
            for task in tasks
        }
        after = ui.checkbox("Also what comes after them, though it has succeeded")

        async def send() -> None:
            with told():
                chosen = tuple(key for key, box in boxes.items() if box.value)
                request = RepairRequest(
                    rerun_tasks=chosen,
                    rerun_dependent_tasks=bool(after.value),
                    latest_repair_id=run.latest_repair_id,
                )
                dialog.submit(await visitor.ask(visitor.plane.jobs.repairs.begin, run.run_id, request))

        choices(send, dialog, "Repair")
    if await dialog is not None:
        go_to(addresses.run(run.run_id))


def _is_done(task: TaskRun) -> bool:
    return task.state.result in _DONE
