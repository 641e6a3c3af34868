"""One user, group or service principal: where it belongs, what it owns, what it may do and why."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby

from boathouse.catalog.hierarchy import in_words
from boathouse.catalog.reasons import MOST_HOLDINGS, Holding
from boathouse.catalog.repository.identities import Identity
from boathouse.catalog.securables import SecurableKind
from boathouse.foundation.principals import ADMINS, EVERYONE, PrincipalKind
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import Crumb, frame
from boathouse.server.ui.pages.membership import groups_card, members_card, switch
from boathouse.server.ui.pages.principals import kind_in_words
from boathouse.server.ui.pages.why import through, why
from boathouse.server.ui.parts.grid import Linked, grid
from boathouse.server.ui.parts.layout import card, columns, tabs
from boathouse.server.ui.parts.problems import part
from boathouse.server.ui.parts.states import badge
from boathouse.server.ui.parts.text import facts, link, note
from boathouse.server.ui.parts.times import when
from boathouse.server.ui.visitor import Visitor

TABS = ("Overview", "Grants", "Owns", "Why")


async def principal_page(visitor: Visitor, name: str) -> None:
    identities = visitor.plane.catalog.identities
    who = await visitor.ask(lambda _: identities.get(name))
    with frame(visitor, who.name, Crumb("Principals", addresses.PRINCIPALS)):
        tab = tabs(visitor, TABS)
        match tab:
            case "Grants":
                await part(lambda: _grants(visitor, who))
            case "Owns":
                await part(lambda: _owned(visitor, who))
            case "Why":
                await part(lambda: why(visitor, who))
            case _:
                await _overview(visitor, who)


async def _overview(visitor: Visitor, who: Identity) -> None:
    with columns():
        with card("About"):
            facts(
                {
                    "Kind": kind_in_words(who.kind),
                    "Called": who.display_name,
                    "State": lambda: badge("active" if who.active else "deactivated"),
                    "Added": lambda: when(who.created_at),
                    "By": who.created_by,
                    "Activity": lambda: link("What it did", addresses.with_query(addresses.AUDIT, principal=who.name)),
                }
            )
            switch(visitor, who)
        await groups_card(visitor, who)
    if who.kind is PrincipalKind.GROUP:
        await members_card(visitor, who)


async def _grants(visitor: Visitor, who: Identity) -> None:
    held = await visitor.ask(visitor.plane.catalog.reasons.holdings, who.name)
    with card():
        if any(ADMINS in each.through for each in held):
            note(f"{who.name} is an administrator and may do everything, whatever was granted.")
        granted = sorted((each for each in held if each.held.privilege is not None), key=_same)
        grid(
            ["On", "May", "Through", "Since", "Granted by"],
            [_line(list(line)) for _, line in groupby(granted, key=_same)],
            label=f"What {who.name} was granted",
            nothing=f"Nothing that you may see was granted to {who.name}.",
            next_step='boathouse sql "GRANT SELECT ON TABLE ... TO ..."',
        )
        _say_when_cut(granted)


async def _owned(visitor: Visitor, who: Identity) -> None:
    held = await visitor.ask(visitor.plane.catalog.reasons.holdings, who.name)
    owned = [each for each in held if each.held.privilege is None]
    with card():
        note("Whoever owns a thing may do everything with it, and with all that lies in it.")
        grid(
            ["Name", "Kind", "Through"],
            [[_thing_name(each), in_words(each.held.kind), through(each.through)] for each in owned],
            label=f"What {who.name} owns",
            nothing=f"{who.name} owns nothing that you may see.",
        )
        _say_when_cut(owned)


def _same(each: Holding) -> tuple[bool | str, ...]:
    return each.through[-1] == EVERYONE, each.held.full_name, each.held.kind, *each.through


def _line(line: Sequence[Holding]) -> list[object]:
    first = line[0]
    at = min(each.held.granted_at or 0 for each in line)
    return [
        _thing(first),
        ", ".join(each.held.privilege.in_words for each in line if each.held.privilege),
        through(first.through),
        datetime.fromtimestamp(at / 1000, UTC) if at else None,
        ", ".join(sorted({each.held.granted_by for each in line if each.held.granted_by})),
    ]


def _thing(each: Holding) -> object:
    kind, name = each.held.kind, each.held.full_name
    shown = in_words(kind) if kind is SecurableKind.METASTORE else f"{in_words(kind)} {each.held.title or name}"
    address = addresses.securable(kind, name)
    return Linked(shown, address) if address else shown


def _thing_name(each: Holding) -> object:
    address = addresses.securable(each.held.kind, each.held.full_name)
    shown = each.held.title or each.held.full_name
    return Linked(shown, address) if address else shown


def _say_when_cut(shown: Sequence[Holding]) -> None:
    if len(shown) >= MOST_HOLDINGS:
        note(f"The first {MOST_HOLDINGS:,} are shown.")
