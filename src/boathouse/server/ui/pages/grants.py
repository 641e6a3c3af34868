"""Who may do what with one thing, and the dialog that changes it: a card for the page of anything governed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from nicegui import ui
from nicegui.element import Element

from boathouse.catalog import Privilege, SecurableKind
from boathouse.catalog.grants import Grant, GrantChange, Ownership
from boathouse.catalog.hierarchy import CONCERNS, GRANTABLE, IN_SCHEMA, NAMED_BY_LEVELS, canonical_name, in_words
from boathouse.foundation.principals import EVERYONE
from boathouse.server.ui import addresses
from boathouse.server.ui.parts.asking import Asked, button, choices, done
from boathouse.server.ui.parts.grid import Linked, grid
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.problems import part, told
from boathouse.server.ui.parts.text import note, words
from boathouse.server.ui.visitor import Visitor

MOST_PROPOSED = 200
"""Names that the browser completes; any other name may be typed."""

_INHERITED = "It holds for everything in it, also for what comes later."
_HINTS = {
    **dict.fromkeys(IN_SCHEMA, "Using it takes USE CATALOG and USE SCHEMA on what it lies in as well."),
    **dict.fromkeys((SecurableKind.METASTORE, SecurableKind.CATALOG, SecurableKind.SCHEMA), _INHERITED),
}


@dataclass(frozen=True, slots=True)
class _Thing:
    """What the card is about."""

    kind: SecurableKind
    name: str

    @property
    def in_words(self) -> str:
        return in_words(self.kind) if self.kind is SecurableKind.METASTORE else f"{in_words(self.kind)} {self.name}"


async def grants_card(visitor: Visitor, kind: SecurableKind, name: str, *, title: str = "Permissions") -> None:
    """Owners and grants of a thing, with where each was given; whoever may manage it changes them here."""
    with card(title):
        place = ui.element("div")
        await part(lambda: _fill(visitor, _Thing(kind, canonical_name(kind, name)), place))


async def _fill(visitor: Visitor, thing: _Thing, place: Element) -> None:
    grants, key = visitor.plane.catalog.grants, (thing.kind, thing.name)
    owners = await visitor.ask(grants.owners, *key)
    held = await visitor.ask(grants.effective, *key)
    manages = await visitor.may(grants.require, Privilege.MANAGE, *key)
    lines = by_grantee([grant for grant in held if grant.privilege in telling(thing.kind)])

    async def change(line: int | None = None) -> None:
        chosen = None if line is None else lines[line - len(owners)]
        with place, told():
            if await _changed(visitor, thing, chosen):
                await _fill(visitor, thing, place)

    here = [number for number, (_, given) in enumerate(lines, len(owners)) if given[0].kind is thing.kind]
    rows = [*(_owner_row(each, thing) for each in owners), *(_grants_row(*line, thing) for line in lines)]
    place.clear()
    with place:
        grid(
            ["Who", "May", "Given on"],
            rows,
            label=f"Who may do what with {thing.in_words}",
            on_choose=change if manages and here else None,
            choose="Change",
            choosable=here,
        )
        if manages:
            with ui.element("div").classes("bh-row bh-end"):
                button("Grant", change)
        else:
            note("Whoever may manage this sees all grants. You see those that reach you.")


def by_grantee(held: Sequence[Grant]) -> list[tuple[str, list[Grant]]]:
    """What each was given on each thing, as one line: what was given on the thing itself first."""
    nearest = sorted(
        held, key=lambda grant: (grant.kind is SecurableKind.METASTORE, -grant.full_name.count("."), grant.grantee)
    )
    lines = groupby(nearest, key=lambda grant: (grant.kind, grant.full_name, grant.grantee))
    return [(key[2], list(grants)) for key, grants in lines]


def telling(kind: SecurableKind) -> frozenset[Privilege]:
    """The privileges that say something about a thing of this kind, wherever they were given."""
    gates = frozenset({Privilege.USE_CATALOG, Privilege.USE_SCHEMA}) if kind in NAMED_BY_LEVELS else frozenset()
    return GRANTABLE[kind] | gates


def offered(kind: SecurableKind) -> list[Privilege]:
    """What can be granted on a kind: first what concerns it itself, then what is inherited by what lies in it."""
    own = CONCERNS[kind]
    return sorted(GRANTABLE[kind], key=lambda privilege: (privilege not in own, privilege.value))


def _name_field(known: list[str]) -> ui.input:
    field = ui.input("User, group or service principal", autocomplete=known)
    return field.props("outlined dense autofocus").classes("bh-wide")


async def _names(visitor: Visitor) -> list[str]:
    _, found = await visitor.ask(visitor.plane.catalog.identities.find, limit=MOST_PROPOSED)
    return [EVERYONE, *(each.name for each in found)]


def _owner_row(owned: Ownership, thing: _Thing) -> list[object]:
    return [_who(owned.owner, thing), "everything (owner)", _where(owned.kind, owned.full_name, thing)]


def _grants_row(grantee: str, given: Sequence[Grant], thing: _Thing) -> list[object]:
    privileges = ", ".join(grant.privilege.in_words for grant in given)
    return [_who(grantee, thing), privileges, _where(given[0].kind, given[0].full_name, thing)]


def _who(name: str, thing: _Thing) -> object:
    if name == EVERYONE:
        return "everybody"
    return Linked(name, addresses.why(name, thing.kind, thing.name))


def _where(kind: SecurableKind, name: str, thing: _Thing) -> object:
    if kind is thing.kind:
        return f"this {in_words(kind)}"
    if kind is SecurableKind.METASTORE:
        return "the metastore"
    address = addresses.securable(kind, name)
    text = f"{in_words(kind)} {name}"
    return Linked(text, address) if address else text


async def _changed(visitor: Visitor, thing: _Thing, line: tuple[str, Sequence[Grant]] | None) -> bool:
    """Ask what somebody shall hold on the thing, and let it be so; False if the reader changed their mind."""
    wanted = await _asked(visitor, thing, line)
    if wanted is None:
        return False
    await visitor.ask(visitor.plane.catalog.grants.change, thing.kind, thing.name, [wanted])
    done(f"{wanted.grantee}: the grants on {thing.in_words} are changed.")
    return True


async def _asked(visitor: Visitor, thing: _Thing, line: tuple[str, Sequence[Grant]] | None) -> GrantChange | None:
    known = [] if line else await _names(visitor)
    held = {grant.privilege for grant in line[1]} if line else set[Privilege]()
    with Asked(f"{line[0]} on {thing.in_words}" if line else f"Grant on {thing.in_words}") as dialog:
        who = None if line else _name_field(known)
        with ui.element("fieldset").classes("bh-choices"):
            words("May", "legend")
            boxes = {each: ui.checkbox(each.in_words, value=each in held) for each in offered(thing.kind)}
        if hint := _HINTS.get(thing.kind):
            note(hint)

        def send() -> None:
            chosen = {privilege for privilege, box in boxes.items() if box.value}
            name = line[0] if line else str(who.value or "").strip() if who else ""
            if who and not name:
                who.props("error error-message='Say who.'")
            elif chosen == held:
                dialog.close()
            else:
                dialog.submit(GrantChange(name, frozenset(chosen - held), frozenset(held - chosen)))

        choices(send, dialog, "Save" if line else "Grant")
    return await dialog
