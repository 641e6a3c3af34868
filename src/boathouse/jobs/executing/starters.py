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
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

_Key = tuple[Path, str, frozenset[tuple[str, str]]]

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
_IDLE_LOADED_SECONDS = 120.0
"""A starter with libraries holds hundreds of megabytes, and goes sooner."""
_OFTEN = 3
"""So many tasks of the platform within ``_IDLE_LOADED_SECONDS`` are worth it to load their libraries once."""
_WITHOUT_THREADS = {
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "_RJEM_MALLOC_CONF": "background_thread:false",
    "OPENBLAS_NUM_THREADS": "1",
}
"""What keeps libraries from beginning threads when they are imported; a task never sees it."""
_START_SECONDS = 30.0
"""How long a machine may take to start one, or to fork from it, before a task is started in the other way."""
_LOAD_SECONDS = 300.0
"""The same with libraries, for which nobody waits."""
_MOST_LOADED = 2


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

    def __init__(self, preload: str = "") -> None:
        """Args:
        preload: Modules, with commas between, that the platform's own tasks need: where these are many, they are forked
            from a starter that has them.
        """
        self._lock = threading.Lock()
        self._preload = preload
        self._ours: dict[Path, deque[float]] = {}
        """When the last tasks of the platform were asked for, by their Python."""
        self._known: OrderedDict[_Key, _Starter] = OrderedDict()
        self._loading: set[_Key] = set()
        self._unfit: set[tuple[Path, str]] = set()
        self._closing = threading.Event()

    def start(self, asked: "Asked") -> ForkedGuard | None:
        """Fork a guard; None when the task has to be started anew."""
        if not _can_be_forked(asked):
            return None
        base = {
            name: value
            for name, value in asked.environment.items()
            if name == _HOOKS or not name.startswith(_OF_ONE_TASK)
        }
        try:
            starter = self._loaded(asked, base) or self._plain(asked.python, base)
            return starter.start(asked) if starter else None
        except OSError as error:
            log.warning("A task is started without its starter: %s", error)
            return None

    def close(self) -> None:
        """End all that no task depends on."""
        with self._lock:
            self._closing.set()
            for key in list(self._known):
                self._known.pop(key).retire()

    def _plain(self, python: Path, base: Mapping[str, str]) -> "_Starter | None":
        key = (python, "", frozenset(base.items()))
        with self._lock:
            if (python, "") in self._unfit:
                return None
            self._retire_some()
            return self._kept(key) or self._keep(key, _Starter(python, base))

    def _loaded(self, asked: "Asked", base: Mapping[str, str]) -> "_Starter | None":
        """The starter that has the libraries of the platform's own tasks, where these are many. To load them takes
        seconds, for which nobody waits: until then there is none."""
        if not asked.may_be_preloaded or not self._preload:
            return None
        key = (asked.python, self._preload, frozenset(base.items()))
        with self._lock:
            if (found := self._kept(key)) is not None:
                return found
            if not self._is_worth_loading(key):
                return None
            self._loading.add(key)
        threading.Thread(target=self._keep_loaded, args=(key, base), name="boathouse-starter", daemon=True).start()
        return None

    def _is_worth_loading(self, key: _Key) -> bool:
        asked_at = self._ours.setdefault(key[0], deque(maxlen=_OFTEN))
        asked_at.append(time.monotonic())
        are_many = len(asked_at) == _OFTEN and asked_at[-1] - asked_at[0] < _IDLE_LOADED_SECONDS
        others = sum(each[1] != "" for each in self._known) + len(self._loading)
        return are_many and key not in self._loading and key[:2] not in self._unfit and others < _MOST_LOADED

    def _keep_loaded(self, key: _Key, base: Mapping[str, str]) -> None:
        """Make a starter with libraries, and end it when no task has asked for it for a while."""
        try:
            made = _Starter(key[0], base, key[1])
        except Exception as error:  # noqa: BLE001 (tasks do without; whatever it was, it must not be under way for ever)
            log.warning("Libraries could not be loaded once for many tasks: %s", error)
            made = None
        with self._lock:
            self._loading.discard(key)
            if made is None or self._keep(key, made) is None:
                return
        made.release_one()
        is_over = False
        while not is_over:
            is_over = self._closing.wait(_IDLE_LOADED_SECONDS / 4)
            with self._lock:
                if self._known.get(key) is not made:
                    return
                if is_over or made.is_idle_since(time.monotonic() - _IDLE_LOADED_SECONDS):
                    self._known.pop(key).retire()
                    return

    def _kept(self, key: _Key) -> "_Starter | None":
        found = self._known.get(key)
        if found is None:
            return None
        if not found.is_fresh():
            self._known.pop(key).retire()
            return None
        self._known.move_to_end(key)
        found.expect()
        return found

    def _keep(self, key: _Key, made: "_Starter") -> "_Starter | None":
        """Keep a new one; None, and another try is never made, where it may not be copied."""
        if made.unfit is not None:
            what = "are started without their libraries" if key[1] else "are started anew each time"
            log.info("Tasks of %s %s: %s.", key[0], what, made.unfit)
            self._unfit.add(key[:2])
            made.retire()
            return None
        self._known[key] = made
        made.expect()
        return made

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
    may_be_preloaded: bool = False
    """Whether it may find libraries loaded: the platform's own code, not a user's, and the job sets no variables."""

    def to_json(self) -> str:
        return json.dumps({"folder": str(self.folder), "spec": str(self.spec), "environment": dict(self.environment)})


class _Starter:
    """One warm process."""

    def __init__(self, python: Path, environment: Mapping[str, str], preload: str = "") -> None:
        self._lock = threading.Lock()
        self._guards = 0
        self._is_retired = False
        self._used_at = time.monotonic()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [str(python), "-P", str(LAUNCH), STARTER, str(theirs.fileno()), preload],
                env={MARKER: " " * _LONGEST_FOLDER, **environment, **(_WITHOUT_THREADS if preload else {})},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self.unfit, places = self._introduction(_LOAD_SECONDS if preload else _START_SECONDS)
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
            self.release_one()
            raise
        finally:
            os.close(theirs)
            os.close(request)
        ready, _, _ = select.select([line], [], [], _START_SECONDS)
        pid = os.read(line, 64) if ready else b""
        if not pid:
            os.close(line)  # whoever comes late finds it closed, and does nothing
            self.release_one()
            return None
        return ForkedGuard(self, int(pid), line)

    def release(self, pid: int) -> None:
        """A guard has ended, and nobody will signal it any more."""
        with suppress(OSError):  # the starter has ended, and others have buried its children
            self._control.send(b"%d" % pid)
        self.release_one()

    def retire(self) -> None:
        """End when the last guard has."""
        with self._lock:
            self._is_retired = True
            if self._guards:
                return
        self._end()

    def release_one(self) -> None:
        """It stays for one guard less."""
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

    def _introduction(self, seconds: float) -> tuple[str | None, list[str]]:
        self._control.settimeout(seconds)
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
