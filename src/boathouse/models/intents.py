"""Changes of two databases: written down in ours before MLflow is asked, struck out when both agree.

Whatever kills the process in between leaves the intent behind; the next start compares the two databases and completes
the change (see :mod:`boathouse.models.reconcile`).
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.gate import Gate
from boathouse.foundation.ids import new_id
from boathouse.foundation.principals import Principal
from boathouse.models.nouns import Intent, IntentKind
from boathouse.models.repository import ModelRepository

T = TypeVar("T")


class Intents:
    """Carries out changes of both databases, one at a time per subject."""

    def __init__(self, repository: ModelRepository, clock: Clock) -> None:
        self._repository = repository
        self._clock = clock
        self._locks: dict[str, threading.RLock] = defaultdict(threading.RLock)
        self._lock = threading.Lock()
        self._gate = Gate()

    def alone(self) -> AbstractContextManager[None]:
        """Nobody else changes anything during the block: where the databases differ, a killed process left them so."""
        return self._gate.closed()

    @contextmanager
    def alone_with(self, *subjects: str) -> Generator[None]:
        """Nobody else changes these subjects during the block. All changes pass through this one process."""
        with self._lock:
            locks = [self._locks[subject] for subject in sorted(set(subjects))]
        with self._gate.opened():
            for lock in locks:
                lock.acquire()
            try:
                yield
            finally:
                for lock in reversed(locks):
                    lock.release()

    def carry_out(
        self,
        kind: IntentKind,
        subject: str,
        principal: Principal,
        *,
        act: Callable[[], T],
        follow: Callable[[T], None],
        succeeded: Callable[[T], bool] = lambda _: True,
        details: dict[str, str] | None = None,
    ) -> T:
        """Write the intent, let MLflow ``act``, ``follow`` in our database if that ``succeeded``, strike the intent.

        An error of ``act`` strikes the intent: nothing happened. An error of ``follow`` leaves it for the next start.
        """
        with self._gate.opened():
            now = epoch_ms(self._clock.now())
            intent = Intent(new_id(), kind, subject, principal.name, details or {}, now)
            self._repository.open_intent(intent)
            try:
                result = act()
            except Exception:
                self._repository.close_intent(intent.id)
                raise
            if succeeded(result):
                follow(result)
            self._repository.close_intent(intent.id)
            return result
