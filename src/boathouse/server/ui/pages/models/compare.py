"""Two versions of a model side by side, differences first and marked."""

import asyncio

from boathouse.foundation.errors import InvalidInput
from boathouse.models.registry import parse_model_name
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import Crumb, frame
from boathouse.server.ui.pages.models.comparing import Line, sides
from boathouse.server.ui.parts.filtering import Field, filters
from boathouse.server.ui.parts.grid import State, grid
from boathouse.server.ui.parts.later import later
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.states import Tone
from boathouse.server.ui.parts.text import note
from boathouse.server.ui.visitor import Visitor

LONGEST = 300


async def compare_page(visitor: Visitor, name: str) -> None:
    """``/ui/models/{name}/compare?one=1&other=2``"""
    parsed = parse_model_name(name)
    model, versions = await visitor.ask(visitor.plane.models.model_with_versions, parsed)
    numbers = [each.version for each in versions]
    one, other = _asked(visitor, "one", numbers, -2), _asked(visitor, "other", numbers, -1)
    trail = (Crumb("Models", addresses.MODELS), Crumb(model.name, addresses.model(model.name)))
    with frame(visitor, f"Versions {one} and {other} of {model.name}", *trail):
        _choice(visitor, numbers, one, other)

        async def fill() -> None:
            facts = visitor.plane.releases.cards.facts
            found = await asyncio.gather(visitor.ask(facts, parsed, one), visitor.ask(facts, parsed, other))
            for title, lines in sides(*found).items():
                _side(title, lines, one, other)

        later(fill)


def _asked(visitor: Visitor, name: str, numbers: list[int], otherwise: int) -> int:
    """A version that the address names; else one of the last two."""
    text = visitor.query.get(name, "")
    if not text:
        ordered = sorted(numbers)
        return ordered[max(otherwise, -len(ordered))] if ordered else 0
    if not text.isdecimal() or int(text) not in numbers:
        known = ", ".join(map(str, sorted(numbers)[-20:])) or "none"
        raise InvalidInput(f"There is no version {text[:40]!r}.", hint=f"There are: {known}.")
    return int(text)


def _choice(visitor: Visitor, numbers: list[int], one: int, other: int) -> None:
    known = {str(each): f"version {each}" for each in numbers}
    fields = (
        Field("one", "One version", known, default=str(one)),
        Field("other", "Other version", known, default=str(other)),
    )
    filters(visitor, *fields, press="Compare")


def _side(title: str, lines: list[Line], one: int, other: int) -> None:
    with card(title):
        if not lines:
            note("Neither says anything of this.")
            return
        differing = sum(line.is_different for line in lines)
        note(f"{differing} of {len(lines)} differ." if differing else f"All {len(lines)} are the same.")
        rows = [
            [
                line.what,
                (line.one or "—")[:LONGEST],
                (line.other or "—")[:LONGEST],
                State(line.change or "differs", Tone.DOUBTFUL) if line.is_different else "same",
            ]
            for line in lines
        ]
        grid(("What", f"Version {one}", f"Version {other}", "Difference"), rows, label=title)
