"""The steps that were prepared, how far each is, and the buttons for whoever may go on."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from boathouse.foundation.clock import from_epoch_ms
from boathouse.monitoring.incidents.nouns import Allowed, Step, StepState
from boathouse.monitoring.incidents.service import Story
from boathouse.server.ui import addresses
from boathouse.server.ui.parts.asking import ask_reason, button, confirm, done
from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.going import go_to
from boathouse.server.ui.parts.later import every
from boathouse.server.ui.parts.layout import row
from boathouse.server.ui.parts.states import Tone, badge
from boathouse.server.ui.parts.text import link, note, words
from boathouse.server.ui.parts.times import when
from boathouse.server.ui.visitor import Visitor

LOOK_SECONDS = 1.5
_OVER = frozenset({"SUCCESS", "FAILED", "TIMEDOUT", "CANCELED", "INTERNAL_ERROR", "UPSTREAM_FAILED"})
_TONES = {
    StepState.WAITING: Tone.QUIET,
    StepState.AWAITS_APPROVAL: Tone.WAITING,
    StepState.BEGUN: Tone.WORKING,
    StepState.DONE: Tone.GOOD,
    StepState.FAILED: Tone.BAD,
}


def playbook_section(visitor: Visitor, story: Story, allowed: Allowed) -> None:
    """It looks again by itself while the playbook is under way."""
    place = ui.element("div").props("aria-live=polite")
    with place:
        _shown(visitor, story, allowed)
    if not goes_on(story):
        return

    async def look() -> None:
        incidents, number = visitor.plane.incidents.incidents, story.incident.number
        newer = await visitor.ask(incidents.get, number)
        if _state(newer) == seen[0] and goes_on(newer):
            return
        seen[0] = _state(newer)
        may = await visitor.ask(incidents.allowed, number)
        place.clear()
        with place:
            _shown(visitor, newer, may)
        if not goes_on(newer):
            timer.deactivate()

    seen = [_state(story)]
    timer = every(LOOK_SECONDS, look, immediate=False)


def goes_on(story: Story) -> bool:
    """Whether the playbook's run has not ended, or goes on by itself because somebody has approved a step."""
    if story.incident.run_id is None:
        return False
    is_approved = any(each.state is StepState.AWAITS_APPROVAL and each.is_approved for each in story.steps)
    return story.run_state not in _OVER or is_approved


def _state(story: Story) -> tuple[object, ...]:
    return story.run_state, *((each.state, each.approved_by, each.detail) for each in story.steps)


def _shown(visitor: Visitor, story: Story, allowed: Allowed) -> None:
    found = story.incident
    if not story.steps:
        number = found.number
        empty("No playbook is prepared for it.", f"boathouse incident start {number} --playbook NAME")
        return
    with ui.element("div").classes("bh-row"):
        words(f"Playbook {found.playbook}")
        if found.run_id is not None:
            link(f"run {found.run_id}", addresses.run(found.run_id))
            badge(story.run_state or "unknown")
        else:
            badge("not started", Tone.WAITING)
    with ui.element("ol").classes("bh-playbook").props('aria-label="Steps of the playbook"'):
        for step in story.steps:
            _step(visitor, story, step, allowed)
    _buttons(visitor, story, allowed)


def _step(visitor: Visitor, story: Story, step: Step, allowed: Allowed) -> None:
    with ui.element("li"):
        with ui.element("div").classes("bh-row"):
            words(step.step.text)
            badge(step.state.value, _TONES[step.state])
            if step.position in allowed.approve and story.incident.is_open:
                button(f"Approve step {step.position}", _approving(visitor, story, step), style="bh-small")
        if step.detail:
            note(step.detail)
        if step.approved_by is not None:
            note(f"Approved by {step.approved_by}.")
        elif step.step.approval is not None:
            note(f"Somebody of {' or '.join(step.step.approval.groups)} has to approve it.")
        if step.done_at is not None:
            with ui.element("p").classes("bh-note"):
                when(from_epoch_ms(step.done_at))


def _approving(visitor: Visitor, story: Story, step: Step) -> Callable[[], Awaitable[None]]:
    number = story.incident.number

    async def approve() -> None:
        told_first = f"{step.step.text}. The playbook goes on by itself."
        if reason := await ask_reason(f"Approve step {step.position}?", what_happens=told_first, yes="Approve"):
            await visitor.ask(visitor.plane.incidents.incidents.approve, number, step.position, reason)
            done(f"Step {step.position} is approved.")
            go_to(addresses.incident(str(number)))

    return approve


def _buttons(visitor: Visitor, story: Story, allowed: Allowed) -> None:
    incidents, number = visitor.plane.incidents.incidents, story.incident.number

    async def start() -> None:
        steps = "; ".join(f"{each.position}. {each.step.text}" for each in story.steps)
        question = f"Start the playbook {story.incident.playbook}?"
        if reason := await ask_reason(question, what_happens=f"It does, in this order: {steps}.", yes="Start"):
            await visitor.ask(incidents.note, number, f"Starts the playbook: {reason}")
            await visitor.ask(incidents.start, number)
            go_to(addresses.incident(str(number)))

    async def resume() -> None:
        told_first = "What is done stays done; it begins with the step that failed."
        if await confirm("Let the playbook go on?", what_happens=told_first, yes="Go on"):
            await visitor.ask(incidents.resume, number)
            go_to(addresses.incident(str(number)))

    with row():
        if allowed.start:
            button("Start the playbook", start, style="bh-primary")
        if allowed.resume:
            button("Go on with the playbook", resume, style="bh-primary")
