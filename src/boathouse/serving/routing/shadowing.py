"""Shadows: versions that see the traffic and answer nobody.

A worker's requests put what they were asked into a queue, and go on. One thread works it off, in what time is left
over: while the worker is busy answering, shadows may take a few hundredths of the time. What does not fit is dropped,
and counted.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Protocol

from boathouse.serving.capture.nouns import SHADOW_SUFFIX, Exchange
from boathouse.serving.scoring.nouns import Payload
from boathouse.serving.snapshot.nouns import LiveEndpoint, LiveEntity, LiveShadow

log = logging.getLogger(__name__)

SHADOW = "shadow"

MOST_WAITING = 256
MOST_BYTES = 32 * 1024 * 1024
"""Of request bodies that wait."""
_BUSY = 0.3
"""A worker that spends more of the time than this on answers is busy. Their durations tell, not the processor's time:
on a machine that others keep busy, a worker that has more to do than it can uses little of it."""
_SHARE_WHEN_BUSY = 0.03
"""Small, since whoever waits for the interpreter meanwhile waits for all of a task."""
_LONGEST_PAUSE = 1.0
_LOOK_SECONDS = 0.05

_SCALE = 1.0 / 2**64


@dataclass(frozen=True, slots=True)
class Shadowed:
    """What a shadow has said."""

    response: bytes
    """The body, as a caller would have got it."""
    predictions: Any = None
    """For the histogram of predictions."""
    features: bytes | None = None


class ScoreShadow(Protocol):
    def __call__(self, entity_id: str, payload: Payload) -> Shadowed | None:
        """Read features and predict, as for a caller; any exception is the shadow's failure, and is counted. None:
        since the task was taken, it has become no shadow any more."""
        ...


class WriteShadow(Protocol):
    def __call__(self, exchange: Exchange, predictions: Any, rows: int) -> None:
        """Capture and count; called from the shadow's thread alone."""
        ...


@dataclass(slots=True)
class ShadowTask:
    """One request for one shadow; made for every request, so it is not frozen, which would take four times as long."""

    entity_id: str
    version: int | None
    payload: Payload
    exchange: Exchange
    """Of the caller."""
    number: int = 0
    """Which shadow of the endpoint."""


class _Watching:
    """A shadow, and the entities of its endpoint that are the same version."""

    def __init__(self, shadow: LiveShadow, entities: Mapping[str, LiveEntity]) -> None:
        own = entities.get(shadow.entity_id)
        self.shadow = shadow
        self.version = None if own is None else own.version
        self.same = frozenset(
            id for id, each in entities.items() if own is not None and _identity(each) == _identity(own)
        )


def _identity(entity: LiveEntity) -> tuple[str, int | None]:
    return entity.entity, entity.version


class Shadows:
    """Which shadows of an endpoint see a request; compiled once."""

    def __init__(self, endpoint: LiveEndpoint) -> None:
        entities = {each.entity_id: each for each in endpoint.entities}
        self._shadows = [_Watching(shadow, entities) for shadow in endpoint.shadows]

    def __bool__(self) -> bool:
        return bool(self._shadows)

    def of(self, payload: Payload, exchange: Exchange) -> list[ShadowTask]:
        """The tasks that a request means, by the shares of the shadows. What the shadow's own version has answered, as
        a canary does, is not asked again."""
        return [
            ShadowTask(each.shadow.entity_id, each.version, payload, exchange, number)
            for number, each in enumerate(self._shadows)
            if exchange.entity_id not in each.same and _sees(each.shadow, exchange.request_id)
        ]


class ShadowQueue:
    """Of one worker. ``offer`` never waits, and takes no lock; the thread begins with the first task."""

    def __init__(
        self, score: ScoreShadow, write: WriteShadow, *, most: int = MOST_WAITING, most_bytes: int = MOST_BYTES
    ) -> None:
        self._score = score
        self._write = write
        self._most = most
        self._most_bytes = most_bytes
        self._waiting: deque[ShadowTask] = deque()
        self._answering_us = 0
        self._bytes_in = 0
        self._bytes_out = 0
        self._there_is_one = threading.Event()
        self._is_idle = False
        self._stopping = False
        self._thread: threading.Thread | None = None
        self.dropped = 0
        self.scored = 0
        self.failed = 0

    def offer(self, task: ShadowTask) -> bool:
        """Put a request into the queue; False: there was no room, and it is counted as dropped. For one thread."""
        self._answering_us += task.exchange.duration_us
        if len(self._waiting) >= self._most or self._stopping:
            self.dropped += 1
            return False
        size = len(task.exchange.request)
        if self._bytes_in - self._bytes_out + size > self._most_bytes:
            self.dropped += 1
            return False
        self._bytes_in += size
        self._waiting.append(task)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="shadows", daemon=True)
            self._thread.start()
        elif self._is_idle:
            self._there_is_one.set()
        return True

    def __len__(self) -> int:
        return len(self._waiting)

    def close(self, *, wait_seconds: float = 2.0) -> None:
        """Take no more; what waits is worked off if that is quick, and dropped otherwise."""
        self._stopping = True
        self._there_is_one.set()
        if self._thread is not None:
            self._thread.join(wait_seconds)
        self.dropped += len(self._waiting)
        self._waiting.clear()

    def _work(self) -> None:
        pace = _Pace(lambda: self._answering_us / 1e6)
        while True:
            try:
                task = self._waiting.popleft()
            except IndexError:
                if self._stopping:
                    return
                self._rest_until_there_is_one()
                continue
            self._bytes_out += len(task.exchange.request)
            began = time.monotonic()
            self._done(task)
            if not self._stopping:
                pace.rest(time.monotonic() - began)

    def _rest_until_there_is_one(self) -> None:
        self._there_is_one.clear()
        self._is_idle = True
        if not self._waiting and not self._stopping:  # else it came before anybody could know that we are idle
            self._there_is_one.wait()
        self._is_idle = False

    def _done(self, task: ShadowTask) -> None:
        began = time.perf_counter()
        received = time.time_ns() // 1000
        try:
            found = self._score(task.entity_id, task.payload)
            if found is None:
                return
            status, problem = 200, None
            self.scored += 1
        except Exception as error:  # noqa: BLE001  # whatever a shadow does is its own affair
            self.failed += 1
            found, status, problem = Shadowed(b""), 500, f"{type(error).__name__}: {error}"[:500]
        took = round((time.perf_counter() - began) * 1e6)
        try:
            self._write(_exchange(task, found, status, problem, (received, took)), found.predictions, task.payload.rows)
        except Exception:
            log.warning("What a shadow has said could not be captured.", exc_info=True)


class _Pace:
    """How long the shadows rest after a task, so that callers do not notice them."""

    def __init__(
        self,
        answering: Callable[[], float],
        wall: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """
        Args:
            answering: Seconds that the answers of callers have taken until now.
        """
        self._answering, self._wall, self._sleep = answering, wall, sleep
        self._looked_at, self._answered = wall(), answering()
        self._is_busy = True

    def rest(self, took: float) -> None:
        now = self._wall()
        if now - self._looked_at >= _LOOK_SECONDS:
            answered = self._answering()
            self._is_busy = (answered - self._answered) / (now - self._looked_at) > _BUSY
            self._looked_at, self._answered = now, answered
        pause = took * (1 / _SHARE_WHEN_BUSY - 1) if self._is_busy else 0.0
        self._sleep(min(pause, _LONGEST_PAUSE))  # even a sleep of 0 lets others run


def _sees(shadow: LiveShadow, request_id: str) -> bool:
    if shadow.percent >= 100:
        return True
    hashed = blake2b(request_id.encode("utf-8", "surrogatepass"), digest_size=8, salt=b"shadow")
    return int.from_bytes(hashed.digest()) * _SCALE < shadow.percent / 100


def _exchange(task: ShadowTask, found: Shadowed, status: int, problem: str | None, timed: tuple[int, int]) -> Exchange:
    received, took = timed
    return replace(
        task.exchange,
        request_id=f"{task.exchange.request_id}{SHADOW_SUFFIX}{task.number + 1 if task.number else ''}",
        entity_id=task.entity_id,
        version=task.version,
        role=SHADOW,
        received_at_us=received,
        duration_us=took,
        status=status,
        response=found.response,
        features=found.features,
        rung=None,
        why=problem,
    )
