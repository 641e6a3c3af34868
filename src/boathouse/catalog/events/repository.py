"""The table of events: written within somebody's transaction, read in order."""

import json
from collections.abc import Iterable

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, String, Table, Text, insert, select

from boathouse.catalog.events.nouns import Event, NewEvent
from boathouse.foundation.ids import new_id
from boathouse.metastore import Database, metadata

platform_events = Table(
    "platform_events",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("event_id", String(36), nullable=False, unique=True),
    Column("type", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("happened_at", BigInteger, nullable=False),
    Column("data", Text, nullable=False),
    Index("ix_platform_events_happened_at", "happened_at"),
    sqlite_autoincrement=True,
)


def write(connection: Connection, events: Iterable[NewEvent], now: int) -> None:
    """Write events down, within somebody's transaction."""
    rows = [
        {
            "event_id": new_id(),
            "type": event.type.value,
            "subject": event.subject,
            "principal": event.principal,
            "happened_at": now,
            "data": json.dumps(event.data, ensure_ascii=False),
        }
        for event in events
    ]
    if rows:
        connection.execute(insert(platform_events), rows)


def after(database: Database, sequence: int, limit: int = 500) -> list[Event]:
    """Events that came later, oldest first."""
    query = select(platform_events).where(platform_events.c.sequence > sequence)
    with database.read() as connection:
        rows = connection.execute(query.order_by(platform_events.c.sequence).limit(limit)).all()
    return [
        Event(row.sequence, row.event_id, row.type, row.subject, row.principal, row.happened_at, json.loads(row.data))
        for row in rows
    ]
