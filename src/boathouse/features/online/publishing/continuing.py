"""Publishing that goes on: after each new version, and whenever values become known, until somebody says stop."""

import logging
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from threading import Event
from typing import Any

from boathouse.features.online.moments import run_instant
from boathouse.features.online.nouns import Publication
from boathouse.features.online.publishing.once import Target, publish_once
from boathouse.features.online.publishing.sources import open_source
from boathouse.foundation.errors import Conflict, Unavailable
from boathouse.lake.log import DeltaLog
from boathouse.session import Session

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
"""How often the log is looked at for a new version."""

_LONGEST_PAUSE_SECONDS = 60.0


def publish_continuously(session: Session, target: Target, stop: Event | None) -> Publication:
    """Publish what changes until ``stop`` is set, or SIGTERM or SIGINT comes; gives the last publication. A publication
    under way is finished first.

    While the store does not answer, or somebody else publishes, it waits, longer each time. What the store has lost is
    published again.
    """
    last, pause = target.declared, POLL_SECONDS
    with _until_told(stop) as told:
        while not told.is_set():
            try:
                last = publish_once(session, target, everything=False)
                pause = POLL_SECONDS
                _wait_for_change(session, target, told)
            except (Unavailable, Conflict) as error:
                log.warning("Publishing %s waits %.1f s: %s", target.name, pause, error)
                told.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
    return last


def _wait_for_change(session: Session, target: Target, told: Event) -> None:
    source, _ = open_source(session, target.declared)
    history = DeltaLog(source.snapshot.location)
    while not told.wait(POLL_SECONDS):
        online = target.store.table(target.name)
        note = {} if online is None else online.meta
        due: int | None = note.get("next_known")
        if note.get("version") != history.latest() or (due is not None and due <= run_instant()):
            return


@contextmanager
def _until_told(stop: Event | None) -> Generator[Event]:
    """The event that is given, else one that a signal to this process sets."""
    if stop is not None:
        yield stop
        return
    told = Event()
    if threading.current_thread() is not threading.main_thread():
        yield told
        return

    def hear(*_: Any) -> None:
        told.set()

    before = {number: signal.signal(number, hear) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
