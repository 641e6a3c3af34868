"""One worker of the data plane: follows the snapshot, loads what is new beside what answers, and swaps.

What must not wait comes at once: tokens, rights, endpoints that are gone. What needs a model that is not loaded yet
comes when it is; until then the endpoint answers as it did before.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol

from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.home import Home
from boathouse.serving.answering.answering import Answering, Tools
from boathouse.serving.answering.authenticating import Doorkeeper
from boathouse.serving.answering.engine import Engine
from boathouse.serving.answering.loaded import Library, Loaded, Wanted, required_ids, wanted_by
from boathouse.serving.answering.rates import shared_slots
from boathouse.serving.answering.states import States
from boathouse.serving.capture.nouns import Exchange, Journal
from boathouse.serving.endpoints.worker_state import EndpointState
from boathouse.serving.routing.shadowing import Shadowed, ShadowQueue
from boathouse.serving.scoring.nouns import Payload
from boathouse.serving.snapshot.nouns import LiveEndpoint, Snapshot
from boathouse.serving.snapshot.reading import SnapshotFollower
from boathouse.serving.telemetry.counters import Counters
from boathouse.serving.telemetry.nouns import Series

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.2
FIRST_LOAD_SECONDS = 60.0
"""How long a worker that begins loads models before it takes its first request."""


class WorkerJournal(Journal, Protocol):
    """What a worker needs of a journal beside writing."""

    def follow(self, endpoints: Iterable[LiveEndpoint]) -> None: ...
    @property
    def waiting_bytes(self) -> int: ...
    @property
    def is_degraded(self) -> bool: ...


class ServingWorker:
    """Holds the engine in force. Everything but loading happens in the event loop's thread."""

    def __init__(self, home: Home, journal: WorkerJournal, counters: Counters, library: Library) -> None:
        self._journal = journal
        self.counters = counters
        self._library = library
        self._follower = SnapshotFollower(home)
        self._states = States(home.serving / "states", counters.file.stem)
        self._shadows = ShadowQueue(self._score_shadow, self._write_shadow)
        rates = shared_slots(home.serving / "rates")
        self._tools = Tools(journal, counters, self._shadows.offer, self._states.fell, rates)
        self._snapshot: Snapshot | None = None
        self.engine = Engine(0, Doorkeeper({}), {})
        self.has_snapshot = False
        self._retired: list[Answering] = []
        self._closing: list[Loaded] = []
        # One thread, which lives as long as the worker: a model's own process may end with the thread that began it.
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="loading")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._loading: asyncio.Task[None] | None = None
        self._looks = 0

    def begin(self) -> None:
        """Load everything before the first request comes; what takes too long comes later."""
        done = threading.Event()
        until = time.monotonic() + FIRST_LOAD_SECONDS

        def load() -> None:
            try:
                self._take(self._follower.read())
                for wanted in self._due():
                    if time.monotonic() > until:
                        return
                    self._library.load(wanted)
            except Exception:
                log.exception("The first snapshot could not be taken; trying again.")
            finally:
                done.set()

        self._loader.submit(load)
        while not done.wait(LOOK_SECONDS):
            self.counters.beat()
        self._build()

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._ticking = loop.create_task(self._tick())

    def stop(self) -> None:
        """End what runs beside requests; the last of them is over."""
        for task in (self._ticking, self._loading):
            if task is not None:
                task.cancel()
        self._shadows.close()
        for answering in [*self.engine.endpoints.values(), *self._retired]:
            answering.close()
        for loaded in [*self._library.let_go({}), *self._closing]:
            loaded.close()
        self._loader.shutdown(wait=False, cancel_futures=True)
        self._journal.close()
        self._states.close()

    @property
    def waiting(self) -> int:
        return sum(answering.slots.waiting for answering in self.engine.endpoints.values())

    @property
    def under_way(self) -> int:
        return sum(answering.slots.under_way for answering in self.engine.endpoints.values())

    def states(self) -> dict[str, EndpointState]:
        """How each endpoint is in this worker, by name."""
        return self._states.current

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._look()
            except Exception:
                log.exception("A change of what is served could not be taken over; trying again.")

    async def _look(self) -> None:
        self._looks += 1
        self.counters.beat()
        self.counters.tell(
            waiting=self.waiting,
            under_way=self.under_way,
            journal_bytes=self._journal.waiting_bytes,
            generation=self.engine.generation,
            degraded=self._journal.is_degraded,
            shadows_dropped=self._shadows.dropped,
        )
        if self._looks % 5 == 0:
            self.counters.look()
        if self._follower.is_changed():
            self._take(await asyncio.to_thread(self._follower.read))
            self._build()
        if self._loading is None and self._due():
            self._loading = asyncio.create_task(self._load())
        self._states.write(with_falls=self._looks % 5 == 0)
        self._close_what_is_over()

    async def _load(self) -> None:
        """Load what is missing, one after another, and use each as soon as it is there."""
        try:
            while due := self._due():
                await asyncio.get_running_loop().run_in_executor(self._loader, self._library.load, due[0])
                self._build()
        finally:
            self._loading = None

    def _take(self, snapshot: Snapshot | None) -> None:
        if snapshot is not None:
            self._snapshot = snapshot
            self.has_snapshot = True

    def _due(self) -> list[Wanted]:
        endpoints = self._snapshot.endpoints if self._snapshot is not None else ()
        found = {wanted.key: wanted for endpoint in endpoints for wanted in wanted_by(endpoint)}
        return [wanted for wanted in found.values() if self._library.is_due(wanted)]

    def _build(self) -> None:
        """Another engine, as far as everything is loaded; unchanged endpoints go on as they are."""
        snapshot = self._snapshot
        if snapshot is None:
            return
        before = self.engine.endpoints
        now: dict[str, Answering] = {}
        for endpoint in snapshot.endpoints:
            answering, missing = self._answering(endpoint, before.get(endpoint.name))
            now[endpoint.name] = answering
            lacking = {each.entity.name: self._library.why_not(each) for each in missing}
            self._states.put(endpoint, answering.endpoint, self._why(missing), lacking)
        self._states.keep(now)
        self._journal.follow([answering.endpoint for answering in now.values()])
        self._retired += [each for name, each in before.items() if now.get(name) is not each]
        self.engine = Engine(snapshot.generation, Doorkeeper(snapshot.tokens, snapshot.anyone), now)
        self._let_go(snapshot, now)

    def _answering(self, endpoint: LiveEndpoint, before: Answering | None) -> tuple[Answering, list[Wanted]]:
        """The endpoint as it can answer now, and what is missing so that it answers as it should."""
        wanted = {each.key: each for each in wanted_by(endpoint)}
        loaded = {key: found for key, each in wanted.items() if (found := self._library.get(each)) is not None}
        required = set(required_ids(endpoint))
        missing = [
            each for key, each in wanted.items()
            if key not in loaded and each.entity.entity_id in required and not each.baseline
        ]  # fmt: skip
        if missing and before is not None and before.endpoint.routes and _is_same(before.endpoint, endpoint):
            endpoint = _as_before(endpoint, before.endpoint)
            loaded = dict(before.loaded)
        elif missing:
            endpoint = replace(endpoint, routes=(), shadows=(), why=self._why(missing))
        else:
            endpoint = _without_shadows(endpoint, wanted, loaded)
        if before is not None and before.endpoint == endpoint and dict(before.loaded) == loaded:
            return before, missing
        return Answering(endpoint, loaded, self._tools), missing

    def _why(self, missing: Sequence[Wanted]) -> str | None:
        if not missing:
            return None
        entity = missing[0].entity
        shown = entity.entity if entity.version is None else f"{entity.entity}@{entity.version}"
        reason = self._library.why_not(missing[0])
        return f"{shown} is being loaded." if reason is None else f"{shown} does not load: {reason}"

    def _let_go(self, snapshot: Snapshot, now: dict[str, Answering]) -> None:
        keep = {wanted.key: None for endpoint in snapshot.endpoints for wanted in wanted_by(endpoint)}
        keep |= {key: None for answering in now.values() for key in answering.loaded}
        self._closing += self._library.let_go(keep)

    def _close_what_is_over(self) -> None:
        """What nobody uses any more: an old model goes when its last request is answered."""
        for answering in [each for each in self._retired if not each.is_busy]:
            self._retired.remove(answering)
            answering.close()
        used = {
            id(found) for each in [*self._retired, *self.engine.endpoints.values()] for found in each.loaded.values()
        }
        for loaded in [each for each in self._closing if id(each) not in used]:
            self._closing.remove(loaded)
            threading.Thread(target=loaded.close, name="closing", daemon=True).start()  # a process takes its time

    def _score_shadow(self, entity_id: str, payload: Payload) -> Shadowed | None:
        for answering in list(self.engine.endpoints.values()):
            if any(shadow.entity_id == entity_id for shadow in answering.endpoint.shadows):
                body, predictions, used = answering.scored(entity_id, payload)
                return Shadowed(body, predictions, used)
        return None

    def _write_shadow(self, exchange: Exchange, predictions: object, rows: int) -> None:
        """The journal and the counters are the event loop's."""

        def write() -> None:
            series = Series(exchange.endpoint_id, exchange.entity_id, exchange.role)
            self.counters.count(series, exchange.status, exchange.duration_us / 1000, rows, predictions)
            try:
                self._journal.write(exchange)
            except BoathouseError:
                log.debug("What a shadow has said is not kept: the journal is full.")

        if self._loop is not None:
            self._loop.call_soon_threadsafe(write)


def _is_same(one: LiveEndpoint, two: LiveEndpoint) -> bool:
    """Not only of the same name: another endpoint does not answer with the models of one that is gone."""
    return one.endpoint_id == two.endpoint_id


def _as_before(endpoint: LiveEndpoint, before: LiveEndpoint) -> LiveEndpoint:
    """The endpoint with who answered before: rights and limits are the new ones, models the old ones."""
    policy = endpoint.policy.model_copy(update={"limits": before.policy.limits})
    return replace(
        before, callers=endpoint.callers, policy=policy, capture=endpoint.capture, owner=endpoint.owner,
        masked_columns=endpoint.masked_columns, tagged_share=endpoint.tagged_share,
    )  # fmt: skip


def _without_shadows(
    endpoint: LiveEndpoint, wanted: dict[tuple[object, ...], Wanted], loaded: dict[tuple[object, ...], Loaded]
) -> LiveEndpoint:
    """A shadow that does not load keeps nobody from answering."""
    there = {wanted[key].entity.entity_id for key in loaded if not wanted[key].baseline}
    shadows = tuple(shadow for shadow in endpoint.shadows if shadow.entity_id in there)
    return endpoint if shadows == endpoint.shadows else replace(endpoint, shadows=shadows)
