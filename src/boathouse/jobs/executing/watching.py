"""Looks after what is running: deadlines, requests to cancel, and the end of the worker."""

import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from enum import StrEnum
from typing import Protocol

_TICK_SECONDS = 0.1
_LOOK_FOR_CANCELS_SECONDS = 0.25
_KILL_AFTER_SECONDS = 2.0
"""How long a guard may take to end its task before the group is killed without it."""


class StopReason(StrEnum):
    """Why a task was stopped from outside."""

    CANCELED = "CANCELED"
    RUN_TIMEDOUT = "RUN_TIMEDOUT"
    TASK_TIMEDOUT = "TASK_TIMEDOUT"
    SHUTDOWN = "SHUTDOWN"


class Stoppable(Protocol):
    def ask_to_stop(self) -> None: ...
    def end(self) -> None: ...
    def kill(self) -> None: ...


class LiveTask:
    """A process with the time it has."""

    def __init__(self, process: Stoppable, timeout_seconds: float, grace_seconds: float) -> None:
        self.process = process
        self.reason: StopReason | None = None
        self._grace_seconds = grace_seconds
        self._deadline = time.monotonic() + timeout_seconds if timeout_seconds else None
        self._next: list[tuple[float, Callable[[], None]]] = []

    def stop(self, reason: StopReason) -> None:
        """Ask the task to stop; end it after the grace period."""
        if self.reason is not None:
            return
        self.reason = reason
        now = time.monotonic()
        self._next = [
            (now + self._grace_seconds, self.process.end),
            (now + self._grace_seconds + _KILL_AFTER_SECONDS, self.process.kill),
        ]
        self.process.ask_to_stop()

    def tick(self, now: float) -> None:
        if self._deadline is not None and now >= self._deadline:
            self.stop(StopReason.TASK_TIMEDOUT)
        while self._next and now >= self._next[0][0]:
            self._next.pop(0)[1]()


class Watched(Protocol):
    """A task, or tasks that are stopped together."""

    def stop(self, reason: StopReason) -> None: ...
    def tick(self, now: float) -> None: ...


class RunControl:
    """What the tasks of one run, or of one of its loops, ask before they begin, and what stops them."""

    def __init__(self, run_id: int, ends_at: float | None, reason_at_end: StopReason = StopReason.RUN_TIMEDOUT) -> None:
        self.run_id = run_id
        self.reason: StopReason | None = None
        self._stopped = threading.Event()
        self._ends_at = ends_at
        """Wall-clock time, so that a run keeps its deadline when another worker goes on with it."""
        self._reason_at_end = reason_at_end
        self._live: set[Watched] = set()
        self._lock = threading.Lock()

    @contextmanager
    def watched(self, live: LiveTask) -> Generator[LiveTask]:
        """Keep an eye on a task for the block."""
        self.attach(live)
        try:
            yield live
        finally:
            self.detach(live)

    def attach(self, live: Watched) -> None:
        """Stop it with everything else from now on; at once, when everything else has been stopped."""
        with self._lock:
            self._live.add(live)
            reason = self.reason
        if reason is not None:
            live.stop(reason)

    def detach(self, live: Watched) -> None:
        with self._lock:
            self._live.discard(live)

    def stop(self, reason: StopReason) -> None:
        with self._lock:
            self.reason = self.reason or reason
            live = list(self._live)
        self._stopped.set()
        for task in live:
            task.stop(reason)

    def pause(self, seconds: float) -> bool:
        """Wait; False as soon as the run is stopped."""
        return not self._stopped.wait(seconds)

    def tick(self, now: float) -> None:
        if self._ends_at is not None and self.reason is None and time.time() >= self._ends_at:
            self.stop(self._reason_at_end)
        with self._lock:
            live = list(self._live)
        for task in live:
            task.tick(now)


class Watch:
    """One thread that looks after all runs of the worker."""

    def __init__(self, find_cancelled: Callable[[Iterable[int]], set[int]]) -> None:
        self._find_cancelled = find_cancelled
        self._runs: dict[int, RunControl] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._is_shut_down = False
        self._looked_at = 0.0

    def start(self) -> None:
        threading.Thread(target=self._work, name="watch", daemon=True).start()

    @contextmanager
    def over(self, run_id: int, ends_at: float | None) -> Generator[RunControl]:
        """Watch over a run for the block."""
        control = RunControl(run_id, ends_at)
        with self._lock:
            self._runs[run_id] = control
            shut_down = self._is_shut_down
        if shut_down:
            control.stop(StopReason.SHUTDOWN)
        self._wake.set()
        try:
            yield control
        finally:
            with self._lock:
                self._runs.pop(run_id, None)

    @property
    def run_ids(self) -> set[int]:
        with self._lock:
            return set(self._runs)

    def shut_down(self) -> None:
        """Stop every task, now and from now on."""
        with self._lock:
            self._is_shut_down = True
            runs = list(self._runs.values())
        for run in runs:
            run.stop(StopReason.SHUTDOWN)

    def _work(self) -> None:
        while True:
            self._wake.wait()
            with self._lock:
                runs = dict(self._runs)
                if not runs:
                    self._wake.clear()
                    continue
            now = time.monotonic()
            self._look_for_cancels(runs, now)
            for run in runs.values():
                run.tick(now)
            time.sleep(_TICK_SECONDS)

    def _look_for_cancels(self, runs: dict[int, RunControl], now: float) -> None:
        if now - self._looked_at < _LOOK_FOR_CANCELS_SECONDS:
            return
        self._looked_at = now
        open_runs = [run_id for run_id, run in runs.items() if run.reason is None]
        for run_id in self._find_cancelled(open_runs) if open_runs else ():
            runs[run_id].stop(StopReason.CANCELED)
