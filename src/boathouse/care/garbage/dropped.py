"""Folders of managed tables and volumes that were dropped, and of tables that were begun and never got their name."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from boathouse.care.garbage.folders import children, destroy, out_of_sight, weigh
from boathouse.care.garbage.nouns import Garbage, Kind
from boathouse.catalog.repository.schema import pins, securables, table_details, volume_details
from boathouse.foundation.home import Home
from boathouse.metastore import Database


class DroppedFolders:
    """What lies where managed tables and volumes lie and is neither. A dropped table that is pinned is kept: a model
    was trained on it, or somebody holds it for another reason."""

    kind = Kind.DROPPED

    def __init__(self, home: Home, database: Database) -> None:
        self._home = home
        self._database = database

    def find(self, before: int) -> Iterator[Garbage]:
        with self._database.read() as connection:
            known = _Known.read(connection)
        for place in (self._home.tables, self._home.volumes):
            for folder in children(place):
                why = known.why_garbage(folder, before)
                if why is None:
                    continue
                weight = weigh(folder)
                if folder.name not in known.names and weight.newest > before:
                    continue  # perhaps a table in the making
                shown = f"{folder.relative_to(self._home.root).as_posix()} ({known.names.get(folder.name, 'no name')})"
                yield Garbage(self.kind, shown, why, weight.bytes, weight.files, handle=str(folder))

    def remove(self, item: Garbage, before: int) -> bool:
        folder = Path(item.handle)
        # Nobody can take the place or pin it while the transaction goes on, and moving a folder takes no time.
        with self._database.write() as connection:
            known = _Known.read(connection, folder.name)
            is_garbage = known.why_garbage(folder, before) is not None
            if not is_garbage or (folder.name not in known.names and weigh(folder).newest > before):
                return False
            gone = out_of_sight(self._home, folder)
        destroy(gone)
        return True


class _Known:
    """What the catalog says of folders, by the ids that are their names."""

    def __init__(self, rows: list[Any], pinned: set[str]) -> None:
        self.names = {row.id: row.full_name for row in rows}
        self._deleted = {row.id: row.deleted_at for row in rows}
        self._pinned = pinned
        self._in_use = [row.storage_location for row in rows if row.deleted_at is None]

    @classmethod
    def read(cls, connection: Connection, id: str | None = None) -> "_Known":
        rows: list[Any] = []
        for details in (table_details, volume_details):
            columns = (securables.c.id, securables.c.full_name, securables.c.deleted_at, details.c.storage_location)
            query = select(*columns).join(details, details.c.securable_id == securables.c.id)
            rows += connection.execute(query if id is None else query.where(securables.c.id == id)).all()
        held = select(pins.c.table_id).distinct()
        pinned = connection.execute(held if id is None else held.where(pins.c.table_id == id)).scalars()
        return cls(rows, set(pinned))

    def why_garbage(self, folder: Path, before: int) -> str | None:
        """None for a folder that is in use, held by a pin, or not old enough."""
        id = folder.name
        if id in self._pinned:
            return None
        if id not in self._deleted:
            return "never became a table or volume" if _is_id(id) else None
        deleted_at = self._deleted[id]
        return "was dropped" if deleted_at is not None and deleted_at <= before else None


def _is_id(name: str) -> bool:
    return len(name) >= _SHORTEST_ID and set(name) <= set("0123456789abcdef-")


_SHORTEST_ID = 32
