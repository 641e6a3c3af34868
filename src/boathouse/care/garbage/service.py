"""The verbs on garbage: begin a pass, look how far it has come. For administrators only."""

import functools
import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from boathouse.care.garbage.collecting import collected
from boathouse.care.garbage.nouns import SHORTEST, Collector, Garbage, Kind, Pass, Request, Total
from boathouse.care.garbage.repository import PassRepository
from boathouse.catalog import Catalog
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import Conflict, Denied, InvalidInput, NotFound
from boathouse.foundation.ids import new_id
from boathouse.foundation.principals import Principal

log = logging.getLogger(__name__)

KEPT_LISTS = 3
"""Passes whose lists can still be read; the sums of all stay."""
_ABANDONED = "The server was stopped before the pass had come to its end; what it had removed is gone."


class PassNotFound(NotFound):
    """There is no such pass, or its list is not kept any more."""


class GarbageCollection:
    """Runs passes in a thread, one at a time."""

    def __init__(
        self, collectors: Sequence[Collector], repository: PassRepository, catalog: Catalog, clock: Clock
    ) -> None:
        self._collectors = collectors
        self._repository = repository
        self._catalog = catalog
        self._clock = clock
        self._lock = threading.Lock()
        self._passes: OrderedDict[str, tuple[Pass, list[Garbage]]] = OrderedDict()
        self._thread: threading.Thread | None = None

    def begin(self, principal: Principal, request: Request) -> Pass:
        """Begin to look for garbage, and to remove it unless it is a dry run.

        Raises:
            Denied: The principal is no administrator.
            InvalidInput: What is so young may be in the making.
            Conflict: A pass is under way.
        """
        params = {"dry_run": request.is_dry_run, "older_than_seconds": request.older_than.total_seconds(),
                  "kinds": ",".join(sorted(request.kinds))}  # fmt: skip
        with self._catalog.audit.verb(principal, "care", "collectGarbage", params=params):
            self._require_admin(principal)
            if request.older_than < SHORTEST:
                raise InvalidInput(
                    f"What is younger than {SHORTEST} may be in the making.", hint="Use --older-than 1h or more."
                )
            with self._lock:
                if self._thread is not None and self._thread.is_alive():
                    raise Conflict("Garbage is being collected already.", hint="Look at it with: boathouse gc --status")
                found = Pass(new_id(), principal.name, request, epoch_ms(self._clock.now()))
                self._repository.add(found)
                self._passes[found.id] = (found, [])
                while len(self._passes) > KEPT_LISTS:
                    self._passes.popitem(last=False)
                self._thread = threading.Thread(target=self._work, args=(found.id,), name="garbage", daemon=True)
                self._thread.start()
        return found

    def look(self, principal: Principal, id: str, *, offset: int = 0, limit: int = 1000) -> tuple[Pass, list[Garbage]]:
        """How far a pass has come, and a part of what it has found so far."""
        self._require_admin(principal)
        with self._lock:
            held = self._passes.get(id)
            if held is not None:
                return held[0], held[1][offset : offset + limit]
        stored = self._repository.find(id)
        if stored is None:
            raise PassNotFound(f"There is no pass {id!r}.")
        return _as_left(stored), []

    def latest(self, principal: Principal) -> list[Pass]:
        """The last passes, newest first."""
        self._require_admin(principal)
        stored = self._repository.latest()
        with self._lock:
            live = {id: held[0] for id, held in self._passes.items()}
        return [live.get(each.id) or _as_left(each) for each in stored]

    def wait(self) -> None:
        """Until the pass under way is over."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def _work(self, id: str) -> None:
        error = None
        with self._lock:
            request, started = self._passes[id][0].request, self._passes[id][0].started_at
        before = started - round(request.older_than.total_seconds() * 1000)
        try:
            told = functools.partial(self._at_work_on, id)
            for item in collected(self._collectors, request, before, at_work_on=told):
                self._add(id, item)
        except Exception as problem:
            log.exception("Collecting garbage has failed")
            error = f"{type(problem).__name__}: {problem}"
        with self._lock:
            found, items = self._passes[id]
            ended = replace(found, ended_at=epoch_ms(self._clock.now()), at_work_on=None, error=error)
            self._passes[id] = (ended, items)
        self._repository.update(ended)

    def _at_work_on(self, id: str, kind: Kind) -> None:
        with self._lock:
            found, items = self._passes[id]
            self._passes[id] = (replace(found, at_work_on=kind), items)

    def _add(self, id: str, item: Garbage) -> None:
        with self._lock:
            found, items = self._passes[id]
            items.append(item)
            # A new one, not a changed one: somebody who has looked may be reading it at this moment.
            totals = {**found.totals, item.kind: found.totals.get(item.kind, Total()).plus(item)}
            self._passes[id] = (replace(found, totals=totals), items)

    def _require_admin(self, principal: Principal) -> None:
        if not principal.is_admin:
            raise Denied(f"{principal} may not collect garbage: only administrators may.")


def _as_left(stored: Pass) -> Pass:
    """A pass of which only the row is known: one without an end was abandoned."""
    return stored if stored.ended_at is not None else replace(stored, error=_ABANDONED, ended_at=stored.started_at)
