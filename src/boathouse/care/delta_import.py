"""Takes in a folder of Delta tables that others have made: where they are, or as copies of our own.

Repeatable: a table that was taken in before, under whatever name, is left alone.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from boathouse.catalog import Catalog, SecurableKind, TableType
from boathouse.catalog.columns import columns_from_delta
from boathouse.foundation.errors import BoathouseError, InvalidInput, NotFound
from boathouse.foundation.names import SchemaName, TableName
from boathouse.foundation.principals import Principal
from boathouse.lake import as_url, local_path
from boathouse.lake.copying import table_files
from boathouse.lake.finding import FoundTable, delta_folders, describe

ORIGIN = "boathouse.imported_from"
"""Property of a table that was copied in: where from."""


class Outcome(StrEnum):
    IMPORTED = "imported"
    KNOWN = "known"
    """Taken in before."""
    COLLIDES = "collides"
    """Its name is taken by something else."""
    DAMAGED = "damaged"
    """It cannot be read; nothing of it was taken in."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class TableImport:
    """What became of one table, or would."""

    source: Path
    outcome: Outcome
    name: str | None = None
    version: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class DeltaImport:
    """What to take in, and how."""

    root: Path
    into: SchemaName
    copies: bool = False
    """Copy into managed tables, with all versions that are there; else register them where they are."""
    dry_run: bool = False


def import_delta(principal: Principal, catalog: Catalog, wish: DeltaImport) -> Iterator[TableImport]:
    """Take in every Delta table below a folder, one after the other.

    Raises:
        NotFound: There is no such folder, no table in it, or no such schema.
    """
    root = wish.root.absolute()
    if not root.is_dir():
        raise NotFound(f"There is no folder {root}.")
    catalog.securables.get(principal, SecurableKind.SCHEMA, str(wish.into))
    folders = list(delta_folders(root))
    if not folders:
        raise NotFound(f"There is no Delta table in or below {root}.", hint="A table's folder holds a _delta_log.")
    params = {"folder": str(root), "into": str(wish.into), "copies": wish.copies, "dry_run": wish.dry_run}
    with catalog.audit.verb(principal, "care", "importDelta", params=params):
        names = _Names(catalog, principal, wish.into)
        for folder in folders:
            yield _import(principal, catalog, wish, names, folder)


def table_name(root: Path, folder: Path) -> str:
    """A name from the path below the root.

    Example:
        >>> table_name(Path("/data"), Path("/data/Sales 2024/orders"))
        'sales_2024_orders'
    """
    parts = folder.relative_to(root).parts or (folder.name,)
    name = re.sub(r"\W+", "_", "_".join(parts)).strip("_").lower() or "table"
    return f"_{name}" if name[0].isdigit() else name


class _Names:
    """Which names and places of the schema are taken, with what came in under them."""

    def __init__(self, catalog: Catalog, principal: Principal, schema: SchemaName) -> None:
        self._schema = schema
        tables = catalog.securables.tables(principal, schema)
        self._taken = {table.securable.full_name: str(table.storage_location) for table in tables}
        self._by_origin = {
            origin: table.securable.full_name
            for table in tables
            for origin in (table.storage_location, table.securable.properties.get(ORIGIN))
            if origin
        }

    def known(self, location: str) -> str | None:
        return self._by_origin.get(location)

    def give(self, name: TableName, location: str) -> str | None:
        """Take a name for a place; the reason when that is not possible."""
        if (other := self._taken.get(str(name))) is not None:
            return f"the name {name} is taken by the table at {other}"
        self._taken[str(name)] = location
        return None


def _import(principal: Principal, catalog: Catalog, wish: DeltaImport, names: _Names, folder: Path) -> TableImport:
    location = as_url(folder)
    if (known := names.known(location)) is not None:
        return TableImport(folder, Outcome.KNOWN, known)
    try:
        found = describe(folder)
    except BoathouseError as error:
        return TableImport(folder, Outcome.DAMAGED, reason=error.message)
    name = TableName(wish.into.catalog, wish.into.schema, table_name(wish.root.absolute(), folder))
    if (reason := names.give(name, location)) is not None:
        return TableImport(folder, Outcome.COLLIDES, str(name), found.version, reason)
    if not wish.dry_run:
        try:
            (_copy_in if wish.copies else _register)(principal, catalog, name, found)
        except BoathouseError as error:
            return TableImport(folder, Outcome.REFUSED, str(name), found.version, error.message)
    return TableImport(folder, Outcome.IMPORTED, str(name), found.version)


def _register(principal: Principal, catalog: Catalog, name: TableName, found: FoundTable) -> None:
    place = catalog.securables.stage_table(principal, name, external=True)
    catalog.securables.create_table(
        principal,
        name,
        table_id=place.table_id,
        storage_location=found.location,
        columns=columns_from_delta(found.schema_json, found.partition_columns),
        table_type=TableType.EXTERNAL,
        comment=found.comment,
        properties=found.properties,
    )


def _copy_in(principal: Principal, catalog: Catalog, name: TableName, found: FoundTable) -> None:
    place = catalog.securables.stage_table(principal, name)
    target = local_path(place.storage_location)
    with ExitStack() as undo:
        undo.callback(shutil.rmtree, target, ignore_errors=True)
        try:
            source, files = local_path(found.location), table_files(found.location)
            for relative in (*files.data, *files.log):  # the log last: before it is there, there is no table
                (target / relative).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source / relative, target / relative)
            catalog.securables.create_table(
                principal,
                name,
                table_id=place.table_id,
                storage_location=place.storage_location,
                columns=columns_from_delta(found.schema_json, found.partition_columns),
                comment=found.comment,
                properties={**found.properties, ORIGIN: found.location},
            )
        except OSError as error:
            raise InvalidInput(f"The table at {found.location} could not be copied: {error.strerror}.") from error
        undo.pop_all()
