"""Pins: versions of tables that must stay readable, because somebody still answers for them."""

from boathouse.catalog.audit import Audit
from boathouse.catalog.facts import SecurableNotFound
from boathouse.catalog.grants import Grants
from boathouse.catalog.privileges import Privilege
from boathouse.catalog.repository import records, securables
from boathouse.catalog.securables import SecurableKind
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.metastore import Database


class Pins:
    """Keeps versions of tables from vacuum and log clean-up. A holder is a name such as ``model:prod.m.delay/3``."""

    def __init__(self, database: Database, clock: Clock, audit: Audit, grants: Grants) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._grants = grants

    def pin(self, principal: Principal, table_id: str, version: int, holder: str) -> None:
        """Keep a version readable for the holder, as far as the principal may read the table; twice is once."""
        params = {"table_id": table_id, "version": version, "holder": holder}
        with self._audit.verb(principal, "catalog", "pinTableVersion", params=params) as event:
            with self._database.read() as connection:
                table = securables.find_table_by_id(connection, table_id)
            if table is None:
                raise SecurableNotFound(SecurableKind.TABLE, table_id)
            self._grants.require(principal, Privilege.SELECT, SecurableKind.TABLE, table.securable.full_name)
            with self._database.write() as connection:
                now = epoch_ms(self._clock.now())
                records.add_pin(connection, table_id, version, holder, at=now, by=principal.name)
                event.commit_with(connection)

    def release(self, holder: str, *, principal: Principal = SYSTEM) -> None:
        """Give up everything that the holder has pinned. Whoever deletes the holder has been asked for leave there."""
        with self._audit.verb(principal, "catalog", "releasePins", params={"holder": holder}) as event:
            with self._database.write() as connection:
                records.remove_pins(connection, holder)
                event.commit_with(connection)

    def versions(self, table_id: str) -> list[int]:
        """The pinned versions of a table, ascending."""
        with self._database.read() as connection:
            return records.pinned_versions(connection, table_id)
