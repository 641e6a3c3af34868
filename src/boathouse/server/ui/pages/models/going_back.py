"""The way back: which version it leads to, what happens, and the button for those who may."""

from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui

from boathouse.foundation.names import ModelName
from boathouse.models.rollback.nouns import Rollback, WayBack
from boathouse.models.rollback.rolling_back import LONGEST_SECONDS, Order
from boathouse.monitoring.production.models import ServedAt
from boathouse.server.ui.pages.models.telling import moment, version_link
from boathouse.server.ui.parts.asking import ask_reason, button, done
from boathouse.server.ui.parts.layout import row
from boathouse.server.ui.parts.states import Tone, badge
from boathouse.server.ui.parts.text import code, note, words
from boathouse.server.ui.visitor import Visitor

WITHIN_SECONDS = LONGEST_SECONDS
"""How long the check of a version may take: a cold environment loads slowly, and somebody waits who sees that."""
MOST_EARLIER = 4


async def going_back(
    visitor: Visitor,
    name: ModelName,
    way: WayBack,
    rollbacks: Sequence[Rollback],
    served: Sequence[ServedAt],
    refresh: Callable[[], Awaitable[None]],
    *,
    may_manage: bool,
) -> None:
    """Where a rollback leads to, and how one does it."""
    if not way.earlier:
        note(f"No other version was {way.alias} before this one, so there is nothing to go back to yet.")
        words("Another version can be promoted:", "p")
        code(f"boathouse model promote {name}@VERSION")
        return
    first = way.earlier[0]
    with ui.element("p"):
        words("A rollback lets ")
        words(way.alias, "code")
        words(" point at ")
        version_link(str(name), first)
        words(f" again, the champion before this one. {what_happens(way, served)}")
    if may_manage:
        _buttons(visitor, name, way, served, refresh)
    else:
        note("You may not roll this model back: that takes MANAGE on it. Its owner, or an administrator, does it here.")
    _exercised(rollbacks)
    with row():
        words("From the command line:", style="bh-note")
        code(f'boathouse model rollback {name} --reason "..."')


def _buttons(
    visitor: Visitor,
    name: ModelName,
    way: WayBack,
    served: Sequence[ServedAt],
    refresh: Callable[[], Awaitable[None]],
) -> None:
    async def back(version: int) -> None:
        question = f"Roll {name} back to version {version}?"
        reason = await ask_reason(
            question, what_happens=what_happens(way, served), yes=f"Roll back to version {version}", style="bh-danger"
        )
        if reason is None:
            return
        order = Order(version, reason, WITHIN_SECONDS)
        made = await visitor.ask(visitor.plane.rollbacks.roll_back, name, order)
        done(f"{way.alias} is version {made.to_version} now; that took {made.took_ms / 1000:.1f} s.")
        await refresh()

    async def drill() -> None:
        order = Order(way.earlier[0], None, WITHIN_SECONDS, is_drill=True)
        made = await visitor.ask(visitor.plane.rollbacks.drill, name, order)
        done(f"Nothing was moved. {_outcome(made)}")
        await refresh()

    with row():
        for number, version in enumerate(way.earlier[:MOST_EARLIER]):
            text = f"Roll back to version {version}" if number == 0 else f"or to version {version}"
            button(text, lambda version=version: back(version), style="bh-danger" if number == 0 else "bh-small")
        button("Exercise a rollback", drill)


def what_happens(way: WayBack, served: Sequence[ServedAt]) -> str:
    """What a rollback does, in sentences."""
    following = [each.endpoint for each in served if each.follows == way.alias]
    verb = "follow" if len(following) > 1 else "follows"
    who = f"{' and '.join(following)} {verb}" if following else "no endpoint follows it"
    return (
        "First it is loaded and asked; if it does not answer, nothing moves. "
        f"Then the alias {way.alias} moves, and {who}. "
        f"Version {way.current} stays in the registry, and the reason is kept with the move."
    )


def _exercised(rollbacks: Sequence[Rollback]) -> None:
    drill = next((each for each in rollbacks if each.is_drill), None)
    with row():
        if drill is None:
            badge("never exercised", Tone.DOUBTFUL)
            words("Nobody has exercised a rollback of this model yet.", style="bh-note")
            return
        badge("exercised" if drill.succeeded else "failed", Tone.GOOD if drill.succeeded else Tone.BAD)
        words(_outcome(drill))
        moment(drill.began_at)


def _outcome(drill: Rollback) -> str:
    if drill.succeeded:
        return f"A rollback to version {drill.to_version} would take {drill.took_ms / 1000:.1f} s."
    return f"A rollback would not succeed: {drill.problem}"
