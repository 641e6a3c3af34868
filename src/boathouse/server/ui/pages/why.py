"""What somebody may do with one thing, and why: the owner, the grant and the memberships it rests on."""

from collections.abc import Sequence

from boathouse.catalog import SecurableKind
from boathouse.catalog.hierarchy import in_words, parse_kind
from boathouse.catalog.reasons_in_words import because
from boathouse.catalog.repository.identities import Identity
from boathouse.foundation.principals import EVERYONE
from boathouse.server.ui import addresses
from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.filtering import Field, filters
from boathouse.server.ui.parts.grid import Linked, State, grid
from boathouse.server.ui.parts.layout import card, row
from boathouse.server.ui.parts.problems import part
from boathouse.server.ui.parts.states import Tone
from boathouse.server.ui.parts.text import link, words
from boathouse.server.ui.visitor import Visitor


async def why(visitor: Visitor, who: Identity) -> None:
    """Choose a thing, and read what somebody may do with it."""
    kinds = {kind.value: in_words(kind) for kind in SecurableKind if kind is not SecurableKind.METASTORE}
    with card(f"What may {who.name} do, and why?"):
        filters(visitor, Field("kind", "Kind", kinds), Field("name", "Name"), press="Explain")
        name = visitor.query.get("name", "").strip()
        if not name:
            empty("Name a thing: prod.flights.weather, the number of a job, the name of an endpoint.")
            return
        await part(lambda: _explained(visitor, who, parse_kind(visitor.query.get("kind", "table")), name))


async def _explained(visitor: Visitor, who: Identity, kind: SecurableKind, name: str) -> None:
    told = await visitor.ask(visitor.plane.catalog.reasons.explain, who.name, kind, name)
    allowed = [each.privilege.in_words for each in told if each.allowed]
    with row():
        may = f"may use {', '.join(allowed)}" if allowed else "may do nothing"
        words(f"{who.name} {may} on {in_words(kind)} {name}.", "p")
        if address := addresses.securable(kind, name):
            link(f"Open the {in_words(kind)}", address)
    grid(
        ["Privilege", "May", "Because"],
        [
            [
                each.privilege.in_words,
                State("yes", Tone.GOOD) if each.allowed else State("no", Tone.QUIET),
                because(each),
            ]
            for each in sorted(told, key=lambda each: not each.allowed)
        ],
        label=f"What {who.name} may do with {in_words(kind)} {name}",
        search=False,
    )


def through(path: Sequence[str]) -> object:
    """The memberships by which something reaches somebody, as a cell."""
    if len(path) == 1:
        return "directly"
    if path[-1] == EVERYONE:
        return "everybody has it"
    return Linked(" → ".join(path[1:]), addresses.principal(path[-1]))
