"""How often a principal may ask, over all workers of a home: they share one file, mapped into their memory.

For each principal and endpoint it holds one number: the instant up to which what was asked is paid for. Workers do not
lock each other out; two that look at the very same time may let one request more through.
"""

import mmap
import os
import time
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

from boathouse.serving.answering.refusals import TooMany

_SLOTS = 1 << 18
"""So many that two principals hardly ever share one."""
_MOST_KNOWN = 10_000


def shared_slots(file: Path) -> Any:
    """The numbers of all workers."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if os.fstat(descriptor).st_size != _SLOTS * 8:
            os.ftruncate(descriptor, _SLOTS * 8)  # of which the disk keeps only what was ever written
        return memoryview(mmap.mmap(descriptor, _SLOTS * 8)).cast("d")
    finally:
        os.close(descriptor)


def own_slots() -> Any:
    """For a worker that shares with nobody."""
    return memoryview(bytearray(_SLOTS * 8)).cast("d")


class Rates:
    """Of one endpoint: what may be asked in one second may be asked at once, and comes again as fast."""

    def __init__(
        self, per_second: float, slots: Any, endpoint_id: str, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._pause = 1.0 / per_second
        self._ahead = (max(1.0, per_second) - 1.0) * self._pause
        self._slots = slots
        self._base = blake2b(endpoint_id.encode(), digest_size=8)
        self._now = now
        self._known: dict[str, int] = {}

    def take(self, principal: str) -> None:
        """
        Raises:
            TooMany: The principal has asked more often than it may.
        """
        at = self._known.get(principal)
        if at is None:
            at = self._slot_of(principal)
        now = self._now()
        paid = self._slots[at]
        # The clock begins anew with the machine: an instant far ahead is of another time.
        if paid < now or paid > now + self._ahead + 2 * self._pause:
            paid = now
        if paid > now + self._ahead + 1e-9:
            raise TooMany(
                f"{principal} asks more often than {self._per_second:g} times a second.",
                hint="Ask more slowly, or send several rows in one request.",
                retry_after_seconds=paid - self._ahead - now,
            )
        self._slots[at] = paid + self._pause

    def _slot_of(self, principal: str) -> int:
        hashed = self._base.copy()
        hashed.update(principal.encode("utf-8", "surrogatepass"))
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        at = self._known[principal] = int.from_bytes(hashed.digest()) % _SLOTS
        return at
