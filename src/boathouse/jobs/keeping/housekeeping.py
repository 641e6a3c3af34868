"""Forgets what is old, once an hour, and when an administrator asks for it."""

import logging
import threading

from boathouse.catalog.law import Catalog
from boathouse.foundation.clock import Clock
from boathouse.foundation.errors import Denied
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.jobs.keeping.retention import Retention, RetentionSettings, Swept

log = logging.getLogger(__name__)

_FIRST_SECONDS = 60.0
"""After a start there is more urgent work."""


class Housekeeping:
    """Runs the retention."""

    def __init__(self, retention: Retention, settings: RetentionSettings, catalog: Catalog, clock: Clock) -> None:
        self._retention = retention
        self._settings = settings
        self._catalog = catalog
        self._clock = clock
        self._one_at_a_time = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look, in a thread of its own."""
        self._thread = threading.Thread(target=self._work, name="housekeeping", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take up nothing more; a sweep under way is left where it is, the next one goes on."""
        self._stopping.set()

    def clean(self, principal: Principal, *, dry_run: bool) -> Swept:
        """Forget what is old now, or say what would be forgotten."""
        with self._catalog.audit.verb(principal, "jobs", "clean", params={"dry_run": dry_run}):
            if not principal.is_admin:
                raise Denied(f"{principal} may not clean up runs: only administrators may.")
            with self._one_at_a_time:
                now = self._clock.now()
                return self._retention.preview(now) if dry_run else self._retention.sweep(now)

    def _work(self) -> None:
        seconds = _FIRST_SECONDS
        while not self._stopping.wait(seconds):
            seconds = self._settings.every_hours * 3600
            try:
                with self._one_at_a_time:
                    swept = self._retention.sweep(self._clock.now())
            except Exception:
                log.exception("What is old could not be forgotten; trying again in an hour.")
                continue
            if any(swept.to_json().values()):
                log.info(
                    "Forgotten: %s.", ", ".join(f"{count} {name}" for name, count in swept.to_json().items() if count)
                )
                self._catalog.audit.record(SYSTEM, "jobs", "forgetOld", params=swept.to_json())
