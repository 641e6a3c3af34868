"""Who may know of a monitor, and who may change it."""

from typing import Any

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.foundation.errors import NotFound
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import Principal
from boathouse.monitoring.monitors import repository as rows
from boathouse.monitoring.monitors.nouns import Monitor

_SERVICE = "monitoring"
_TABLE = SecurableKind.TABLE


class MonitorNotFound(NotFound):
    """The table has no monitor, or the principal may not know of it."""


class MonitorAccess:
    """A monitor is its table's: who may read that may know of it, who may manage that may change it."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._database = catalog.database

    def held(self, principal: Principal, table: TableName, privilege: Privilege) -> Monitor:
        """The monitor of a table.

        Raises:
            MonitorNotFound: It has none.
            Denied, NotFound: The principal has not the privilege on the table, or may not know of it.
        """
        with self._database.read() as connection:
            found = rows.find_monitor(connection, str(table))
        if found is None or (found.table_id is None and not _is_theirs(principal, found)):
            self._catalog.grants.require(principal, Privilege.SELECT, _TABLE, str(table))
            raise MonitorNotFound(f"{table} has no monitor.", hint="List those there are: boathouse monitor list")
        if not _is_theirs(principal, found):
            self._catalog.grants.require(principal, privilege, _TABLE, str(table))
        return found

    def may_see(self, principal: Principal, monitor: Monitor) -> bool:
        if _is_theirs(principal, monitor):
            return True
        try:
            return self._catalog.grants.allows(principal, Privilege.SELECT, _TABLE, monitor.table_name)
        except NotFound:
            return False

    def verb(self, principal: Principal, action: str, table: TableName) -> Any:
        """An audited verb on the monitor of a table."""
        return self._catalog.audit.verb(principal, _SERVICE, action, _TABLE, str(table))


def _is_theirs(principal: Principal, monitor: Monitor) -> bool:
    """Whose it is may see and change it also while its table is not there."""
    return principal.is_admin or principal.name == monitor.owner
