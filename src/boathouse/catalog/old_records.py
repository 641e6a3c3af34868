"""The record of who did what and of where data went does not grow for ever.

Audit events have an age. Lineage has none: an edge that explains something that exists stays however old it is, and
what has been said again since, or is about things that are gone, does not.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

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


class OldRecords:
    """Forgets audit events and compacts lineage."""

    def __init__(self, database: Database, settings: RecordSettings | None = None) -> None:
        self._database = database
        self._settings = settings or RecordSettings()

    def forget_events(self, now: datetime) -> int:
        """Delete the audit events that are too old; gives their number."""
        before = epoch_ms(now - timedelta(days=self._settings.audit_days))
        total = 0
        while True:
            with self._database.write() as connection:
                forgotten = rows.forget_events(connection, before, _BATCH)
            total += forgotten
            if forgotten < _BATCH:
                return total

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
