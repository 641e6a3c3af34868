"""The aliases of a model in time: who moved which, when and why, and whether evidence stood behind it."""

from collections.abc import Sequence

from nicegui import ui

from boathouse.foundation.names import ModelName
from boathouse.models.nouns import AliasMove
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.models.telling import version_link
from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.layout import card, row
from boathouse.server.ui.parts.states import Tone, badge
from boathouse.server.ui.parts.text import link, note, words
from boathouse.server.ui.parts.times import when
from boathouse.server.ui.visitor import Visitor

MOST_MOVES = 50
_TONES = {"promotion": Tone.GOOD, "rollback": Tone.BAD}


async def history_card(visitor: Visitor, name: ModelName) -> None:
    """Every move, newest first; of one alias when the address says so."""
    moves = await visitor.ask(visitor.plane.models.alias_history, name)
    chosen = visitor.query.get("alias", "")
    with card("Aliases in time"):
        if not moves:
            empty("No alias of this model has moved yet.", f"boathouse model aliases {name} --set challenger=VERSION")
            return
        _choice(visitor, sorted({each.alias for each in moves}), chosen)
        found = [each for each in moves if chosen in ("", each.alias)]
        timeline(found[:MOST_MOVES])
        if len(found) > MOST_MOVES:
            note(f"And {len(found) - MOST_MOVES} earlier moves: boathouse model history {name}")


def _choice(visitor: Visitor, aliases: Sequence[str], chosen: str) -> None:
    if len(aliases) < 2:
        return
    with ui.element("nav").classes("bh-row").props('aria-label="Which alias"'):
        for alias in ("", *aliases):
            query = {**visitor.query, "alias": alias or None}
            element = link(alias or "all aliases", addresses.with_query(visitor.path, **query))
            if alias == chosen:
                element.props("aria-current=page")


def timeline(moves: Sequence[AliasMove]) -> None:
    """Moves as a list along a line."""
    with ui.element("ol").classes("bh-timeline"):
        for move in moves:
            with ui.element("li"):
                _move(move)


def _move(move: AliasMove) -> None:
    with row():
        when(move.moved_at)
        words(move.alias, "strong")
        if move.from_version is not None:
            version_link(move.model, move.from_version)
        words("→", style="bh-note").props('aria-label="to"')
        version_link(move.model, move.to_version)
        badge(move.through, _TONES.get(move.through))
        link(move.principal, addresses.principal(move.principal))
    if move.reason:
        words(move.reason, "p")
    if move.decision_id is None and move.through == "boathouse":
        note("Moved by hand; no evidence was asked for.")
