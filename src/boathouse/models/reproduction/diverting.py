"""Tables as a reproduction gets them: read at the version of then, written in a copy that is thrown away at its end."""

import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from boathouse.catalog import Table
from boathouse.foundation.home import Home

Held = Callable[[str], Mapping[str, int]]
"""The versions that the tasks of a reproduction read, by the id of the table."""


class Diversions:
    """Makes and finds the copies; each is a folder of links to the files of the table."""

    def __init__(self, home: Home, held: Held, note: Callable[[str, str], None]) -> None:
        self._root = home.reproductions
        self._held = held
        self._note = note
        self._lock = threading.Lock()

    def table(self, reproduction: str, table: Table, writes: bool) -> Table:
        """The copy, if the table is or was to be written; else the table at its version of then."""
        version = self._held(reproduction).get(table.securable.id)
        if not table.storage_location.startswith("file:"):
            return table
        copy = self._root / reproduction / table.securable.id
        if writes and not copy.is_dir():
            self._copy(table, version, copy)
            self._note(reproduction, f"write to the table {table.securable.full_name}")
        if copy.is_dir():
            return replace(table, storage_location=copy.absolute().as_uri(), at_version=None)
        return replace(table, at_version=version)

    def written(self, reproduction: str) -> set[str]:
        """The ids of the tables that were written."""
        folder = self._root / reproduction
        return {each.name for each in folder.iterdir()} if folder.is_dir() else set()

    def forget(self, reproduction: str) -> None:
        """Throw the copies away."""
        shutil.rmtree(self._root / reproduction, ignore_errors=True)

    def _copy(self, table: Table, version: int | None, copy: Path) -> None:
        from boathouse.lake.copying import clone

        with self._lock:
            if not copy.is_dir():
                copy.parent.mkdir(parents=True, exist_ok=True)
                clone(table.storage_location, version, copy)
