"""Bodies of requests, read within bounds: of size, and of time, so that nobody can hold a worker by sending slowly."""

import asyncio
import time
from typing import Any

from boathouse.serving.answering.answering import Answering
from boathouse.serving.answering.engine import too_large
from boathouse.serving.answering.refusals import TooSlow

SECONDS = 30.0
"""How long a body may take."""
_SWEEP_SECONDS = 1.0


class Bodies:
    """Knows which bodies are being read. For one event loop."""

    def __init__(self, *, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._reading: dict[asyncio.Task[Any], float] = {}
        self._too_slow: set[asyncio.Task[Any]] = set()

    async def read(self, protocol: Any, length: str | None, answering: Answering) -> bytes:
        """The body.

        Raises:
            TooLarge: It has more bytes than the endpoint takes.
            TooSlow: It has not arrived in time.
        """
        task = asyncio.current_task()
        assert task is not None
        self._reading[task] = time.monotonic()
        try:
            if length is not None:
                return await protocol()
            return await _bounded(protocol, answering)
        except asyncio.CancelledError:
            if task not in self._too_slow:
                raise
            self._too_slow.discard(task)
            task.uncancel()
            raise TooSlow(
                f"The body has not arrived within {self._seconds:g} s.", hint="Send it again, without pauses."
            ) from None
        finally:
            self._reading.pop(task, None)

    async def sweep(self) -> None:
        """End what takes too long; a timer for each request would cost more than the request."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            late = time.monotonic() - self._seconds
            for task, since in list(self._reading.items()):
                if since < late:
                    self._too_slow.add(task)
                    task.cancel()


async def _bounded(protocol: Any, answering: Answering) -> bytes:
    """A body whose length nobody has said."""
    pieces: list[bytes] = []
    size = 0
    async for piece in protocol:
        size += len(piece)
        if size > answering.body_bytes:
            raise too_large(answering, size)
        pieces.append(piece)
    return b"".join(pieces)
