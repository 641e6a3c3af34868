"""What belongs into a backup: which files stand behind the rows that the databases have at its instant."""

import logging
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from boathouse.care.manifest import BackupTable
from boathouse.care.staging import Staging
from boathouse.foundation.errors import Conflict
from boathouse.foundation.home import Home
from boathouse.lake import DamagedTable, NoTableThere, local_path
from boathouse.lake.copying import table_files

log = logging.getLogger(__name__)

_TRIES = 5
"""A table that is cleaned up between the look at it and the hold on its files is looked at again."""

_TABLES = """
    SELECT s.id, s.full_name, d.storage_location, d.table_type FROM securables s
    JOIN table_details d ON d.securable_id = s.id WHERE s.deleted_at IS NULL ORDER BY s.full_name
"""
_VOLUMES = """
    SELECT s.full_name, d.storage_location FROM securables s
    JOIN volume_details d ON d.securable_id = s.id WHERE s.deleted_at IS NULL ORDER BY s.full_name
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A file that is to be copied: its place in the home, and where it can be read until the copy is made."""

    path: str
    source: Path


class Contents:
    """Finds and holds the files of a home; the databases are read through connections of one instant."""

    def __init__(self, home: Home, catalog: sqlite3.Connection, staging: Staging) -> None:
        self._home = home
        self._catalog = catalog
        self._staging = staging
        self.tables: list[BackupTable] = []
        self.not_included: list[str] = []

    def hold(self, *, with_logs: bool, with_keys: bool) -> list[Held]:
        """Hold everything; the databases themselves are not among it."""
        # Before the tables: what is recorded meanwhile is in both, and a restored recorder does not record it again.
        held = [*self._folder(self._home.journals), *self._folder(self._home.journals_aside)]
        held += [*self._tables(), *self._volumes()]
        for folder in (self._home.artifacts, self._home.archives, self._home.bundles):
            held += self._folder(folder)
        if with_logs:
            held += self._folder(self._home.runs) + self._folder(self._home.logs)
        if with_keys:
            keys = (self._home.secrets_key_file, self._home.signing_key_file, self._home.masking_key_file)
            held += [self._hold(file) for file in keys if file.exists()]
        return held

    def _tables(self) -> Iterator[Held]:
        for table_id, full_name, location, table_type in self._catalog.execute(_TABLES):
            if table_type in ("VIEW", "MATERIALIZED_VIEW"):
                continue
            if not self._is_inside(location):
                self.not_included.append(f"table {full_name} at {location}")
                continue
            yield from self._table(table_id, full_name, location)

    def _table(self, table_id: str, full_name: str, location: str) -> list[Held]:
        missing: str | None = None
        for _ in range(_TRIES):
            try:
                files = table_files(location)
            except NoTableThere:
                if (still := self._still_there(table_id)) is None:
                    raise Conflict(
                        f"The table {full_name} was dropped while the backup was made.", hint="Start the backup again."
                    ) from None
                raise DamagedTable(
                    f"The catalog has a table {full_name}, but there is none at {still}.",
                    hint=f"Bring its files back, or drop it: DROP TABLE {full_name}",
                ) from None
            held: list[Held] = []
            missing = None
            for name in (*files.log, *files.data):
                try:
                    held.append(self._hold(local_path(location) / name))
                except FileNotFoundError:
                    if name in files.needed or name in files.log:
                        missing = name
                        break  # cleaned up behind our back: a newer version does without it
            if missing is None:
                self.tables.append(BackupTable(full_name, table_id, files.version))
                return held
        raise DamagedTable(f"The table {full_name} lacks its file {missing}.", hint="Restore it from another backup.")

    def _still_there(self, table_id: str) -> str | None:
        with sqlite3.connect(f"{(self._home.databases / 'boathouse.db').as_uri()}?mode=ro", uri=True) as now:
            query = "SELECT storage_location FROM table_details d JOIN securables s ON s.id = d.securable_id "
            row = now.execute(query + "WHERE s.id = ? AND s.deleted_at IS NULL", (table_id,)).fetchone()
        now.close()
        return row[0] if row else None

    def _volumes(self) -> Iterator[Held]:
        for full_name, location in self._catalog.execute(_VOLUMES):
            if not self._is_inside(location):
                self.not_included.append(f"volume {full_name} at {location}")
                continue
            yield from self._folder(local_path(location))

    def _folder(self, folder: Path) -> list[Held]:
        """All files below a folder; one that goes away meanwhile was deleted by its owner, after the instant."""
        held: list[Held] = []
        for parent, folders, names in os.walk(folder):
            folders[:] = sorted(name for name in folders if name != ".incoming")  # half of an upload
            for name in sorted(names):
                file = Path(parent) / name
                if file.is_symlink() or not file.is_file():
                    continue
                try:
                    held.append(self._hold(file))
                except FileNotFoundError:
                    log.info("%s was deleted while the backup was made.", file)
        return held

    def _hold(self, file: Path) -> Held:
        return Held(file.relative_to(self._home.root).as_posix(), self._staging.hold(file))

    def _is_inside(self, location: str) -> bool:
        return local_path(location).is_relative_to(self._home.root)


def table_locations(catalog: sqlite3.Connection) -> dict[str, str]:
    """Where each live table lies, by its id."""
    return {table_id: location for table_id, _, location, _ in catalog.execute(_TABLES)}
