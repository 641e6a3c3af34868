"""The page of a table or view: a tab for each thing that people want to know of it."""

from dataclasses import dataclass

from boathouse.catalog import Privilege, SecurableKind, Table
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import Principal
from boathouse.server.ui.frame import frame
from boathouse.server.ui.pages.catalog import permissions
from boathouse.server.ui.pages.tables.contract import contract_tab
from boathouse.server.ui.pages.tables.history import history_tab
from boathouse.server.ui.pages.tables.maintenance import maintenance_tab
from boathouse.server.ui.pages.tables.overview import overview_tab
from boathouse.server.ui.pages.tables.profile import profile_tab
from boathouse.server.ui.pages.tables.sample import sample_tab
from boathouse.server.ui.pages.tables.trail import trail_to
from boathouse.server.ui.parts.layout import tabs
from boathouse.server.ui.visitor import Visitor
from boathouse.session.system_tables import is_system

K = SecurableKind


@dataclass(frozen=True, slots=True)
class Shown:
    """A table as it stands before one visitor."""

    table: Table
    name: TableName
    may_read: bool
    may_change: bool
    """Whether its rows and files may be changed."""

    @property
    def full_name(self) -> str:
        return str(self.name)

    @property
    def is_system(self) -> bool:
        return is_system(self.name)

    @property
    def has_log(self) -> bool:
        return self.table.view is None and not self.is_system


async def table_page(visitor: Visitor, name: str) -> None:
    shown = await _shown(visitor, TableName.parse(name))
    with frame(visitor, shown.full_name, *trail_to(shown.full_name)):
        match tabs(visitor, tab_names(shown)):
            case "Sample":
                sample_tab(visitor, shown.name)
            case "Profile":
                profile_tab(visitor, shown.name)
            case "History":
                history_tab(visitor, shown.name)
            case "Lineage":
                from boathouse.server.ui.pages.lineage.card import lineage_card

                lineage_card(visitor, shown.full_name, "table")
            case "Permissions":
                await permissions(visitor, K.TABLE, shown.full_name)
            case "Contract":
                await contract_tab(visitor, shown.name)
            case "Maintenance":
                maintenance_tab(visitor, shown.name, may_change=shown.may_change)
            case _:
                await overview_tab(visitor, shown.table, shown.name, may_change=shown.may_change)


def tab_names(shown: Shown) -> list[str]:
    """The sections that there are for this table and this visitor."""
    if shown.is_system:
        return ["Overview", "Sample"]
    of_log = shown.has_log and shown.may_read
    named = {
        "Overview": True,
        "Sample": shown.may_read,
        "Profile": of_log,
        "History": of_log,
        "Lineage": True,
        "Permissions": True,
        "Contract": shown.has_log,
        "Maintenance": of_log,
    }
    return [name for name, is_there in named.items() if is_there]


async def _shown(visitor: Visitor, name: TableName) -> Shown:
    plane = visitor.plane

    def look(principal: Principal) -> Shown:
        table = plane.catalog.delta_tables.up_to_date(plane.law.table(principal, name))
        allows = plane.catalog.grants.allows
        may_read, may_change = (
            allows(principal, each, K.TABLE, str(name)) for each in (Privilege.SELECT, Privilege.MODIFY)
        )
        return Shown(table, name, may_read, may_change and not is_system(name))

    return await visitor.ask(look)
