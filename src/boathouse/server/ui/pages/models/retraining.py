"""How a model is trained again: what asks for it, what holds it back now, and why it was or was not trained lately."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from boathouse.foundation.names import ModelName
from boathouse.monitoring.retraining.loop import LoopShown
from boathouse.monitoring.retraining.nouns import Decision, NoRetraining
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.models.telling import at, moment
from boathouse.server.ui.parts.asking import ask_reason, button, done
from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.grid import Linked, State, grid
from boathouse.server.ui.parts.layout import card, row
from boathouse.server.ui.parts.states import Tone, badge
from boathouse.server.ui.parts.text import code, facts, heading, link, note, words
from boathouse.server.ui.visitor import Visitor

MOST_DECISIONS = 100
COLUMNS = ("Asked as of", "Trigger", "Why", "Decision", "Reason", "What became of it", "Run", "Version")
_TONES = {"started": Tone.GOOD, "declined": Tone.QUIET, "frozen": Tone.DOUBTFUL, "checking": Tone.WORKING}


async def retraining_cards(visitor: Visitor, name: ModelName, refresh: Callable[[], Awaitable[None]]) -> None:
    """The loop as it stands, and what was decided."""
    decisions, may_manage = await asyncio.gather(
        visitor.ask(visitor.plane.retraining.decisions, name, limit=MOST_DECISIONS),
        visitor.may(visitor.plane.governance.requirements.require_manage, name),
    )
    with card("Trained again"):
        try:
            shown = await visitor.ask(visitor.plane.retraining.show, name)
        except NoRetraining:
            empty(
                "Nothing trains this model again by itself.",
                f"boathouse retraining put {name} policy.yml",
            )
        else:
            _loop(shown)
            if may_manage:
                _buttons(visitor, name, shown, refresh)
    with card("Why it was, or was not, trained lately"):
        _decisions(str(name), decisions)


def _loop(shown: LoopShown) -> None:
    known = shown.known
    if known.is_frozen:
        with row():
            badge("frozen")
            words(f"{known.frozen_why} ({known.frozen_by})")
            moment(known.frozen_at)
    facts(
        {
            "Job": lambda: _job(shown.held.policy.job),
            "Under way": f"{shown.under_way.state.value}: {shown.under_way.why}" if shown.under_way else None,
            "Revision": f"{shown.held.revision}, by {shown.held.principal}",
        }
    )
    heading("What may start it", 3)
    memory = known.memory.get("triggers", {})
    rows = [
        [
            trigger_name,
            trigger.kind.value.replace("_", " "),
            memory.get(trigger_name, {}).get("problem") or "no problem",
        ]
        for trigger_name, trigger in shown.held.policy.named()
    ]
    if rows:
        grid(("Trigger", "Kind", "Looking at it"), rows, label="Triggers of the retraining")
    else:
        note("No trigger; somebody asks by hand.")
    heading("What holds it back now", 3)
    for each in shown.brakes:
        with row():
            badge("holds" if each.holds else "free", Tone.DOUBTFUL if each.holds else Tone.GOOD)
            words(each.brake.value.replace("_", " "), "strong")
            words(each.reason)


def _job(named: str) -> None:
    """A job by its id has a page; one that is only named has been told by its name."""
    if named.isdecimal():
        link(f"job {named}", addresses.job(int(named)))
    else:
        words(named)


def _buttons(visitor: Visitor, name: ModelName, shown: LoopShown, refresh: Callable[[], Awaitable[None]]) -> None:
    retraining = visitor.plane.retraining

    async def freeze() -> None:
        reason = await ask_reason(
            f"Freeze the retraining of {name}?",
            what_happens="Nothing is started any more, whatever asks; what runs goes on.",
            yes="Freeze",
        )
        if reason is not None:
            await visitor.ask(retraining.freeze, name, reason)
            done("The retraining is frozen.")
            await refresh()

    async def go_on() -> None:
        reason = await ask_reason(
            f"Let the retraining of {name} go on?",
            what_happens="What came to nothing before counts no more.",
            yes="Let it go on",
        )
        if reason is not None:
            await visitor.ask(retraining.unfreeze, name, reason)
            done("The retraining goes on.")
            await refresh()

    async def ask() -> None:
        reason = await ask_reason(
            f"Ask for a training of {name}?", what_happens="Brakes are heard all the same.", yes="Ask"
        )
        if reason is not None:
            made = await visitor.ask(retraining.decide, name, reason=reason)
            done("; ".join(f"{each.choice.value}: {each.reason}" for each in made) or "Nothing new was decided.")
            await refresh()

    with row():
        if shown.known.is_frozen:
            button("Let it go on", go_on, style="bh-primary")
        else:
            button("Freeze", freeze)
        button("Ask for a training", ask)


def _decisions(model: str, decisions: Sequence[Decision]) -> None:
    if not decisions:
        note("Nothing has been decided yet.")
        with row():
            words("Look at all triggers now:", style="bh-note")
            code(f"boathouse retraining decide {model}")
        return
    grid(COLUMNS, [_row(model, each) for each in decisions], label="Decisions on retraining")


def _row(model: str, decision: Decision) -> list[object]:
    brake = f" ({decision.brake.value.replace('_', ' ')})" if decision.brake else ""
    return [
        at(decision.instant),
        decision.trigger,
        decision.why,
        State(f"{decision.choice.value}{brake}", _TONES.get(decision.choice.value)),
        decision.reason,
        decision.outcome or decision.state.value.replace("_", " "),
        Linked(decision.run_id, addresses.run(decision.run_id)) if decision.run_id else None,
        Linked(decision.version, addresses.model_version(model, decision.version)) if decision.version else None,
    ]
