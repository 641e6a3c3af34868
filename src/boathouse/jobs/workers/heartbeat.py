"""Keeps a worker's lease for as long as it lives, in a thread of its own: neither a slow look for work nor the end of
long tasks may cost it the lease."""

import logging
import threading
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from boathouse.foundation.errors import Unavailable
from boathouse.jobs.workers.fence import Fence
from boathouse.jobs.workers.leases import RENEW_SECONDS, LeaseLost, Leases

log = logging.getLogger(__name__)

_AGAIN_SECONDS = 0.5
"""How soon to try again when the database did not answer; the fence bounds how often."""


class Heartbeat:
    """Renews a lease until it is lost, or nobody needs it any more."""

    def __init__(self, leases: Leases, executor_id: str, fence: Fence, on_loss: Callable[[], None]) -> None:
        self._leases = leases
        self._executor_id = executor_id
        self._fence = fence
        self._on_loss = on_loss
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin a new life under the name."""
        self._leases.acquire(self._executor_id)
        self._fence.start()
        self._thread.start()

    def stop(self) -> None:
        """Let others have what we hold."""
        self._over.set()
        self._thread.join()
        self._leases.release(self._executor_id)

    def _beat(self) -> None:
        wait = RENEW_SECONDS
        while not self._over.wait(wait):
            asked_at = self._fence.now()
            try:
                self._leases.renew(self._executor_id)
            except LeaseLost as error:
                log.error("%s", error)
                self._on_loss()
                return
            except (Unavailable, DBAPIError) as error:
                log.warning("The lease could not be renewed: %s", error)
                wait = _AGAIN_SECONDS
                continue
            self._fence.renewed(asked_at)
            wait = RENEW_SECONDS
