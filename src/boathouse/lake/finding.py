"""Delta tables below a folder, and what a table says about itself."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from boathouse.lake.errors import translated
from boathouse.lake.locations import as_url
from boathouse.lake.snapshots import open_snapshot, open_table

_LOG = "_delta_log"


@dataclass(frozen=True, slots=True)
class FoundTable:
    """A table that can be read."""

    location: str
    version: int
    schema_json: str
    partition_columns: tuple[str, ...]
    comment: str | None
    properties: dict[str, str]


def delta_folders(root: Path) -> Iterator[Path]:
    """The folders that hold a Delta log, in order. What lies below a table is the table's own: its partitions."""
    for parent, folders, _ in os.walk(root):
        if _LOG in folders:
            folders.clear()
            yield Path(parent)
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))


def describe(folder: Path) -> FoundTable:
    """What a table says about itself, at its newest version.

    Raises:
        NoTableThere, DamagedTable: It cannot be read.
    """
    location = as_url(folder)
    snapshot = open_snapshot(location)
    with translated(location):
        comment = open_table(location, snapshot.version).metadata().description
    return FoundTable(
        location,
        snapshot.version,
        snapshot.schema_json,
        snapshot.partition_columns,
        comment or None,
        snapshot.properties,
    )
