"""A stream that runs: once over what is there, or on and on until somebody says stop."""

import logging
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import Event
from typing import Any

from boathouse.foundation.errors import Unavailable
from boathouse.serving.streaming.nouns import Round, Stream, Trigger
from boathouse.serving.streaming.rounds import StreamRounds
from boathouse.session import Session

log = logging.getLogger(__name__)

_LONGEST_PAUSE_SECONDS = 60.0


def run(
    session: Session,
    stream: Stream,
    trigger: Trigger,
    *,
    every_seconds: float = 1.0,
    told: Callable[[Round], None] = lambda _: None,
    stop: Event | None = None,
) -> int:
    """Run a stream; gives how many rows it has written.

    With ``processing_time`` it goes on until ``stop`` is set, or SIGTERM or SIGINT comes; a round under way is finished
    first. While something does not answer it waits, longer each time.

    Args:
        told: Told of each round that wrote something.
    """
    total, pause = 0, every_seconds
    with until_told(stop) as ended, StreamRounds(session, stream) as rounds:
        while not ended.is_set():
            try:
                done = rounds.round()
                pause = every_seconds
            except Unavailable as error:
                if trigger is Trigger.AVAILABLE_NOW:
                    raise
                log.warning("The stream %s waits %.1f s: %s", stream.name, pause, error)
                ended.wait(pause)
                pause = min(2 * max(pause, 0.5), _LONGEST_PAUSE_SECONDS)
                continue
            total += done.rows
            if done.output_version is not None:
                told(done)
            if done.is_more:
                continue
            if trigger is Trigger.AVAILABLE_NOW:
                break
            while not ended.wait(every_seconds) and not rounds.has_more():
                pass
    return total


@contextmanager
def until_told(stop: Event | None) -> Generator[Event]:
    """The event that is given, else one that a signal to this process sets."""
    if stop is not None or threading.current_thread() is not threading.main_thread():
        yield stop or Event()
        return
    told = Event()

    def hear(*_: Any) -> None:
        told.set()

    before = {number: signal.signal(number, hear) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
