"""Starts the processes of one home, keeps them running, and stops them.

One supervisor per home, held by a lock on ``supervisor.lock`` that the kernel gives back when the supervisor dies,
however it dies. A process that dies is started again, later each time when it keeps dying, and the others go on
meanwhile: who answers predictions needs no control plane. Only a start that never comes to anything is given up.
"""

import fcntl
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from boathouse.foundation.errors import BoathouseError, Conflict, InvalidInput, Unavailable
from boathouse.foundation.health import read_health
from boathouse.foundation.home import Home
from boathouse.foundation.settings import PREFIX, Settings
from boathouse.wiring.supervised import SOON_SECONDS, Process

log = logging.getLogger(__name__)

STOP_GRACE_SECONDS = 15
"""How long a process may take to stop by itself."""
HOPELESS_DEATHS = 5
"""In a row, before the control plane was ever healthy: then we give up, unless predictions are answered meanwhile."""
POLL_SECONDS = 0.05
HEALTH_SECONDS = 0.5
FULL_DISK_PAUSE_SECONDS = 2.0
"""How long to wait before looking again for space; a full disk is nobody's death."""
ENOUGH_FREE_BYTES = 1 << 20


class Supervisor:
    """Runs control plane, workers and data plane in the foreground until told to stop."""

    def __init__(self, home: Home, settings: Settings, *, when_healthy: Callable[[str], None] | None = None) -> None:
        self._home = home
        self._settings = settings
        self._when_healthy = when_healthy
        self._control_plane = Process("control-plane", "boathouse.server")
        self._workers = _workers(settings.workers)
        self._serving = _serving(settings.serving_workers)
        self._stop = threading.Event()
        self._was_healthy = False
        self._look_at = 0.0

    @property
    def _processes(self) -> list[Process]:
        """In the order of their start: first who needs nobody to answer."""
        return [*self._serving[:1], self._control_plane, *self._workers, *self._serving[1:]]

    def run(self) -> None:
        """Start everything and stay until a signal comes.

        Raises:
            Conflict: A Boathouse is already running on this home.
            Unavailable: The port is taken, or the control plane does not start.
        """
        self._home.create()
        with self._only_one(), self._signals():
            port = claim_port(self._settings.host, self._settings.port)
            serving_port = claim_serving_port(self._settings) if self._serving else 0
            self._environment = _child_environment(self._settings, port, serving_port)
            self._url = f"http://{self._settings.host}:{port}"
            self._serving_url = f"http://{self._settings.host}:{serving_port}" if self._serving else None
            try:
                for process in self._processes:
                    self._start(process)
                self._write_run_file()
                self._watch()
            finally:
                self._stop_all()
                self._home.run_file.unlink(missing_ok=True)

    def _watch(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            for process in self._processes:
                if not process.is_alive:
                    self._bring_back(process, time.monotonic())
            if not self._was_healthy:
                self._look_at_health(time.monotonic())

    def _bring_back(self, process: Process, now: float) -> None:
        """Start it again when it is time to; nobody else waits for that."""
        if not process.is_due(now):
            return
        if _is_full(self._home.root):
            log.error("The %s ended and the disk of %s is full; waiting for space.", process.name, self._home.root)
            process.wait(now, FULL_DISK_PAUSE_SECONDS)
        elif process.due_at is None:
            self._count_death(process, now)
        else:
            self._start(process)
        self._write_run_file()

    def _count_death(self, process: Process, now: float) -> None:
        seconds = process.died(now, was_well=self._was_healthy or process is not self._control_plane)
        log_file = self._home.logs / f"{process.name}.log"
        if process.deaths >= HOPELESS_DEATHS and self._is_hopeless(process):
            raise Unavailable(
                f"The {process.name} died {process.deaths} times in a row (last exit code {process.exit_code}).",
                hint=f"Its log says why: {log_file}",
            )
        log.warning(
            "The %s ended with code %s (%d in a row); starting it again in %.1f s. Its log: %s",
            process.name, process.exit_code, process.deaths, seconds, log_file,
        )  # fmt: skip

    def _is_hopeless(self, process: Process) -> bool:
        """Whether nobody would miss anything if all ended."""
        return process is self._control_plane and not self._was_healthy and not self._answers_predictions()

    def _answers_predictions(self) -> bool:
        from boathouse.serving.snapshot.files import read

        try:
            snapshot = read(self._home) if self._serving else None
        except BoathouseError:
            return False
        return snapshot is not None and any(endpoint.routes for endpoint in snapshot.endpoints)

    def _look_at_health(self, now: float) -> None:
        if now >= self._look_at:
            self._was_healthy = read_health(self._url, timeout_seconds=HEALTH_SECONDS) is not None
            self._look_at = now + HEALTH_SECONDS
            if self._was_healthy and self._when_healthy:
                self._when_healthy(self._url)

    def _start(self, process: Process) -> None:
        with (self._home.logs / f"{process.name}.log").open("ab") as output:
            child = subprocess.Popen(
                [sys.executable, "-m", process.module, "--home", str(self._home.root)],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops the rest in order
            )
        process.started(child, time.monotonic())

    def _stop_all(self) -> None:
        """The workers first and together, so that they can still report to the control plane; the recorder after those
        who write what it records."""
        for group in ([*self._workers, *self._serving[:1]], self._serving[1:], [self._control_plane]):
            stop_processes([process.child for process in group if process.child and process.is_alive])

    def _write_run_file(self) -> None:
        pids = {process.name: process.child.pid for process in self._processes if process.child}
        content = {
            "url": self._url,
            "port": int(self._url.rsplit(":", 1)[1]),
            **_address_of_serving(self._serving_url),
            "pids": {"supervisor": os.getpid(), **pids},
            "waiting": {process.name: told for process in self._processes if (told := process.waiting())},
            "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        draft = self._home.run_file.with_suffix(".tmp")
        try:
            draft.write_text(json.dumps(content, indent=2))
            draft.replace(self._home.run_file)
        except OSError as error:  # the processes matter more than the note about them
            log.error("%s could not be written: %s.", self._home.run_file, error)

    @contextmanager
    def _only_one(self) -> Generator[None]:
        with lock_path(self._home).open("a") as file:
            if not try_lock(file):
                running = self._home.running() or {}
                raise Conflict(
                    f"A Boathouse is already running on {self._home.root}"
                    + (f" at {running['url']}." if "url" in running else "."),
                    hint="Stop it with: boathouse down",
                )
            yield

    @contextmanager
    def _signals(self) -> Generator[None]:
        def stop(*_: object) -> None:
            self._stop.set()

        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _is_full(folder: Path) -> bool:
    return shutil.disk_usage(folder).free < ENOUGH_FREE_BYTES


def lock_path(home: Home) -> Path:
    return home.root / "supervisor.lock"


def try_lock(file: IO[str]) -> bool:
    """Take the lock that lives as long as the process; False when another process holds it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_running(home: Home) -> bool:
    """Whether a supervisor holds the home, whatever ``run.json`` says."""
    try:
        with lock_path(home).open("a") as file:
            return not try_lock(file)
    except FileNotFoundError:
        return False


def claim_serving_port(settings: Settings) -> int:
    """As :func:`claim_port`, for the data plane.

    Raises:
        InvalidInput: No such port can exist.
        Unavailable: Another program listens there.
    """
    return claim_port(settings.host, settings.serving_port, option="--serving-port")


def claim_port(host: str, port: int, *, option: str = "--port") -> int:
    """The port itself when it is free; a free one for 0.

    Raises:
        InvalidInput: No such port can exist.
        Unavailable: Another program listens there.
    """
    if not 0 <= port <= 65535:
        raise InvalidInput(f"{port} is not a port.", hint="Choose one from 1024 to 65535, or 0 for any free one.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Unavailable(
                f"Port {port} of {host} cannot be used: {error.strerror}.",
                hint=f"Choose another one with {option}, or 0 for any free one.",
            ) from error
        return int(probe.getsockname()[1])


def stop_processes(children: "Sequence[subprocess.Popen[bytes]]") -> None:
    """Ask them to stop; make those stop that do not."""
    deadline = time.monotonic() + STOP_GRACE_SECONDS
    for child in children:
        child.terminate()
    for child in children:
        try:
            child.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                child.kill()
            child.wait()


def _workers(number: int) -> list[Process]:
    if number < 0:
        raise InvalidInput(f"{number} workers are not possible.", hint="Say how many with --workers, from 0.")
    names = ["worker", *(f"worker-{each}" for each in range(2, number + 1))]
    return [Process(name, "boathouse.worker") for name in names[:number]]


def _serving(workers: int) -> list[Process]:
    """What answers predictions, and what records them."""
    if workers < -1:
        raise InvalidInput(
            f"{workers} serving workers are not possible.",
            hint="Say how many, 0 for none, or -1 for one per processor.",
        )
    if workers == 0:
        return []
    modules = {"data-plane": "boathouse.dataplane", "recorder": "boathouse.dataplane.recorder"}
    return [Process(name, module, SOON_SECONDS) for name, module in modules.items()]


def _address_of_serving(url: str | None) -> dict[str, object]:
    return {} if url is None else {"serving_url": url, "serving_port": int(url.rsplit(":", 1)[1])}


def _child_environment(settings: Settings, port: int, serving_port: int) -> Mapping[str, str]:
    """The environment of the processes; the settings travel as variables.

    Byte code is written whatever the surroundings say: without it every start would compile everything anew.
    """
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    for name in Settings.__slots__:
        environment[PREFIX + name.upper()] = str(getattr(settings, name))
    environment[f"{PREFIX}PORT"] = str(port)
    environment[f"{PREFIX}SERVING_PORT"] = str(serving_port)
    return environment
