"""What a run began with, and the repairs it has had."""

from collections.abc import Sequence

from boathouse.foundation.clock import from_epoch_ms
from boathouse.jobs.records import Repair, Run
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.jobs.words import state_words, took, trigger_words
from boathouse.server.ui.parts.grid import State, grid
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.text import code, facts, link, words
from boathouse.server.ui.parts.times import when


def about(run: Run) -> None:
    """Who asked for it, what it ran as, from which deployment, with which parameters."""
    came = run.deployment
    with card("About"):
        facts(
            {
                "Run": lambda: code(run.run_id),
                "Asked for": lambda: when(run.created_at),
                "Waited": took(run.created_at, run.started_at) if run.started_at else None,
                "Started": trigger_words(run.trigger),
                "By": lambda: link(run.creator, addresses.principal(run.creator)),
                "Runs as": lambda: link(run.run_as, addresses.principal(run.run_as)),
                "As of": run.as_of,
                "Part of": (lambda: link(f"run {run.parent_run_id}", addresses.run(run.parent_run_id or 0)))
                if run.parent_run_id
                else None,
                "Bundle": f"{came.bundle}, target {came.target}" if came else None,
                "Git commit": (lambda: code(run.used_commit or (came and came.git_commit)))
                if run.used_commit or (came and came.git_commit)
                else None,
                "Git branch": came.git_branch if came else None,
                "Worker": run.executor_id,
            }
        )
        if run.parameters:
            words("Parameters", "h3")
            defaults = {each.name: each.default for each in run.settings.parameters}
            rows = [[name, value, value != defaults.get(name)] for name, value in run.parameters.items()]
            grid(["Name", "Value", "Changed for this run"], rows, label="Parameters")


def repairs_card(run: Run, repairs: Sequence[Repair]) -> None:
    """The run as it first was, and each repair."""
    if not repairs:
        return
    with card("Repairs"):
        rows = [
            [
                f"Repair {repair.number}" if repair.number else "At first",
                State(*state_words(repair.state if repair.ended_at else run.state)),
                from_epoch_ms(repair.started_at),
                took(repair.started_at, repair.ended_at),
                len(repair.task_run_ids),
            ]
            for repair in repairs
        ]
        grid(["What", "Ended", "Began", "Took", "Tasks"], rows, label="Repairs")
