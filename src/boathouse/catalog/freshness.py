"""What a process remembers, and when it forgets it.

Grants and tokens are asked about on every request, so each process keeps what it has read. A change counts up a counter
in the database, in the transaction of the change; a process looks at the counter at most once per ``CHECK_SECONDS`` and
begins anew when it has moved. Its own changes it knows at once.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from boathouse.catalog.repository import Connection, generations
from boathouse.metastore import Database

CHECK_SECONDS = 1.0
"""How long a change made by another process can stay unnoticed."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Held(Generic[T]):
    value: T
    generation: int
    check_at: float


class Fresh(Generic[T]):
    """A memory that belongs to one generation; replaced whole, so that a slow reader never fills the new one with old
    rows."""

    def __init__(
        self, database: Database, name: str, make: Callable[[], T], *, check_seconds: float = CHECK_SECONDS
    ) -> None:
        self._database = database
        self._name = name
        self._make = make
        self._check_seconds = check_seconds
        self._lock = threading.Lock()
        self._held = _Held(make(), -1, 0.0)

    def current(self) -> T:
        """What is remembered now. Take it before reading the rows that you are going to add."""
        held = self._held
        return held.value if time.monotonic() < held.check_at else self._checked()

    def bump(self, connection: Connection) -> int:
        """Tell everybody that something has changed; call it in the transaction of the change."""
        return generations.bump(connection, self._name)

    def renew(self, generation: int) -> None:
        """Forget; call it when the transaction that returned ``generation`` has committed."""
        with self._lock:
            if generation > self._held.generation:
                self._held = _Held(self._make(), generation, time.monotonic() + self._check_seconds)

    def _checked(self) -> T:
        with self._lock:
            held = self._held
            if time.monotonic() < held.check_at:
                return held.value
            with self._database.read() as connection:
                generation = generations.current(connection, self._name)
            value = held.value if generation == held.generation else self._make()
            self._held = _Held(value, generation, time.monotonic() + self._check_seconds)
            return value
