"""Tables opened for programs that read files themselves: authorised by one call, each fixed at one version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from boathouse.catalog import LineageNode, Table
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import TableName
from boathouse.lake import Snapshot, open_snapshot
from boathouse.session.law import Intent, TableRequest
from boathouse.session.result import Result
from boathouse.session.running.access import Access, by_name, table_node
from boathouse.session.system_tables import SYSTEM_FORMAT


@dataclass(frozen=True, slots=True)
class OpenTable:
    """A governed table at one version, which the principal may read."""

    name: TableName
    table: Table
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class OpenQuery:
    """A query that the principal may run, at the versions it reads."""

    rows: Result
    sources: tuple[LineageNode, ...]
    """What it reads."""


def open_tables(
    access: Access, names: Sequence[TableName], versions: Mapping[TableName, int] | None = None
) -> list[OpenTable]:
    """The tables in the order asked. That they are read is recorded before anybody sees a row.

    Raises:
        NotFound, Denied: There is no such table, or the principal may not read it.
        InvalidInput: It is a view or a system table.
        VersionNotFound: It has no such version.
    """
    known = versions or {}
    wanted = list(dict.fromkeys(names))
    tables = access.resolve(*(TableRequest(name, Intent.READ) for name in wanted))
    opened = {name: _open(name, table, known.get(name)) for name, table in zip(wanted, tables, strict=True)}
    access.record([table_node(name, each.snapshot.version) for name, each in opened.items()], None, "READ")
    return [opened[name] for name in names]


def _open(name: TableName, table: Table, version: int | None) -> OpenTable:
    if table.view is not None:
        raise InvalidInput(
            f"{name} is a view; it has no files and no versions.", hint="Write its rows to a table, and read that."
        )
    if table.data_source_format == SYSTEM_FORMAT:
        raise InvalidInput(f"{name} is a system table; it has no files and no versions.")
    with by_name(name, table.storage_location):
        asked = table.at_version if version is None else version
        return OpenTable(name, table, open_snapshot(table.storage_location, version=asked))
