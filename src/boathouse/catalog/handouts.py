"""Handing out the places where data lies, to clients that scan files themselves.

Nobody sees what such a client reads afterwards, so the lineage graph keeps that it could: one edge per principal, task
and thing within a minute, since clients ask several times per statement.
"""

import threading
from collections.abc import Sequence
from datetime import timedelta

from boathouse.catalog.audit import Audit
from boathouse.catalog.facts import SecurableNotFound
from boathouse.catalog.grants import Grants
from boathouse.catalog.hierarchy import ROOT
from boathouse.catalog.lineage import Lineage
from boathouse.catalog.locations import path_of
from boathouse.catalog.privileges import Privilege
from boathouse.catalog.repository import securables as rows
from boathouse.catalog.securables import LineageEdge, LineageNode, NodeKind, Securable, SecurableKind, Table, Volume
from boathouse.catalog.tables import Securables
from boathouse.foundation.clock import Clock
from boathouse.foundation.context import current_request
from boathouse.foundation.errors import Denied
from boathouse.foundation.names import TableName, VolumeName
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database

OPERATION = "LOCATION_GRANTED"
REPEATED_WITHIN = timedelta(minutes=1)
_MOST_REMEMBERED = 10_000

_NODE_KINDS = {SecurableKind.TABLE: NodeKind.TABLE, SecurableKind.VOLUME: NodeKind.VOLUME}


class Handouts:
    """Decides who may have a location, and keeps that they had it."""

    def __init__(
        self, database: Database, clock: Clock, audit: Audit, grants: Grants, securables: Securables, lineage: Lineage
    ) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._grants = grants
        self._securables = securables
        self._lineage = lineage
        self._lock = threading.Lock()
        self._given: dict[tuple[str, int | None, str, bool], float] = {}

    def told(self, principal: Principal, shown: Sequence[Table | Volume]) -> None:
        """Remember that the principal has been shown the locations of these; those without one do not count."""
        self._remember(principal, [each.securable for each in shown if each.storage_location], write=False)

    def table(self, principal: Principal, table_id: str, *, write: bool) -> Table:
        """The table with its location, for reading or for writing.

        Raises:
            NotFound, Denied: The principal may not know of it, or lacks SELECT or MODIFY.
        """
        privilege = Privilege.MODIFY if write else Privilege.SELECT
        params = {"operation": "READ_WRITE" if write else "READ"}
        with self._audit.verb(
            principal, "catalog", "generateTemporaryTableCredential", SecurableKind.TABLE, table_id, params
        ):
            known = self._securables.table_by_id(principal, table_id)
            name = TableName.parse(known.securable.full_name)
            found = self._securables.resolve_table(principal, name, privilege)
            self._remember(principal, [found.securable], write=write)
            return found

    def volume(self, principal: Principal, volume_id: str, *, write: bool) -> Volume:
        """As :meth:`table`, of a volume."""
        privilege = Privilege.WRITE_VOLUME if write else Privilege.READ_VOLUME
        with self._audit.verb(
            principal, "catalog", "generateTemporaryVolumeCredential", SecurableKind.VOLUME, volume_id
        ):
            with self._database.read() as connection:
                known = rows.find_by_id(connection, volume_id)
            name = known.full_name if known and known.kind is SecurableKind.VOLUME else None
            if name is None or not self._grants.visible(principal, SecurableKind.VOLUME, [name]):
                raise SecurableNotFound(SecurableKind.VOLUME, volume_id)
            found = self._securables.resolve_volume(principal, VolumeName.parse(name), privilege)
            self._remember(principal, [found.securable], write=write)
            return found

    def path(self, principal: Principal, url: str, *, write: bool) -> None:
        """Leave to use a path: that of the table or volume in which it lies, else that to register external data."""
        with self._audit.verb(principal, "catalog", "generateTemporaryPathCredential", params={"url": url}):
            wanted = path_of(url)
            with self._database.read() as connection:
                places = rows.locations_in_use(connection)
            for kind, full_name, location in places:
                if wanted.is_relative_to(path_of(location)):
                    if not self._grants.visible(principal, kind, [full_name]):
                        raise _refused(principal, url)
                    self._require_data(principal, kind, full_name, write=write)
                    return
            if not self._grants.allows(principal, Privilege.CREATE_EXTERNAL_TABLE, *ROOT):
                raise _refused(principal, url)

    def _require_data(self, principal: Principal, kind: SecurableKind, full_name: str, *, write: bool) -> None:
        reading, writing = _PRIVILEGES[kind]
        self._grants.require(principal, writing if write else reading, kind, full_name)
        with self._database.read() as connection:
            found = rows.find(connection, (kind, full_name))
        self._remember(principal, [found] if found else [], write=write)

    def _remember(self, principal: Principal, things: Sequence[Securable], *, write: bool) -> None:
        fresh = [thing for thing in things if self._is_new(principal, thing, write=write)]
        nodes = [LineageNode(_NODE_KINDS[thing.kind], thing.full_name) for thing in fresh]
        edges = [LineageEdge(None if write else node, node if write else None, OPERATION) for node in nodes]
        self._lineage.record(principal, edges)

    def _is_new(self, principal: Principal, thing: Securable, *, write: bool) -> bool:
        task = current_request().task
        key = (principal.name, task.task_run_id if task else None, thing.id, write)
        now = self._clock.now().timestamp()
        with self._lock:
            if now - self._given.get(key, 0.0) < REPEATED_WITHIN.total_seconds():
                return False
            if len(self._given) >= _MOST_REMEMBERED:
                self._given.clear()
            self._given[key] = now
            return True


def _refused(principal: Principal, url: str) -> Denied:
    """The same words whether something lies there that the principal may not know of, or nothing does."""
    return Denied(
        f"{principal} may not use the path {url}.",
        hint="Ask an administrator for CREATE EXTERNAL TABLE on the metastore, or for rights on what lies there.",
    )


_PRIVILEGES = {
    SecurableKind.TABLE: (Privilege.SELECT, Privilege.MODIFY),
    SecurableKind.VOLUME: (Privilege.READ_VOLUME, Privilege.WRITE_VOLUME),
}
