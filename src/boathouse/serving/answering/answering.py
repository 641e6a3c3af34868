"""One endpoint that answers: read the request, choose who answers, ask, fall if need be, keep what happened, answer.

What is fast is done at once, in the event loop; everything else in threads of the endpoint's own, at most so many, so
that one that hangs keeps nobody else waiting.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from boathouse.foundation.errors import BoathouseError
from boathouse.serving.answering.features import FeaturesFell, Filled
from boathouse.serving.answering.limits import Slots
from boathouse.serving.answering.loaded import Loaded, Wanted
from boathouse.serving.answering.outcomes import Failed, NotBegun, Outcome, Progress, answered, refused
from boathouse.serving.answering.rates import Rates, own_slots
from boathouse.serving.answering.refusals import FeaturesFailed, ModelFailed, NotReady, TookTooLong, error_answer
from boathouse.serving.answering.requests import CONTENT_TYPE_JSON, Answer, Asked
from boathouse.serving.answering.rungs import Rungs
from boathouse.serving.answering.ways import FAST_ROWS, Way
from boathouse.serving.capture.nouns import Journal
from boathouse.serving.fallback.ladder import Fallen, Ladder, NoRung
from boathouse.serving.routing.choosing import Router
from boathouse.serving.routing.shadowing import Shadows, ShadowTask
from boathouse.serving.scoring.nouns import ModelAway, Payload
from boathouse.serving.scoring.payloads import read_payload
from boathouse.serving.snapshot.nouns import LiveEndpoint, LiveRoute
from boathouse.serving.telemetry.counters import Counters
from boathouse.serving.telemetry.nouns import Series

log = logging.getLogger(__name__)

FAST_BYTES = 256 * 1024
"""Longer bodies are not read in the event loop."""
_MOST_THREADS = 32
_LONGEST_WHY = 500


@dataclass(frozen=True, slots=True)
class Tools:
    """What a worker lends to its endpoints."""

    journal: Journal
    counters: Counters
    offer_shadow: Callable[[ShadowTask], object]
    fell: Callable[[LiveEndpoint, Fallen], object]
    """Told of each answer that came from a rung below."""
    rates: Any = field(default_factory=own_slots)
    """What ``rates.shared_slots`` gives."""


class Answering:
    """One endpoint in one worker. For one event loop."""

    def __init__(self, endpoint: LiveEndpoint, loaded: Mapping[tuple[object, ...], Loaded], tools: Tools) -> None:
        """
        Args:
            loaded: What its entities are, by ``Wanted.key``; those of its routes must be there.
        """
        self.endpoint = endpoint
        self.loaded = loaded
        self._tools = tools
        self._journal = tools.journal
        limits = endpoint.policy.limits
        self._limits = limits
        self._most_rows = limits.rows
        self._seconds = limits.deadline_ms / 1000
        self._captures = endpoint.capture is not None and endpoint.capture.is_enabled
        self._rules = endpoint.policy.features
        self._rungs = Rungs(endpoint, loaded)
        self._ladder = Ladder(endpoint, self._rungs.open)
        self._router = Router(endpoint)
        self._shadows = Shadows(endpoint)
        self._others = tools.counters.of(Series(endpoint.endpoint_id, "", ""))
        self._ways: dict[tuple[str, str], Way] = {}
        for route in endpoint.routes:
            self._ways[route.entity_id, route.role] = self._way(route)
        self._only = None if endpoint.policy.experiment or len(endpoint.routes) != 1 else self._first()
        per_second = limits.requests_per_second
        self.rates = None if per_second is None else Rates(per_second, tools.rates, endpoint.endpoint_id)
        self.slots = Slots(limits)
        self.body_bytes = limits.body_bytes
        self._threads: ThreadPoolExecutor | None = None

    @property
    def is_busy(self) -> bool:
        return self.slots.under_way > 0 or self.slots.waiting > 0

    def require_ready(self) -> None:
        """
        Raises:
            NotReady: It has nobody who answers yet; the message says what is missing.
        """
        if not self._ways:
            why = self.endpoint.why or "Nothing of what it serves is there yet."
            raise NotReady(f"Endpoint {self.endpoint.name} is not ready: {why}")

    def answer(self, asked: Asked) -> Answer | Awaitable[Answer]:
        """The answer, or who will bring it. Raises nothing: errors are answers."""
        if len(asked.body) > FAST_BYTES:
            return self._later(asked, None, None)
        way: Way | None = None
        try:
            payload = read_payload(asked.body, asked.content_type, most_rows=self._most_rows)
            way = self._only if self._only is not None and asked.named is None else self._chosen(asked, payload)
            if not way.is_fast or payload.rows > FAST_ROWS or (way.breaker is not None and way.breaker.is_open):
                return self._later(asked, payload, way)
            try:
                return self._finish(asked, self._asked(way, payload, at_once=True))
            except BoathouseError:
                raise
            except Exception as error:  # whatever a model raises, somebody below may answer
                if self._ladder:
                    return self._fallen_later(asked, payload, way, error)
                raise self._failed(way, error) from error
        except BoathouseError as error:
            return self._refuse(asked, way, error)

    def refused(self, asked: Asked, error: BoathouseError) -> Answer:
        """The answer to a request that is not even read; counted, and not kept."""
        answer = error_answer(error, asked.request_id)
        self._others.count(answer.status, (time.perf_counter() - asked.begun) * 1000, 0)
        return answer

    def close(self) -> None:
        """After the last request. What is loaded is closed by whoever loaded it."""
        if self._threads is not None:
            self._threads.shutdown(wait=False)
        self._ladder.close()

    def scored(self, entity_id: str, payload: Payload) -> tuple[bytes, Any, bytes | None]:
        """Body, predictions and features used of one entity, for a shadow; in the caller's thread."""
        entity = next(each for each in self.endpoint.entities if each.entity_id == entity_id)
        wanted = Wanted(entity, self._limits, self.endpoint.features.get(entity_id))
        way = Way(self.endpoint, LiveRoute(entity_id, 0, "shadow"), self.loaded[wanted.key], self._tools.counters)
        outcome = self._asked(way, payload, at_once=True)  # shadows do not gather with those who answer
        return outcome.body, outcome.predictions, outcome.features

    def _first(self) -> Way:
        return next(iter(self._ways.values()))

    def _way(self, route: LiveRoute) -> Way:
        entity = next(each for each in self.endpoint.entities if each.entity_id == route.entity_id)
        wanted = Wanted(entity, self._limits, self.endpoint.features.get(route.entity_id))
        return Way(self.endpoint, route, self.loaded[wanted.key], self._tools.counters)

    def _chosen(self, asked: Asked, payload: Payload) -> Way:
        route = self._router.choose(asked.request_id, self._router.key_of(payload), asked.named)
        way = self._ways.get((route.entity_id, route.role))
        if way is None:
            way = self._ways[route.entity_id, route.role] = self._way(route)
        return way

    def _asked(self, way: Way, payload: Payload, *, at_once: bool = False) -> Outcome:
        """Features and model, one after the other.

        Args:
            at_once: In the event loop, where nobody can be waited for.
        """
        used: bytes | None = None
        scorer = way.scorer
        if way.features is not None:
            filled = way.features.fill(payload, self._rules)
            used = filled.used
            if scorer is None:
                return Outcome(way, payload, b'{"outputs": ' + way.features.outputs(filled) + b"}", None, used)
            arrays = scorer.read(filled.payload)
        else:
            assert scorer is not None
            arrays = scorer.read(payload)
        predictions = scorer.predict(arrays, payload.params) if at_once else way.predict(arrays, payload)
        return Outcome(way, payload, b'{"predictions": ' + scorer.answer(predictions) + b"}", predictions, used)

    async def _later(self, asked: Asked, payload: Payload | None, way: Way | None) -> Answer:
        progress = Progress(payload, way)
        try:
            try:
                outcome = await self._in_thread(asked, self._worked, asked, progress)
            except TimeoutError as error:
                if progress.way is not None and progress.way.breaker is not None and not isinstance(error, NotBegun):
                    progress.way.breaker.failed(self._seconds)
                outcome = await self._at_the_deadline(asked, progress, error)
            return self._finish(asked, outcome)
        except Failed as failed:
            return self._refuse(asked, failed.way, failed.error)
        except BoathouseError as error:
            return self._refuse(asked, progress.way, error)

    async def _in_thread(self, asked: Asked, work: Callable[..., Outcome], *arguments: Any) -> Outcome:
        """What a thread of ours comes to.

        Raises:
            TimeoutError: It has not come to an end by the deadline, and goes on.
            NotBegun: None was free until then.
        """
        until = asked.begun + self._seconds
        try:
            await self.slots.take(until - time.perf_counter())
        except TimeoutError as error:
            raise NotBegun from error
        running = asyncio.get_running_loop().run_in_executor(self._executor(), work, *arguments)
        running.add_done_callback(self._done)
        return await asyncio.wait_for(asyncio.shield(running), max(0.0, until - time.perf_counter()))

    def _done(self, work: "asyncio.Future[Any]") -> None:
        """Only when the thread has really ended: a request that nobody waits for still takes a slot."""
        self.slots.give_back()
        if not work.cancelled():
            work.exception()  # it was told to whoever waited

    def _worked(self, asked: Asked, progress: Progress) -> Outcome:
        """In a thread: everything up to the answer."""
        try:
            payload = progress.payload
            if payload is None:
                payload = progress.payload = read_payload(asked.body, asked.content_type, most_rows=self._most_rows)
            way = progress.way
            if way is None:
                way = progress.way = self._chosen(asked, payload)
            return self._tried(asked, payload, way)
        except BoathouseError as error:
            raise Failed(progress.way, error) from error

    def _tried(self, asked: Asked, payload: Payload, way: Way) -> Outcome:
        breaker = way.breaker
        if breaker is None:
            try:
                return self._asked(way, payload)
            except BoathouseError:
                raise
            except Exception as error:
                raise self._failed(way, error) from error
        if not breaker.allows():
            return self._fallen(asked, payload, way, ModelFailed("it has failed again and again, and is left alone"))
        began = time.monotonic()
        try:
            outcome = self._asked(way, payload)
        except BoathouseError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever a model raises, somebody below may answer
            breaker.failed(time.monotonic() - began)
            return self._fallen(asked, payload, way, error)
        breaker.succeeded()
        return outcome

    def _fallen(
        self, asked: Asked, payload: Payload, way: Way, failed: Exception, *, is_late: bool = False
    ) -> Outcome:  # fmt: skip
        """The answer of a rung below.

        Raises:
            BoathouseError: None can answer.
        """
        until = time.monotonic() if is_late else time.monotonic() + self._seconds - (time.perf_counter() - asked.begun)
        filled = None if isinstance(failed, FeaturesFell) or is_late else self._filled(way, payload)
        try:
            values = filled.values if filled is not None else None
            fallen = self._ladder.answer(payload, values, failed, routed=way.entity.entity_id, until=until)
        except NoRung as none:
            if is_late:
                raise self._too_late() from none
            raise self._failed(way, none, failed) from none
        used = filled.used if filled is not None else None
        return Outcome(way, payload, b'{"predictions": ' + fallen.answer + b"}", None, used, fallen)

    def _filled(self, way: Way, payload: Payload) -> Filled | None:
        """The features for rules, which take them by name; read again, since falls are rare."""
        try:
            return None if way.features is None else way.features.fill(payload, self._rules)
        except (BoathouseError, FeaturesFell):
            return None

    async def _fallen_later(self, asked: Asked, payload: Payload, way: Way, failed: Exception) -> Answer:
        """Rungs may be slow, so they are asked in a thread."""
        try:
            try:
                outcome = await self._in_thread(asked, self._fallen, asked, payload, way, failed)
            except TimeoutError as error:
                outcome = await self._at_the_deadline(asked, Progress(payload, way), error)
            return self._finish(asked, outcome)
        except BoathouseError as error:
            return self._refuse(asked, way, error)

    async def _at_the_deadline(self, asked: Asked, progress: Progress, error: TimeoutError) -> Outcome:
        """What rules and constants answer; no model is asked any more.

        Raises:
            TookTooLong: There is none, or it is not even known yet of whom something was asked.
        """
        late = self._too_late()
        payload, way = progress.payload, progress.way
        if not self._ladder or payload is None or way is None:
            raise late from error
        return await asyncio.to_thread(self._fallen, asked, payload, way, late, is_late=True)

    def _finish(self, asked: Asked, outcome: Outcome) -> Answer:
        """Keep, count, answer. What has status 200 is in the journal by then."""
        way, payload, fallen = outcome.way, outcome.payload, outcome.fallen
        took = time.perf_counter() - asked.begun
        if self._captures or self._shadows:
            exchange = answered(self.endpoint, asked, outcome, took)
            if self._captures:
                self._journal.write(exchange)
            if self._shadows:
                for task in self._shadows.of(payload, exchange):
                    self._tools.offer_shadow(task)
        way.counter.count(200, took * 1000, payload.rows, outcome.predictions, fallen=fallen is not None)
        if fallen is not None:
            self._tools.fell(self.endpoint, fallen)
        headers = [CONTENT_TYPE_JSON, ("x-request-id", asked.request_id), *outcome.headers]
        return Answer(200, headers, outcome.body)

    def _refuse(self, asked: Asked, way: Way | None, error: BoathouseError) -> Answer:
        """An answer that tells of an error; kept too, where the endpoint has read what was asked."""
        took = time.perf_counter() - asked.begun
        answer = error_answer(error, asked.request_id, way.headers if way is not None else None)
        (self._others if way is None else way.counter).count(answer.status, took * 1000, 0)
        if self._captures and answer.status not in (413, 415, 429, 503):
            try:
                self._journal.write(refused(self.endpoint, asked, way, answer, error, took))
            except BoathouseError:
                log.debug("A refused request is not kept: the journal is full.")
        return answer

    def _failed(self, way: Way, error: Exception, first: Exception | None = None) -> BoathouseError:
        """What the caller is told; ``first`` is what the routed version said, before others were asked."""
        said = " ".join(str(error).split())[:_LONGEST_WHY] or type(error).__name__
        if isinstance(first or error, ModelAway):
            return NotReady(f"{way.shown} cannot answer at the moment: {said}.")
        if isinstance(error, FeaturesFell):
            return FeaturesFailed(f"{way.shown} cannot answer: {said}.", hint="No rung below could answer either.")
        # What it said may quote what was sent.
        log.warning("%s failed: %s", way.shown, type(error).__name__ if self.endpoint.masked_columns else said)
        return ModelFailed(f"{way.shown} failed: {said}")

    def _too_late(self) -> TookTooLong:
        return TookTooLong(
            f"Endpoint {self.endpoint.name} has not answered within {self._limits.deadline_ms} ms.",
            hint="Send fewer rows, or raise limits.deadline_ms of the endpoint.",
        )

    def _executor(self) -> ThreadPoolExecutor:
        if self._threads is None:
            most = min(self._limits.concurrency, _MOST_THREADS)
            self._threads = ThreadPoolExecutor(most, thread_name_prefix=f"endpoint-{self.endpoint.name}")
        return self._threads
