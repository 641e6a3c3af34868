"""Starts, stops and finds the processes of tasks."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boathouse.jobs.bootstrap.guard import END_EVERYTHING

MARKER = "BOATHOUSE_TASK_FOLDER"
"""In the environment of every process of an attempt: its folder, which no other attempt of any home shares."""

_LAUNCH = Path(__file__).parent / "bootstrap" / "launch.py"
_GONE_WITHIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class AttemptFiles:
    """The files of one attempt; ``folder`` is the task's working folder."""

    folder: Path

    @property
    def spec(self) -> Path:
        return self.folder.with_suffix(".spec.json")

    @property
    def log(self) -> Path:
        return self.folder.with_suffix(".log")

    @property
    def exit(self) -> Path:
        return self.folder.with_suffix(".exit.json")

    @property
    def output(self) -> Path:
        return self.folder.with_suffix(".output.json")

    @property
    def notebook(self) -> Path:
        """With what its cells gave out."""
        return self.folder.with_suffix(".ipynb")

    def read_exit(self) -> dict[str, Any] | None:
        """How the task ended; None when its guard did not live to say so."""
        return _read(self.exit)

    def read_output(self) -> dict[str, Any]:
        """What the task itself had to say: an error, or a result."""
        return _read(self.output) or {}


@dataclass(frozen=True, slots=True)
class Command:
    """What to start, and with what."""

    python: Path
    spec: Mapping[str, Any]
    environment: Mapping[str, str]
    files: AttemptFiles
    secrets: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """Values by what stands for them in the spec. They are handed to the guard and written nowhere."""


class TaskProcess:
    """The guard of a running task. Must be waited for by the thread that started it: the kernel ends a task when the
    thread that started it ends."""

    def __init__(self, command: Command) -> None:
        files = command.files
        files.folder.mkdir(parents=True, exist_ok=True)
        ends = {"exit_file": str(files.exit), "output_file": str(files.output), "notebook_file": str(files.notebook)}
        ends |= {"worker_pid": os.getpid(), "has_secrets": bool(command.secrets)}
        spec = {"variables": {}, **command.spec, **ends}
        files.spec.write_text(json.dumps(spec))
        with files.log.open("ab") as log:
            self._guard = subprocess.Popen(
                [str(command.python), "-P", str(_LAUNCH), str(files.spec)],
                cwd=files.folder,
                env={**command.environment, MARKER: str(files.folder)},
                stdin=subprocess.PIPE if command.secrets else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if command.secrets:
            self._hand_over(command.secrets)

    def _hand_over(self, secrets: Mapping[str, str]) -> None:
        assert self._guard.stdin is not None
        with suppress(BrokenPipeError), self._guard.stdin as pipe:  # a guard that is gone needs none
            pipe.write(json.dumps(secrets).encode())

    @property
    def pid(self) -> int:
        return self._guard.pid

    def wait(self) -> None:
        self._guard.wait()

    def ask_to_stop(self) -> None:
        """Send SIGTERM to everything in the task's group."""
        self._signal_group(signal.SIGTERM)

    def end(self) -> None:
        """Have the guard kill everything that belongs to the task."""
        if self._guard.returncode is None:
            self._guard.send_signal(END_EVERYTHING)

    def kill(self) -> None:
        """Kill the whole group, guard included, when asking has not helped."""
        self._signal_group(signal.SIGKILL)

    def _signal_group(self, number: signal.Signals) -> None:
        if self._guard.returncode is None:
            try:
                os.killpg(self._guard.pid, number)
            except ProcessLookupError:
                return


def end_leftovers(folder: Path) -> int:
    """Kill every process of an attempt that is still there; back only when all are gone.

    Found by their environment, so neither a double fork nor a pid that was given to somebody else misleads us.
    """
    mark = str(folder)
    ended = 0
    deadline = time.monotonic() + _GONE_WITHIN_SECONDS
    while found := _processes_of(mark):
        for process in found:
            process.kill()
            ended += 1
        if time.monotonic() > deadline:
            raise TimeoutError(f"Processes of {folder} cannot be killed: {[process.pid for process in found]}.")
        time.sleep(0.01)
    return ended


def _processes_of(mark: str) -> list[Any]:
    import psutil

    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARKER) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue  # somebody else's, or gone in the meantime
    return found


def _read(file: Path) -> dict[str, Any] | None:
    try:
        return json.loads(file.read_text())
    except FileNotFoundError:
        return None
