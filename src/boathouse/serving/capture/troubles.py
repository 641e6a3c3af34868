"""Who is told when answers cannot be kept: an event, once until it is over."""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from boathouse.catalog.events.nouns import EventType, NewEvent
from boathouse.catalog.events.repository import write
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.principals import SYSTEM
from boathouse.metastore import Database
from boathouse.serving.capture.contexts import KnownEndpoint
from boathouse.serving.capture.reading import Segment, journals
from boathouse.serving.capture.state import read_state

log = logging.getLogger(__name__)

_LONGEST_REASON = 300


class CaptureTroubles:
    """Tells of tables that take no rows, and of journals that are full."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._told: set[str] = set()
        self._degradations: dict[str, int] = {}

    def cannot_write(self, endpoint: KnownEndpoint, error: Exception) -> None:
        """The rows of an endpoint wait."""
        log.warning("What endpoint %s has answered cannot be written to its table: %s", endpoint.name, error)
        if endpoint.endpoint_id not in self._told:
            self._told.add(endpoint.endpoint_id)
            self._tell(endpoint.name, {"what": "table", "reason": str(error)[:_LONGEST_REASON]})

    def can_write(self, endpoint: KnownEndpoint) -> None:
        """Nothing of an endpoint waits any more."""
        self._told.discard(endpoint.endpoint_id)
        log.info("What endpoint %s has answered is in its table.", endpoint.name)

    def given_up(self, segment: Segment, endpoints: Iterable[str]) -> None:
        """Rows that waited too long are lost."""
        for name in sorted(endpoints):
            log.error("Answers of endpoint %s are given up: %s is one too many that waits.", name, segment.path)
            self._tell(name, {"what": "given_up", "reason": "more waits than may"})

    def watch(self, root: Path) -> None:
        """Look at the journals; tell of each that became full since the last look."""
        states = {folder.name: read_state(folder) for folder in journals(root)}
        for name, state in states.items():
            if state.degradations > self._degradations.get(name, 0):
                facts = {"left_out": state.degraded_out, "refused": state.refused, "bytes": state.waiting_bytes}
                worker = name.rpartition("-")[0]
                self._tell(worker, {"what": "journal", "reason": _reason(state.disk_errors), **facts})
        self._degradations = {name: state.degradations for name, state in states.items()}

    def _tell(self, subject: str, data: dict[str, Any]) -> None:
        with self._database.write() as connection:
            event = NewEvent(EventType.CAPTURE_DEGRADED, subject, SYSTEM.name, data)
            write(connection, [event], epoch_ms(self._clock.now()))


def _reason(disk_errors: int) -> str:
    return "the disk takes no more" if disk_errors else "the journal has reached its bound"
