"""A breaker: a version that hangs is not asked by every request, each of which would wait out its deadline."""

import threading
import time
from collections.abc import Callable

FAILURES = 5
"""Slow failures in a row after which a version is only tried from time to time."""
SECONDS = 1.0
"""How long it is left alone between two tries."""
SLOW_SECONDS = 0.1
"""A failure that took no longer costs nobody anything: a model that refuses one caller's rows goes on being asked."""


class Breaker:
    """Of one version in one worker; for any thread. Worth having only where a rung below can answer instead."""

    __slots__ = ("_failures", "_lock", "_next_try", "_now")

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._failures = 0
        self._next_try = 0.0
        self._now = now
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether the version is being left alone."""
        return self._failures >= FAILURES

    def allows(self) -> bool:
        """Whether the version may be asked now. While it is open, one request per second is let through."""
        if self._failures < FAILURES:
            return True
        with self._lock:
            now = self._now()
            if self._failures >= FAILURES and now < self._next_try:
                return False
            self._next_try = now + SECONDS
            return True

    def succeeded(self) -> None:
        if self._failures:
            with self._lock:
                self._failures = 0

    def failed(self, took_seconds: float) -> None:
        if took_seconds < SLOW_SECONDS:
            return
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES:
                self._next_try = self._now() + SECONDS
