"""How many requests one endpoint takes at once in one worker: so many are under way, so many wait."""

import asyncio
from collections import deque

from boathouse.serving.answering.refusals import TooMany
from boathouse.serving.endpoints.policy import Limits


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
