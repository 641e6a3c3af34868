"""The table of events: written within somebody's transaction, read in order."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Row,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
)

from boathouse.catalog.events.nouns import Event, NewEvent
from boathouse.foundation.context import current_request
from boathouse.foundation.ids import new_id
from boathouse.metastore import COUNTER, Database, metadata

platform_events = Table(
    "platform_events",
    metadata,
    Column("sequence", COUNTER, primary_key=True, autoincrement=True),
    Column("event_id", String(36), nullable=False, unique=True),
    Column("type", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("happened_at", BigInteger, nullable=False),
    Column("data", Text, nullable=False),
    Column("job_id", BigInteger),
    Column("run_id", BigInteger),
    Index("ix_platform_events_happened_at", "happened_at"),
    sqlite_autoincrement=True,
)


def write(connection: Connection, events: Iterable[NewEvent], now: int) -> None:
    """Write events down, within somebody's transaction."""
    task = current_request().task
    rows = [
        {
            "event_id": new_id(),
            "type": event.type.value,
            "subject": event.subject,
            "principal": event.principal,
            "happened_at": now,
            "data": json.dumps(event.data, ensure_ascii=False),
            "job_id": task.job_id if task else None,
            "run_id": task.run_id if task else None,
        }
        for event in events
    ]
    if rows:
        connection.execute(insert(platform_events), rows)


def after(database: Database, sequence: int, limit: int = 500) -> list[Event]:
    """Events that came later, oldest first."""
    query = select(platform_events).where(platform_events.c.sequence > sequence)
    with database.read() as connection:
        return [_event(row) for row in connection.execute(query.order_by(platform_events.c.sequence).limit(limit))]


def before(database: Database, sequence: int | None, limit: int = 500) -> list[Event]:
    """Events that came earlier, newest first; None: from the newest on."""
    query = select(platform_events).order_by(platform_events.c.sequence.desc()).limit(limit)
    if sequence is not None:
        query = query.where(platform_events.c.sequence < sequence)
    with database.read() as connection:
        return [_event(row) for row in connection.execute(query)]


def find(database: Database, event_id: str) -> Event | None:
    with database.read() as connection:
        row = connection.execute(select(platform_events).where(platform_events.c.event_id == event_id)).one_or_none()
    return _event(row) if row else None


def latest(database: Database, *, earlier_than: int | None = None) -> int:
    """The number of the newest event, or of the newest from before an instant; 0 when there is none."""
    query = select(func.max(platform_events.c.sequence))
    if earlier_than is not None:
        query = query.where(platform_events.c.happened_at < earlier_than)
    with database.read() as connection:
        return connection.execute(query).scalar() or 0


def forget(connection: Connection, earlier_than: int, limit: int) -> int:
    """Delete up to ``limit`` events from before an instant; gives their number. The newest one always stays."""
    newest = select(func.max(platform_events.c.sequence)).scalar_subquery()
    old = (
        select(platform_events.c.sequence)
        .where(platform_events.c.happened_at < earlier_than, platform_events.c.sequence < newest)
        .order_by(platform_events.c.happened_at)
        .limit(limit)
    )
    return connection.execute(delete(platform_events).where(platform_events.c.sequence.in_(old))).rowcount


_PLAIN = tuple(name for name in Event.__slots__ if name != "data")


def _event(row: Row[Any]) -> Event:
    return Event(data=json.loads(row.data), **{name: getattr(row, name) for name in _PLAIN})
