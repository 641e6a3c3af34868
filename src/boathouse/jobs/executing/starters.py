"""Warm processes, one for each environment, from which the guards of tasks are forked.

Starting Python and loading what every task needs takes longer than an empty task and all its bookkeeping. Where a fork
would not be the same as a new process, tasks are started anew: not on Linux, and in environments that begin threads or
the like when Python starts.
"""

import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

_Key = tuple[Path, frozenset[tuple[str, str]]]

MARKER = "BOATHOUSE_TASK_FOLDER"
"""In the environment of every process of an attempt: its folder, which no other attempt of any home shares."""
LAUNCH = Path(__file__).parents[1] / "bootstrap" / "launch.py"

STARTER = "--starter"

_OF_ONE_TASK = ("BOATHOUSE_", "MLFLOW_", "DATABRICKS_")
_HOOKS = "BOATHOUSE_TASK_HOOKS"
_LONGEST_FOLDER = 4096
_LONGEST_VARIABLE = 1 << 16
_MOST_STARTERS = 8

_IDLE_SECONDS = 600.0
_START_SECONDS = 30.0
"""How long a machine may take to start one, or to fork from it, before a task is started in the other way."""


class ForkedGuard:
    """A guard that is the child of a starter. Its number is nobody else's until :meth:`wait` has returned."""

    def __init__(self, starter: "_Starter", pid: int, line: int) -> None:
        self.pid = pid
        self._starter = starter
        self._line = line
        self._lock = threading.Lock()
        self._is_over = False

    def wait(self) -> None:
        while os.read(self._line, 64):  # ends when the guard has, who alone holds the other end
            pass
        with self._lock:
            self._is_over = True
        os.close(self._line)
        self._starter.release(self.pid)

    def tell(self, number: signal.Signals) -> None:
        self._send(os.kill, number)

    def tell_group(self, number: signal.Signals) -> None:
        self._send(os.killpg, number)

    def _send(self, send: Callable[[int, int], None], number: signal.Signals) -> None:
        with self._lock:
            if not self._is_over:
                with suppress(ProcessLookupError):
                    send(self.pid, number)


class Starters:
    """The starters of a worker. They end with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[_Key, _Starter] = OrderedDict()
        self._unfit: set[Path] = set()

    def start(self, asked: "Asked") -> ForkedGuard | None:
        """Fork a guard; None when the task has to be started anew."""
        if not _can_be_forked(asked):
            return None
        try:
            starter = self._starter(asked)
            return starter.start(asked) if starter else None
        except OSError as error:
            log.warning("A task is started without its starter: %s", error)
            return None

    def close(self) -> None:
        """End all that no task depends on."""
        with self._lock:
            for key in list(self._known):
                self._known.pop(key).retire()

    def _starter(self, asked: "Asked") -> "_Starter | None":
        base = {
            name: value
            for name, value in asked.environment.items()
            if name == _HOOKS or not name.startswith(_OF_ONE_TASK)
        }
        key = (asked.python, frozenset(base.items()))
        with self._lock:
            if asked.python in self._unfit:
                return None
            self._retire_some()
            found = self._known.get(key)
            if found is not None and not found.is_fresh():
                self._known.pop(key).retire()
                found = None
            if found is None:
                found = self._known[key] = _Starter(asked.python, base)
                if found.unfit is not None:
                    log.info("Tasks of %s are started anew each time: %s.", asked.python, found.unfit)
                    self._unfit.add(asked.python)
                    self._known.pop(key).retire()
                    return None
            self._known.move_to_end(key)
            found.expect()
            return found

    def _retire_some(self) -> None:
        long_ago = time.monotonic() - _IDLE_SECONDS
        for key, starter in list(self._known.items()):
            if len(self._known) > _MOST_STARTERS or starter.is_idle_since(long_ago):
                self._known.pop(key).retire()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a guard is to be started with; the descriptors stay the caller's."""

    python: Path
    folder: Path
    spec: Path
    environment: Mapping[str, str]
    stdin: int
    log: int

    def to_json(self) -> str:
        return json.dumps({"folder": str(self.folder), "spec": str(self.spec), "environment": dict(self.environment)})


class _Starter:
    """One warm process."""

    def __init__(self, python: Path, environment: Mapping[str, str]) -> None:
        self._lock = threading.Lock()
        self._guards = 0
        self._is_retired = False
        self._used_at = time.monotonic()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [str(python), "-P", str(LAUNCH), STARTER, str(theirs.fileno())],
                env={MARKER: " " * _LONGEST_FOLDER, **environment},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self.unfit, places = self._introduction()
        self._places = {place: _changed_at(place) for place in places}

    def is_fresh(self) -> bool:
        """Whether it lives, and a Python that starts now would start as it did."""
        return self._process.poll() is None and all(_changed_at(each) == at for each, at in self._places.items())

    def is_idle_since(self, moment: float) -> bool:
        with self._lock:
            return not self._guards and self._used_at < moment

    def expect(self) -> None:
        """Stay for one more guard."""
        with self._lock:
            self._guards += 1
            self._used_at = time.monotonic()

    def start(self, asked: Asked) -> ForkedGuard | None:
        line, theirs = os.pipe()
        request = os.memfd_create("request")
        try:
            with open(request, "w", encoding="utf-8", closefd=False) as file:
                file.write(asked.to_json())
            socket.send_fds(self._control, [b"start"], [request, asked.stdin, asked.log, theirs])
        except BaseException:
            os.close(line)
            self._forget_one()
            raise
        finally:
            os.close(theirs)
            os.close(request)
        ready, _, _ = select.select([line], [], [], _START_SECONDS)
        pid = os.read(line, 64) if ready else b""
        if not pid:
            os.close(line)  # whoever comes late finds it closed, and does nothing
            self._forget_one()
            return None
        return ForkedGuard(self, int(pid), line)

    def release(self, pid: int) -> None:
        """A guard has ended, and nobody will signal it any more."""
        with suppress(OSError):  # the starter has ended, and others have buried its children
            self._control.send(b"%d" % pid)
        self._forget_one()

    def retire(self) -> None:
        """End when the last guard has."""
        with self._lock:
            self._is_retired = True
            if self._guards:
                return
        self._end()

    def _forget_one(self) -> None:
        with self._lock:
            self._guards -= 1
            self._used_at = time.monotonic()
            if self._guards or not self._is_retired:
                return
        self._end()

    def _end(self) -> None:
        self._control.close()
        self._process.kill()
        self._process.wait()

    def _introduction(self) -> tuple[str | None, list[str]]:
        self._control.settimeout(_START_SECONDS)
        try:
            told: dict[str, Any] = json.loads(self._control.recv(1 << 20) or b"{}")
        except (TimeoutError, ConnectionError):
            told = {}
        self._control.settimeout(None)
        if "places" in told:
            return None, told["places"]
        return told.get("unfit", "its Python did not start as it should"), []


def _can_be_forked(asked: Asked) -> bool:
    """Whether a fork can be what a new process would be."""
    if sys.platform != "linux" or len(os.fsencode(asked.folder)) > _LONGEST_FOLDER:
        return False
    if any(len(name) + len(value) > _LONGEST_VARIABLE for name, value in asked.environment.items()):
        return False  # too long for some new processes, so let it be told as it is for all
    paths = asked.environment.get("PYTHONPATH", "")
    return all(os.path.isabs(path) for path in paths.split(os.pathsep)) if paths else True  # noqa: PTH117


def _changed_at(place: str) -> int:
    try:
        return os.stat(place).st_mtime_ns  # noqa: PTH116 (asked before each task)
    except FileNotFoundError:
        return 0
