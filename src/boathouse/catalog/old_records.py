"""The record of who did what and of where data went does not grow for ever.

Audit events have an age, and so have the events that webhooks and triggers are told of. Lineage has none: an edge that
explains something that exists stays however old it is, and what has been said again since, or is about things that are
gone, does not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from boathouse.catalog.events import repository as platform_events
from boathouse.catalog.repository import old_records as rows
from boathouse.foundation.clock import epoch_ms
from boathouse.metastore import Database

_BATCH = 500
"""Rows looked at, or deleted, in one transaction."""


@dataclass(frozen=True, slots=True)
class RecordSettings:
    """How long what is kept."""

    audit_days: float = 365
    """Days that an audit event is kept."""
    lineage_days: float = 365
    """Days that every lineage edge is kept; after that, only what is needed."""
    event_days: float = 90
    """Days that an event is kept to be told again."""


class OldRecords:
    """Forgets audit events and compacts lineage."""

    def __init__(self, database: Database, settings: RecordSettings | None = None) -> None:
        self._database = database
        self._settings = settings or RecordSettings()

    def forget_events(self, now: datetime) -> int:
        """Delete the audit events that are too old; gives their number."""
        return self._forget(rows.forget_events, now, self._settings.audit_days)

    def forget_platform_events(self, now: datetime) -> int:
        """Delete the events of webhooks and triggers that are too old; gives their number."""
        return self._forget(platform_events.forget, now, self._settings.event_days)

    def compact_lineage(self, now: datetime) -> int:
        """Delete the old edges that nothing needs; gives their number. What led only to them goes the next time."""
        before = epoch_ms(now - timedelta(days=self._settings.lineage_days))
        total, last = 0, 0
        while True:
            with self._database.read() as connection:
                looked = rows.look_over_edges(connection, before, last, _BATCH)
            if looked is None:
                return total
            if looked.needless:
                with self._database.write() as connection:
                    rows.forget_edges(connection, looked)
            total, last = total + len(looked.needless), looked.last

    def _forget(self, forget: Callable[[Connection, int, int], int], now: datetime, days: float) -> int:
        before = epoch_ms(now - timedelta(days=days))
        total = 0
        while True:
            with self._database.write() as connection:
                forgotten = forget(connection, before, _BATCH)
            total += forgotten
            if forgotten < _BATCH:
                return total
