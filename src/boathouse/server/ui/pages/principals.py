"""Who there is: users, groups and service principals."""

from datetime import UTC, datetime

from nicegui import ui

from boathouse.catalog import METASTORE_NAME, SecurableKind
from boathouse.catalog.repository.identities import Identity
from boathouse.foundation.principals import PrincipalKind
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import frame
from boathouse.server.ui.pages.grants import grants_card
from boathouse.server.ui.parts.asking import Asked, button, choices
from boathouse.server.ui.parts.filtering import Field, filters
from boathouse.server.ui.parts.going import go_to
from boathouse.server.ui.parts.grid import Linked, State, grid
from boathouse.server.ui.parts.layout import card, tabs
from boathouse.server.ui.parts.paging import page_links, page_of
from boathouse.server.ui.parts.text import note
from boathouse.server.ui.visitor import Visitor

PER_PAGE = 50
EVERYBODY, METASTORE = "Everybody", "Metastore"
KINDS = {
    "Users": PrincipalKind.USER,
    "Groups": PrincipalKind.GROUP,
    "Service principals": PrincipalKind.SERVICE_PRINCIPAL,
}


async def principals_page(visitor: Visitor) -> None:
    with frame(visitor, "Principals"):
        tab = tabs(visitor, (EVERYBODY, *KINDS, METASTORE))
        if tab == METASTORE:
            note("What may be done everywhere, and who may make what does not lie in a catalog.")
            await grants_card(visitor, SecurableKind.METASTORE, METASTORE_NAME)
            return
        await _list(visitor, KINDS.get(tab))


async def _list(visitor: Visitor, kind: PrincipalKind | None) -> None:
    page, wanted = page_of(visitor), visitor.query.get("q", "")
    total, found = await visitor.ask(
        visitor.plane.catalog.identities.find, wanted, kind, offset=page * PER_PAGE, limit=PER_PAGE
    )
    with card():
        filters(visitor, Field("q", "Name"), press="Find")
        grid(
            ["Name", "Kind", "Called", "State", "Added", "By"],
            [_row(each) for each in found],
            label="Principals",
            nothing="Nobody is called like that." if wanted else "There is nobody of this kind yet.",
            next_step=None if wanted else "boathouse users create NAME",
            per_page=PER_PAGE,
            search=False,
        )
        page_links(visitor, more=(page + 1) * PER_PAGE < total, total=total, per_page=PER_PAGE)
        if visitor.principal.is_admin:
            with ui.element("div").classes("bh-row bh-end"):
                button("Add a principal", lambda: _add(visitor))


def kind_in_words(kind: PrincipalKind) -> str:
    return kind.value.replace("_", " ")


def _row(identity: Identity) -> list[object]:
    return [
        Linked(identity.name, addresses.principal(identity.name)),
        kind_in_words(identity.kind),
        identity.display_name,
        State("active" if identity.active else "deactivated"),
        datetime.fromtimestamp(identity.created_at / 1000, UTC),
        identity.created_by,
    ]


async def _add(visitor: Visitor) -> None:
    kinds = {kind.value: kind_in_words(kind).capitalize() for kind in PrincipalKind}
    with Asked("Add a principal") as dialog:
        kind = ui.select(kinds, value=PrincipalKind.USER.value, label="Kind").props("outlined dense").classes("bh-wide")
        name = ui.input("Name").props('outlined dense autofocus hint="A user: the e-mail address or login name"')
        called = ui.input("Called (if it differs)").props("outlined dense").classes("bh-wide bh-space")
        name.classes("bh-wide bh-space")

        def send() -> None:
            if given := str(name.value or "").strip():
                dialog.submit((PrincipalKind(str(kind.value)), given, str(called.value or "").strip() or None))

        choices(send, dialog, "Add")
    told: tuple[PrincipalKind, str, str | None] | None = await dialog
    if told is None:
        return
    identities = visitor.plane.catalog.identities
    verbs = {
        PrincipalKind.USER: identities.create_user,
        PrincipalKind.GROUP: identities.create_group,
        PrincipalKind.SERVICE_PRINCIPAL: identities.create_service_principal,
    }
    made = await visitor.ask(verbs[told[0]], told[1], display_name=told[2])
    go_to(addresses.principal(made.name))
