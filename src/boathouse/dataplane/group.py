# pyright: reportUnknownParameterType=false, reportUntypedBaseClass=false
"""The workers that answer: one process per processor, each started again when it dies, and killed when it hangs.

Each worker listens on the port itself, so the one that is gone gets no more connections, and the others go on.
"""

import logging
import os
import signal
import time
from collections import deque
from contextlib import suppress
from typing import Any

from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.server.mp import MPServer

from boathouse.dataplane.heartbeats import Heartbeats
from boathouse.dataplane.preloading import preload
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.home import Home
from boathouse.foundation.processes import die_with_parent
from boathouse.foundation.settings import Settings
from boathouse.serving.answering.crashes import LoadingDeaths
from boathouse.serving.answering.states import forget_uncounted
from boathouse.serving.telemetry.ended import forget_ended
from boathouse.serving.telemetry.reading import counts_folder, read_counts

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
HEADER_SECONDS = 10
"""How long a client may take for its headers."""
STOP_SECONDS = 10
"""How long requests under way may take when we are told to stop."""
_CRASHES, _CRASH_WINDOW_SECONDS = 5, 10.0
"""So many deaths within so long, and the next start waits a little: something is wrong with all of them."""
_PAUSE_SECONDS = 1.0
_KEPT_COUNTS_SECONDS = 3600.0


class Group(MPServer):
    """Granian's group of processes, which never gives up on one of them, and notices those that hang."""

    def __init__(self, home: Home, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._home = home
        self._deaths: deque[float] = deque(maxlen=_CRASHES)
        self._hearts = Heartbeats()

    def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:
        while not self.interrupt_signal:
            self.main_loop_interrupt.wait(LOOK_SECONDS)
            self.main_loop_interrupt.clear()
            if self.interrupt_signal:
                return
            self._start_again(spawn_target, target_loader)
            self._kill_stuck()

    def _start_again(self, spawn_target: Any, target_loader: Any) -> None:
        ended: set[int] = set()
        while self.interrupt_children:
            ended.add(self.interrupt_children.pop())
        if not ended:
            return
        now = time.monotonic()
        if len(self._deaths) == _CRASHES and now - self._deaths[0] < _CRASH_WINDOW_SECONDS:
            time.sleep(_PAUSE_SECONDS)
        self._deaths.extend([now] * len(ended))
        log.warning("%d of %d workers of the data plane ended; starting again.", len(ended), self.workers)
        preload(self._home)
        self._respawn_workers(sorted(ended), spawn_target, target_loader)
        _forget_ended(self._home)

    def _kill_stuck(self) -> None:
        ours = {worker.inner.pid for worker in self.wrks}
        beats = {counts.pid: counts.heartbeat_at for counts in read_counts(self._home) if counts.pid in ours}
        for pid in self._hearts.stuck(beats):
            log.error("The worker %d of the data plane hangs; it is killed and started again.", pid)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _forget_ended(home: Home) -> None:
    forget_ended(home, older_than_seconds=_KEPT_COUNTS_SECONDS)
    forget_uncounted(home)


def serve(home: Home, settings: Settings) -> None:
    """Answer predictions until told to stop.

    Raises:
        InvalidInput: No worker is wanted.
    """
    workers = settings.serving_workers if settings.serving_workers >= 0 else os.cpu_count() or 1
    if workers == 0:
        raise InvalidInput("A data plane without workers answers nothing.", hint="Set BOATHOUSE_SERVING_WORKERS.")
    _forget_ended(home)
    LoadingDeaths(home.serving / "loading").forget()
    counts_folder(home).mkdir(parents=True, exist_ok=True)
    preload(home)

    def app() -> Any:
        """In the process of a worker."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)  # until there is a loop to end, our parent's handlers would keep us
        die_with_parent()
        from boathouse.dataplane.app import DataPlane
        from boathouse.wiring.serving_worker import build_serving_worker

        return DataPlane(home, build_serving_worker(home))

    Group(
        home,
        "boathouse.dataplane",
        address=settings.host,
        port=settings.serving_port,
        interface=Interfaces.RSGI,
        workers=workers,
        loop=Loops.auto,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_SECONDS * 1000),
        websockets=False,
        log_enabled=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
    ).serve(target_loader=app, wrap_loader=False)
