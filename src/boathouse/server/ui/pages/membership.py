"""Which groups somebody belongs to, and who belongs to a group; administrators change both here."""

from collections.abc import Sequence

from nicegui import ui

from boathouse.catalog.identities import IdentityChange
from boathouse.catalog.repository.identities import Identity
from boathouse.foundation.principals import PrincipalKind
from boathouse.server.ui import addresses
from boathouse.server.ui.parts.asking import Asked, button, choices, confirm, done
from boathouse.server.ui.parts.grid import Linked, State, grid
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.problems import told
from boathouse.server.ui.visitor import Visitor

MOST_PROPOSED = 200


async def groups_card(visitor: Visitor, who: Identity) -> None:
    """The groups that somebody is a direct member of."""
    identities = visitor.plane.catalog.identities
    found = await visitor.ask(lambda _: identities.groups_of(who.name))
    with card("Member of"):

        async def leave(number: int) -> None:
            await _leave(visitor, found[number].name, who.name)

        _people(visitor, found, f"Groups of {who.name}", leave, f"{who.name} is in no group.")
        if visitor.principal.is_admin:
            with ui.element("div").classes("bh-row bh-end"):
                button("Add to a group", lambda: _join(visitor, who, PrincipalKind.GROUP))


async def members_card(visitor: Visitor, group: Identity) -> None:
    """The direct members of a group."""
    identities = visitor.plane.catalog.identities
    found = await visitor.ask(lambda _: identities.members(group.name))
    with card("Members"):

        async def leave(number: int) -> None:
            await _leave(visitor, group.name, found[number].name)

        _people(visitor, found, f"Members of {group.name}", leave, "Nobody is in this group.")
        if visitor.principal.is_admin:
            with ui.element("div").classes("bh-row bh-end"):
                button("Add a member", lambda: _join(visitor, group, None))


def switch(visitor: Visitor, who: Identity) -> None:
    """The button that switches somebody off or on again, for administrators."""
    if not visitor.principal.is_admin or who.name == visitor.principal.name or who.kind is PrincipalKind.GROUP:
        return

    async def turn() -> None:
        deed = "Deactivate" if who.active else "Activate"
        happens = "Its tokens and sessions are refused from now on." if who.active else "Its tokens work again."
        if await confirm(f"{deed} {who.name}?", what_happens=happens, yes=deed):
            change = IdentityChange(active=not who.active)
            await visitor.ask(visitor.plane.catalog.identities.update, who.name, change)
            ui.navigate.reload()

    with ui.element("div").classes("bh-row bh-end"):
        button("Deactivate" if who.active else "Activate", turn, style="bh-danger" if who.active else "")


def _people(visitor: Visitor, found: Sequence[Identity], label: str, leave: object, nothing: str) -> None:
    grid(
        ["Name", "Kind", "State"],
        [
            [
                Linked(each.name, addresses.principal(each.name)),
                each.kind.value.replace("_", " "),
                State("active" if each.active else "deactivated"),
            ]
            for each in found
        ],
        label=label,
        nothing=nothing,
        on_choose=leave if visitor.principal.is_admin else None,  # pyright: ignore[reportArgumentType]
        choose="Remove",
    )


async def _leave(visitor: Visitor, group: str, member: str) -> None:
    with told():
        happens = "What was granted to the group does not reach it through this group any more."
        if await confirm(f"Remove {member} from {group}?", what_happens=happens, yes="Remove", style="bh-danger"):
            await visitor.ask(visitor.plane.catalog.identities.remove_member, group, member)
            ui.navigate.reload()


async def _join(visitor: Visitor, who: Identity, kind: PrincipalKind | None) -> None:
    """Ask for a group that ``who`` shall join, or with no ``kind`` for somebody who shall join ``who``."""
    identities = visitor.plane.catalog.identities
    _, known = await visitor.ask(identities.find, "", kind, limit=MOST_PROPOSED)
    with Asked(f"Add {who.name} to a group" if kind else f"Add a member to {who.name}") as dialog:
        field = ui.input("Group" if kind else "User, group or service principal", autocomplete=[e.name for e in known])
        field.props("outlined dense autofocus").classes("bh-wide")
        choices(lambda: dialog.submit(str(field.value or "").strip()), dialog, "Add")
    name: str | None = await dialog
    if name:
        group, member = (name, who.name) if kind else (who.name, name)
        await visitor.ask(identities.add_member, group, member)
        done(f"{member} is a member of {group}.")
        ui.navigate.reload()
