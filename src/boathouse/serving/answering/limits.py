"""How much one endpoint takes in one worker: how often a principal may ask, and how many requests are under way."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from boathouse.serving.answering.refusals import TooMany
from boathouse.serving.endpoints.policy import Limits

_MOST_PRINCIPALS = 10_000


class Rates:
    """A bucket for each principal: it holds what may be asked in one second, and fills as fast."""

    def __init__(self, per_second: float, *, now: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._most = max(1.0, per_second)
        self._now = now
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, principal: str) -> None:
        """
        Raises:
            TooMany: The principal has asked more often than it may.
        """
        now = self._now()
        left, at = self._buckets.get(principal, (self._most, now))
        left = min(self._most, left + (now - at) * self._per_second)
        if left < 1.0:
            self._buckets[principal] = (left, now)
            raise TooMany(
                f"{principal} asks more often than {self._per_second:g} times a second.",
                hint="Ask more slowly, or send several rows in one request.",
                retry_after_seconds=(1.0 - left) / self._per_second,
            )
        if len(self._buckets) >= _MOST_PRINCIPALS:
            self._forget_full(now)
        self._buckets[principal] = (left - 1.0, now)

    def _forget_full(self, now: float) -> None:
        """Whoever has not asked for long has a full bucket, as if never known."""
        full_after = self._most / self._per_second
        self._buckets = {who: (left, at) for who, (left, at) in self._buckets.items() if now - at < full_after}


class Slots:
    """How many requests may be under way; a bounded number waits. For one event loop."""

    def __init__(self, limits: Limits) -> None:
        self._free = limits.concurrency
        self._most_waiting = limits.queue
        self._waiting: deque[asyncio.Future[None]] = deque()
        self.under_way = 0

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    async def take(self, seconds: float) -> None:
        """Returns when a slot is ours; give it back.

        Raises:
            TooMany: So many wait already that there is no room for one more.
            TimeoutError: None came free in time.
        """
        if self._free > 0:
            self._free -= 1
            self.under_way += 1
            return
        if len(self._waiting) >= self._most_waiting:
            raise TooMany(
                f"{self.under_way} requests are under way and {len(self._waiting)} wait; there is no room for more.",
                hint="Try again in a moment, or raise limits.concurrency or limits.queue of the endpoint.",
            )
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await asyncio.wait_for(place, seconds)
        except BaseException:
            if place.done() and not place.cancelled():  # it came just then; the next one shall have it
                self.give_back()
            elif place in self._waiting:
                self._waiting.remove(place)
            raise

    def give_back(self) -> None:
        self.under_way -= 1
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                self.under_way += 1
                place.set_result(None)
                return
        self._free += 1
