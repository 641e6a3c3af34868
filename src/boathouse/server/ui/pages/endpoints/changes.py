"""Versions on their way to the traffic: the steps, what each rule has found, and what somebody may do about it."""

import time
from collections.abc import Sequence

from nicegui import ui
from nicegui.element import Element

from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.spans import parse_span
from boathouse.server.ui.pages.endpoints.shown import Shown
from boathouse.server.ui.parts.asking import ask_reason, button, confirm, done
from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.grid import State, grid
from boathouse.server.ui.parts.later import every
from boathouse.server.ui.parts.layout import card, figure, row
from boathouse.server.ui.parts.states import Tone, badge
from boathouse.server.ui.parts.text import heading, note, words
from boathouse.server.ui.parts.times import in_words
from boathouse.server.ui.visitor import Visitor
from boathouse.serving.rollout.nouns import Finding, Rollout, RolloutState, Ruling, Step

Told = tuple[Rollout, list[Step]]
LOOK_SECONDS = 3.0
_RULINGS = {Ruling.FINE: Tone.GOOD, Ruling.WAIT: Tone.WAITING, Ruling.ABORT: Tone.BAD}


async def under_way_card(visitor: Visitor, shown: Shown) -> None:
    """A rollout that is under way, as it goes on; nothing where there is none."""
    place = ui.element("div")
    seen: Sequence[Told] | None = None

    async def look() -> None:
        nonlocal seen
        found = await visitor.ask(visitor.plane.serving.changes.rollouts.of, shown.name, limit=5)
        running = [each for each in found if each[0].state is RolloutState.RUNNING]
        if running != seen or running:  # the time that is left goes on
            seen = running
            place.clear()
            with place:
                for each in running:
                    _running(visitor, shown, each)

    await look()
    every(LOOK_SECONDS, look, immediate=False)


async def rollouts_tab(visitor: Visitor, shown: Shown) -> None:
    """All rollouts, newest first, each step with its evidence."""
    found = await visitor.ask(visitor.plane.serving.changes.rollouts.of, shown.name, limit=20)
    if not found:
        empty(
            "This endpoint has had no rollout.",
            "A policy with canary lets the next version come by steps: boathouse endpoint policy NAME --put FILE",
        )
        return
    for place, each in enumerate(found):
        _rollout(visitor, shown, each, is_newest=place == 0)


def _rollout(visitor: Visitor, shown: Shown, told_of: Told, *, is_newest: bool) -> None:
    rollout, steps = told_of
    if rollout.state is RolloutState.RUNNING:
        _running(visitor, shown, told_of)
        return
    with card(_title(rollout)):
        with row():
            badge(rollout.state.value, _tone(rollout))
            words(rollout.why or "")
        _steps(steps)
        if is_newest and rollout.state is RolloutState.ABORTED and shown.may_manage:
            with row():
                button("Try again", lambda: _retry(visitor, shown, rollout))


def _running(visitor: Visitor, shown: Shown, told_of: Told) -> None:
    rollout, steps = told_of
    with card(f"{_title(rollout)}: under way"):
        with row():
            figure(f"{rollout.percent:g} %", "of the traffic has the new version")
            figure(f"{rollout.next_percent:g} %", "comes next")
            figure(bake_left(rollout, round(time.time() * 1000)), "of this step's bake time are left")
        _ladder(rollout)
        if rollout.why:
            note(f"At the last look: {rollout.why}")
        if not rollout.canary.automatic:
            note("The policy lets no step come by itself: somebody takes each.")
        if shown.may_manage:
            with row():
                button(f"Go on to {rollout.next_percent:g} % now", lambda: _advance(visitor, shown, rollout))
                button("Abort", lambda: _abort(visitor, shown, rollout), style="bh-danger")
        _steps(steps)


def _ladder(rollout: Rollout) -> Element:
    """The steps one after another; what has been, what is, what comes."""
    with ui.element("ol").classes("bh-steps") as element:
        for number, percent in enumerate((*rollout.canary.steps, 100.0)):
            step = words(f"{percent:g} %", "li")
            if number < rollout.step:
                step.classes("bh-past")
            elif number == rollout.step:
                step.props("aria-current=step")
    return element


def _steps(steps: Sequence[Step]) -> None:
    rows: list[list[object]] = [
        [from_epoch_ms(each.at), State(each.kind.value), f"{each.from_percent:g} → {each.to_percent:g} %",
         each.principal, each.reason]
        for each in steps
    ]  # fmt: skip
    if rows:
        grid(("When", "What", "Share", "Who", "Why"), rows, label="Steps")
    last = next((each for each in reversed(steps) if each.findings), None)
    if last is not None:
        heading(f"What the rules found before {last.kind.value}", 3)
        findings_grid(last.findings)


def findings_grid(findings: Sequence[Finding]) -> None:
    """A line for each rule: what it found, its number, its threshold."""
    rows: list[list[object]] = [
        [each.rule, State(each.ruling.value, _RULINGS[each.ruling]), each.value, each.threshold, each.rows, each.text]
        for each in findings
    ]
    grid(("Rule", "Ruling", "Value", "Threshold", "Rows", "What it says"), rows, label="Findings")


def bake_left(rollout: Rollout, now_ms: int) -> str:
    """How long the present step still bakes."""
    bake_ms = parse_span(rollout.canary.bake).total_seconds() * 1000
    return in_words(max(0.0, rollout.step_began_at + bake_ms - now_ms))


def _title(rollout: Rollout) -> str:
    return f"{rollout.served.entity}: version {rollout.from_version} → {rollout.to_version}"


def _tone(rollout: Rollout) -> Tone:
    return {RolloutState.DONE: Tone.GOOD, RolloutState.ABORTED: Tone.BAD}.get(rollout.state, Tone.QUIET)


async def _advance(visitor: Visitor, shown: Shown, rollout: Rollout) -> None:
    sure = await confirm(
        f"Give version {rollout.to_version} {rollout.next_percent:g} % of the traffic now?",
        what_happens="The step comes at once, whatever the rules say. It stands in the history under your name.",
        yes=f"Go on to {rollout.next_percent:g} %",
    )
    if sure:
        await visitor.ask(visitor.plane.serving.changes.rollouts.advance, shown.name, entity=rollout.served.entity)
        done(f"Version {rollout.to_version} goes on.")
        ui.navigate.reload()


async def _abort(visitor: Visitor, shown: Shown, rollout: Rollout) -> None:
    reason = await ask_reason(
        f"Abort the rollout of version {rollout.to_version}?",
        what_happens=f"All traffic goes back to version {rollout.from_version} at once.",
        yes="Abort the rollout",
        style="bh-danger",
    )
    if reason:
        rollouts = visitor.plane.serving.changes.rollouts
        await visitor.ask(rollouts.abort, shown.name, reason, entity=rollout.served.entity)
        done(f"Version {rollout.from_version} has the traffic again.")
        ui.navigate.reload()


async def _retry(visitor: Visitor, shown: Shown, rollout: Rollout) -> None:
    if await confirm(
        f"Let version {rollout.to_version} come again?", what_happens="It begins with the first step.", yes="Try again"
    ):
        await visitor.ask(visitor.plane.serving.changes.rollouts.retry, shown.name, entity=rollout.served.entity)
        done(f"Version {rollout.to_version} comes again.")
        ui.navigate.reload()
