"""Adding rows that may be there already, in the words of either database."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_into(connection: Connection, table: Table) -> Any:
    """An INSERT that knows ON CONFLICT."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def insert_missing(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add the rows whose keys are new. Give them in a fixed order: two writers of the same keys then queue up instead
    of blocking each other for good."""
    if rows:
        connection.execute(insert_into(connection, table).on_conflict_do_nothing(), rows)
