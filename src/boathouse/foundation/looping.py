"""Something that is done again and again, in a thread of its own, until it is told to stop."""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

_PAUSES_AFTER_ERROR = 4


class Loop:
    """Looks every so many seconds. An error ends a look and is written down, not the loop."""

    def __init__(self, name: str, seconds: float, look: Callable[[], object], *, trouble: str) -> None:
        """
        Args:
            trouble: What is said in the log when a look fails: ``Webhooks could not be told of events``.
        """
        self._name = name
        self._seconds = seconds
        self._look = look
        self._trouble = trouble
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more; a look under way comes to its end first."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while not self._stopping.wait(self._seconds):
            try:
                self._look()
            except Exception:
                log.exception("%s; trying again.", self._trouble)
                self._stopping.wait(self._seconds * _PAUSES_AFTER_ERROR)
