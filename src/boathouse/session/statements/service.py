# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Statements of clients elsewhere: run, look, fetch, cancel. Each belongs to whoever sent it.

What runs where is the pool's matter; this remembers it, so that an answer survives the server. Rows lie in files for an
hour after somebody has last looked at them.
"""

import contextlib
import dataclasses
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.context import current_request
from boathouse.foundation.errors import BoathouseError, Conflict, InvalidInput, NotFound
from boathouse.foundation.ids import new_id
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database
from boathouse.session.statements import repository as rows
from boathouse.session.statements.nouns import (
    UNDER_WAY,
    Json,
    Outcome,
    State,
    StatementRecord,
    StatementRequest,
    request_json,
)
from boathouse.session.statements.results import ResultStore

if TYPE_CHECKING:
    from boathouse.catalog import Catalog

log = logging.getLogger(__name__)

KEPT_UNREAD = timedelta(hours=1)
"""How long rows are kept after somebody has last looked at them."""
REMEMBERED = timedelta(days=1)
"""How long it is remembered that a statement ran (the audit log remembers it for good)."""
SWEEP_SECONDS = 300.0
_INTERRUPTED = "The server was restarted while the statement ran; send it again."


class Pool(Protocol):
    """What runs statements."""

    def submit(self, job_id: str, content: Json) -> None: ...

    def cancel(self, job_id: str) -> bool: ...

    def close(self) -> None: ...


class StatementNotFound(NotFound):
    """Nobody has sent such a statement, somebody else has, or it is long forgotten: all read the same."""

    def __init__(self, statement_id: str) -> None:
        super().__init__(f"There is no statement {statement_id}.", hint="Statements are remembered for a day.")


@dataclass(frozen=True, slots=True)
class Part:
    """One chunk of a result and what comes after it."""

    record: StatementRecord
    index: int
    rows: pa.Table


class Statements:
    """Runs statements for clients elsewhere."""

    def __init__(self, database: Database, catalog: "Catalog", store: ResultStore, clock: Clock) -> None:
        self._database = database
        self._catalog = catalog
        self._store = store
        self._clock = clock
        self._live: dict[str, StatementRecord] = {}
        self._changed = threading.Condition()
        self._pool: Pool | None = None
        self._stopped = threading.Event()

    def start(self, new_pool: Callable[["Statements"], Pool]) -> None:
        """Begin to accept statements. Those that an earlier server left running have failed."""
        self._pool = new_pool(self)
        with self._database.write() as connection:
            for statement_id in rows.under_way(connection):
                rows.end(connection, statement_id, State.FAILED, _failure(_INTERRUPTED), at=self._now())
        threading.Thread(target=self._sweep_now_and_then, name="boathouse-results", daemon=True).start()

    def close(self) -> None:
        self._stopped.set()
        if self._pool is not None:
            self._pool.close()

    def execute(self, principal: Principal, request: StatementRequest) -> StatementRecord:
        """Accept a statement; it runs as soon as a query process is free.

        Raises:
            InvalidInput: The request contradicts itself, or a parameter is not of its type.
        """
        request.require_sound()
        statement_id = new_id()
        params = {"statement_id": statement_id, "statement_text": request.text}
        with self._catalog.audit.verb(principal, "session", "executeStatement", params=params):
            now = self._now()
            record = StatementRecord(statement_id, principal.name, State.PENDING, request, created_at=now,
                                     last_read_at=now)  # fmt: skip
            with self._database.write() as connection:
                rows.insert(connection, record)
            with self._changed:
                self._live[statement_id] = record
            self._running_pool().submit(statement_id, self._job(principal, record))
            return record

    def get(self, principal: Principal, statement_id: str) -> StatementRecord:
        """A statement as it is now.

        Raises:
            StatementNotFound: The principal has sent none with this id.
        """
        with self._changed:
            record = self._live.get(statement_id)
        if record is None:
            with self._database.read() as connection:
                record = rows.find(connection, statement_id)
        if record is None or not _may_see(principal, record):
            raise StatementNotFound(statement_id)
        return record

    def history(self, principal: Principal, *, limit: int = 50) -> list[StatementRecord]:
        """The principal's own statements of the last day, newest first."""
        with self._catalog.audit.verb(principal, "session", "listStatements"):
            with self._database.read() as connection:
                found = rows.of_principal(connection, principal.name, limit=limit)
            with self._changed:
                return [self._live.get(record.id, record) for record in found]

    def wait(self, statement_id: str, seconds: float) -> None:
        """Return when the statement has ended, or after so many seconds."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while statement_id in self._live and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)

    def is_under_way(self, statement_id: str) -> bool:
        with self._changed:
            return statement_id in self._live

    def chunk(self, principal: Principal, statement_id: str, index: int) -> Part:
        """A part of the rows; looking at it keeps the result for another hour.

        Raises:
            NotFound: There is no such part.
            Conflict: The statement has not succeeded, or its rows are gone.
        """
        record = self.get(principal, statement_id)
        if record.state is not State.SUCCEEDED:
            raise Conflict(f"Statement {statement_id} is {record.state}; it has no rows to fetch.",
                           hint="Rows are kept for an hour after they were last looked at.")  # fmt: skip
        if not 0 <= index < len(record.outcome.chunks):
            raise NotFound(f"Statement {statement_id} has {len(record.outcome.chunks)} chunks; there is no {index}.")
        try:
            found = self._store.read(statement_id, index)
        except FileNotFoundError as error:
            raise Conflict(f"The rows of statement {statement_id} are gone.", hint="Send it again.") from error
        with self._database.write() as connection:
            rows.touch(connection, statement_id, at=self._now())
        return Part(record, index, found)

    def cancel(self, principal: Principal, statement_id: str) -> None:
        """End a statement; one that has ended stays as it is."""
        with self._catalog.audit.verb(principal, "session", "cancelStatement", params={"statement_id": statement_id}):
            self.get(principal, statement_id)
            self._running_pool().cancel(statement_id)

    def sweep(self) -> None:
        """Remove rows that nobody has looked at for an hour, and what no statement knows of."""
        now = self._clock.now()
        there = self._store.ids()  # before anything is looked up: what comes later is not ours to judge
        with self._database.write() as connection:
            unread = rows.unread_since(connection, epoch_ms(now - KEPT_UNREAD))
            rows.close(connection, unread)
            rows.forget_before(connection, epoch_ms(now - REMEMBERED))
            kept = {each for each in there if _is_kept(rows.find(connection, each))}
        for statement_id in there:
            if statement_id not in kept and not self.is_under_way(statement_id):
                self._store.remove(statement_id)

    # -- what the pool tells ----------------------------------------------------------------------------------------

    def started(self, job_id: str) -> None:
        """The statement has left the queue."""
        with self._changed:
            if job_id in self._live:
                self._live[job_id] = dataclasses.replace(self._live[job_id], state=State.RUNNING)

    def ended(self, job_id: str, event: Json) -> None:
        """The statement has ended like this."""
        match event["event"]:
            case "done":
                state, outcome = State.SUCCEEDED, Outcome.from_json(event["outcome"])
            case "canceled":
                state, outcome = State.CANCELED, Outcome()
            case _:
                state, outcome = State.FAILED, _failure(event["error"], event.get("error_code"))
        try:
            with self._database.write() as connection:
                rows.end(connection, job_id, state, outcome, at=self._now())
            if state is not State.SUCCEEDED:
                self._store.remove(job_id)
        except BoathouseError:
            log.exception("How statement %s ended could not be written", job_id)
        finally:
            with self._changed:
                self._live.pop(job_id, None)
                self._changed.notify_all()

    def _job(self, principal: Principal, record: StatementRecord) -> dict[str, Any]:
        context = current_request()
        return {
            "principal": principal.name,
            "request": request_json(record.request),
            "folder": str(self._store.folder(record.id)),
            "context": {
                "request_id": context.request_id,
                "source_ip": context.source_ip,
                "user_agent": context.user_agent,
                "task": context.task.to_json() if context.task else None,
            },
        }

    def _running_pool(self) -> Pool:
        if self._pool is None:
            raise InvalidInput("Statements are not accepted here.")
        return self._pool

    def _sweep_now_and_then(self) -> None:
        while not self._stopped.is_set():
            with contextlib.suppress(BoathouseError, OSError):
                self.sweep()
            self._stopped.wait(SWEEP_SECONDS)

    def _now(self) -> int:
        return epoch_ms(self._clock.now())


def _may_see(principal: Principal, record: StatementRecord) -> bool:
    return record.principal == principal.name or principal.is_admin


def _is_kept(record: StatementRecord | None) -> bool:
    return record is not None and record.state in (*UNDER_WAY, State.SUCCEEDED)


def _failure(message: str, code: str | None = None) -> Outcome:
    return Outcome(error=message, error_code=code or "TEMPORARILY_UNAVAILABLE")
