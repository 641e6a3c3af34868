"""Getting a version again from the same code, data and environment: start it, and what came of it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from boathouse.foundation.names import ModelName
from boathouse.models.reproduction.nouns import Plan, Reproduction, Status
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.models.telling import moment
from boathouse.server.ui.parts.asking import button, confirm, done
from boathouse.server.ui.parts.grid import State, grid
from boathouse.server.ui.parts.layout import card, row
from boathouse.server.ui.parts.states import Tone, badge
from boathouse.server.ui.parts.text import facts, link, note, words
from boathouse.server.ui.visitor import Visitor

LOOK_SECONDS = 3.0
MOST_SHOWN = 10


async def reproduction_cards(
    visitor: Visitor, name: ModelName, version: int, refresh: Callable[[], Awaitable[None]]
) -> bool:
    """What it takes, and the attempts, newest first; gives whether one is under way."""
    reproductions = visitor.plane.reproductions
    plan, made, may = await asyncio.gather(
        visitor.ask(reproductions.plan, str(name), version),
        visitor.ask(reproductions.of_version, str(name), version),
        visitor.may(visitor.plane.governance.requirements.require_manage, name),
    )
    with card("Reproduce this version"):
        _plan(plan)
        is_running = any(each.status is Status.RUNNING for each in made)
        if may and not plan.obstacles and not is_running:
            button("Reproduce", lambda: _begin(visitor, name, version, refresh), style="bh-primary")
        if is_running:
            note("A reproduction is under way; this page looks again by itself.")
    for each in made[:MOST_SHOWN]:
        _shown(each)
    return is_running


def _plan(plan: Plan) -> None:
    if plan.obstacles:
        words("This version cannot be reproduced:", "p")
        for each in plan.obstacles:
            note(each)
        return
    words("Its task is done again with the code, the environment and the tables of then; nothing else changes.", "p")
    recipe = plan.recipe or {}
    facts(
        {
            "Job": recipe.get("job_name"),
            "Task": recipe.get("task_key"),
            "Commit": (recipe.get("deployment") or {}).get("git_commit"),
            "Tables": ", ".join(f"{each.name} at version {each.version}" for each in plan.held) or None,
        }
    )
    for each in plan.limits:
        note(each)


async def _begin(visitor: Visitor, name: ModelName, version: int, refresh: Callable[[], Awaitable[None]]) -> None:
    question = f"Reproduce version {version} of {name}?"
    if await confirm(question, what_happens="A run of its task starts; what it makes is compared and put aside."):
        await visitor.ask(visitor.plane.reproductions.begin, str(name), version)
        done("The reproduction has begun.")
        await refresh()


def _shown(made: Reproduction) -> None:
    with card(f"Reproduction by {made.principal}"):
        with row():
            badge(made.status.value)
            moment(made.started_at)
            if made.job_run_id:
                link(f"run {made.job_run_id}", addresses.run(made.job_run_id))
        if made.message:
            note(made.message)
        if made.aspects:
            grid(("Compared", "Verdict", "How many", "Differences"), list(_aspects(made)), label="What was compared")


def _aspects(made: Reproduction) -> Sequence[Sequence[object]]:
    return [
        [
            each.name,
            State(each.verdict.value, {"equal": Tone.GOOD, "differs": Tone.BAD}.get(each.verdict.value)),
            each.compared,
            "; ".join(f"{one.what}: {one.before} → {one.after}" for one in each.differences[:20]) or each.note,
        ]
        for each in made.aspects
    ]
