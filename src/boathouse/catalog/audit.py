"""The audit log: who did what to what, when, and how it ended. Refused and failed attempts are in it too."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from boathouse.catalog.repository import Connection, records
from boathouse.catalog.repository.records import EventFilter
from boathouse.catalog.securables import AuditEvent, SecurableKind
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.context import current_request
from boathouse.foundation.errors import (
    AlreadyExists,
    BoathouseError,
    Conflict,
    Denied,
    InvalidInput,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from boathouse.foundation.ids import new_id
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database

_STATUS_CODES: dict[type[BoathouseError], int] = {
    InvalidInput: 400,
    Unauthenticated: 401,
    Denied: 403,
    NotFound: 404,
    AlreadyExists: 409,
    Conflict: 409,
    Unavailable: 503,
}

_LONGEST_PARAM = 2_000
"""Characters of a request parameter that are kept, so that one huge statement does not fill the log."""


@dataclass(slots=True)
class OpenEvent:
    """A verb under way. Its success can be recorded in the verb's own transaction: then the change and its record
    commit together or not at all."""

    principal: str
    service: str
    action: str
    kind: SecurableKind | None
    name: str | None
    params: dict[str, str]
    _audit: "Audit"
    recorded: bool = field(default=False)

    def commit_with(self, connection: Connection) -> None:
        """Record the success now, in this transaction."""
        records.insert_event(connection, self._audit.event_of(self, 200, None))
        self.recorded = True


class Audit:
    """Writes and reads the audit log."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def record(
        self,
        principal: Principal,
        service: str,
        action: str,
        *,
        kind: SecurableKind | None = None,
        name: str | None = None,
        status_code: int = 200,
        error: str | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> AuditEvent:
        """Add one event, with the facts of the current request."""
        opened = OpenEvent(principal.name, service, action, kind, name, _as_text(params), self)
        event = self.event_of(opened, status_code, error)
        with self._database.write() as connection:
            records.insert_event(connection, event)
        return event

    def record_with(
        self,
        connection: Connection,
        principal: Principal,
        action: tuple[str, str],
        key: tuple[SecurableKind, str],
        params: Mapping[str, Any] | None = None,
    ) -> None:
        """Add the success of ``action`` (service and verb) to somebody's transaction."""
        opened = OpenEvent(principal.name, *action, *key, _as_text(params), self)
        records.insert_event(connection, self.event_of(opened, 200, None))

    @contextmanager
    def verb(
        self,
        principal: Principal,
        service: str,
        action: str,
        kind: SecurableKind | None = None,
        name: str | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Generator[OpenEvent]:
        """Record the block as one event: its success, or the error with which it ended, which goes on.

        Example:
            with audit.verb(principal, "jobs", "runNow", SecurableKind.JOB, "12"):
                start(...)
        """
        opened = OpenEvent(principal.name, service, action, kind, name, _as_text(params), self)
        try:
            yield opened
        except BoathouseError as error:
            self._close(opened, _status_code_of(error), str(error))
            raise
        except Exception as error:
            self._close(opened, 500, f"{type(error).__name__}: {error}")
            raise
        if not opened.recorded:
            self._close(opened, 200, None)

    def events(
        self, wanted: EventFilter | None = None, *, limit: int | None = 1_000, offset: int = 0
    ) -> list[AuditEvent]:
        """The latest matching events, newest first. Who may see them is decided by whoever shows them."""
        with self._database.read() as connection:
            return records.events(connection, wanted or EventFilter(), limit, offset=offset)

    def after(self, sequence: int, *, limit: int) -> list[tuple[int, AuditEvent]]:
        """The events that were added after one, oldest first, each with its number in the log."""
        with self._database.read() as connection:
            return records.events_after(connection, sequence, limit)

    def latest(self, *, before: int | None = None) -> int:
        """The number of the newest event, or of the newest before an instant; 0 when there is none."""
        with self._database.read() as connection:
            return records.latest_event(connection, before)

    def event_of(self, opened: OpenEvent, status_code: int, error: str | None) -> AuditEvent:
        """The event that an open one becomes when it ends like this."""
        request = current_request()
        return AuditEvent(
            event_id=new_id(),
            event_time=epoch_ms(self._clock.now()),
            principal=opened.principal,
            service=opened.service,
            action=opened.action,
            securable_kind=opened.kind.value if opened.kind else None,
            securable_name=opened.name,
            status_code=status_code,
            error_message=_kept(error) if error else None,
            request_params=opened.params,
            request_id=request.request_id,
            source_ip=request.source_ip,
            user_agent=request.user_agent,
            as_of=request.task.as_of if request.task else None,
        )

    def _close(self, opened: OpenEvent, status_code: int, error: str | None) -> None:
        with self._database.write() as connection:
            records.insert_event(connection, self.event_of(opened, status_code, error))


def _status_code_of(error: BoathouseError) -> int:
    return next((code for category, code in _STATUS_CODES.items() if isinstance(error, category)), 500)


def _as_text(params: Mapping[str, Any] | None) -> dict[str, str]:
    return {key: _kept(str(value)) for key, value in (params or {}).items() if value is not None}


def _kept(text: str) -> str:
    """What of a text is kept: its beginning, and nothing that cannot be shown again (half a surrogate pair)."""
    return text[:_LONGEST_PARAM].encode(errors="replace").decode()
