# pyright: reportUnknownParameterType=false
"""A table opened for many appends, one after the other: authorised and traced once, when it is opened.

Each append takes the turns of those whose work is in it, so that the same work never lands twice.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from boathouse.catalog import Table
from boathouse.catalog.columns import columns_from_delta
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import TableName
from boathouse.lake import open_snapshot, tables
from boathouse.lake.commits import Turn, turns_taken
from boathouse.session.law import Intent
from boathouse.session.running.access import Access, by_name, table_node
from boathouse.session.running.writes import record_write


class Appender:
    """Adds rows to one table as whoever opened it."""

    def __init__(self, access: Access, name: TableName, table: Table) -> None:
        self._access = access
        self._info = access.commit_info()
        self._columns = [(column.name, column.type_text) for column in table.columns]
        self.name = name
        self.table = table

    @property
    def schema(self) -> pa.Schema:
        """The columns as they are now."""
        return open_snapshot(self.table.storage_location).arrow_schema

    @property
    def commit_info(self) -> Mapping[str, str]:
        """What a commit of whoever opened it says of itself."""
        return self._info

    def taken(self, writers: Sequence[str]) -> Mapping[str, int]:
        """The last turn of each writer that landed in the table."""
        return turns_taken(self.table.storage_location, writers)

    def append(self, data: Any, turns: Sequence[Turn] = ()) -> int:
        """Add rows in one commit; columns that are new are added to the table, missing ones are null.

        Raises:
            Conflict: Somebody has taken one of the turns.
            InvalidInput: The rows do not fit the table.
        """
        place = self.table.storage_location
        with by_name(self.name, place):
            version = tables.append(place, data, schema_mode="merge", commit_info=self._info, turns=turns)
        self._follow_columns()
        return version

    def _follow_columns(self) -> None:
        snapshot = open_snapshot(self.table.storage_location)
        columns = columns_from_delta(snapshot.schema_json, snapshot.partition_columns)
        found = [(column.name, column.type_text) for column in columns]
        if found != self._columns:
            self._access.law.refresh_columns(self._access.principal, self.name, columns)
            self._columns = found


def open_appender(access: Access, name: TableName) -> Appender:
    """The table, if the principal may write it.

    Raises:
        NotFound, Denied: There is no such table, or the principal may not write it.
        InvalidInput: It is a view.
    """
    table = access.resolve_one(name, Intent.WRITE)
    if table.view is not None:
        raise InvalidInput(f"{name} is a view; nothing can be added to it.", hint="Write to the table that it reads.")
    version = open_snapshot(table.storage_location).version
    record_write(access, table_node(name, version), (), None)
    return Appender(access, name, table)
