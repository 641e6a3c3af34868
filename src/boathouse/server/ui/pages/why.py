"""What somebody may do with one thing, and why: the owner, the grant and the memberships it rests on."""

from collections.abc import Sequence

from boathouse.catalog import SecurableKind
from boathouse.catalog.hierarchy import in_words, parse_kind
from boathouse.catalog.reasons import Explanation, Need, Reason, Way
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

MOST_REASONS = 3
"""Reasons that are told of one need; one is enough, the others tell what else would have to be revoked."""


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


def because(told: Explanation) -> str:
    """The reasons line by line, or what is missing."""
    if told.missing:
        lacks = (f"{need.privilege.in_words} on {in_words(need.kind)} {need.full_name}" for need in told.missing)
        return f"Missing: {'; '.join(lacks)}."
    return "\n".join(_need(need) for need in told.needs)


def _need(need: Need) -> str:
    shown = [_reason(reason, need) for reason in need.reasons[:MOST_REASONS]]
    more = len(need.reasons) - len(shown)
    also = f" (and {more} more)" if more else ""
    return f"{need.privilege.in_words}: {'; also '.join(shown)}{also}"


def _reason(reason: Reason, need: Need) -> str:
    *way, holder = reason.through
    path = f" ({' → '.join(reason.through)})" if way and holder != EVERYONE else ""
    name = "everybody" if holder == EVERYONE else holder
    place = (
        in_words(reason.kind)
        if reason.kind is SecurableKind.METASTORE
        else f"{in_words(reason.kind)} {reason.full_name}"
    )
    match reason.way:
        case Way.ADMINISTRATOR:
            return f"{reason.through[0]} is an administrator{path}"
        case Way.OWNER:
            return f"{name} owns the {place}{path}"
        case Way.GRANT:
            as_what = "" if reason.privilege is need.privilege else f" as {reason.privilege.in_words}"
            return f"granted to {name} on {place}{as_what}{path}"


def through(path: Sequence[str]) -> object:
    """The memberships by which something reaches somebody, as a cell."""
    if len(path) == 1:
        return "directly"
    if path[-1] == EVERYONE:
        return "everybody has it"
    return Linked(" → ".join(path[1:]), addresses.principal(path[-1]))
