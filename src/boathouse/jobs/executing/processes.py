"""Starts, stops and finds the processes of tasks."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from boathouse.jobs.bootstrap.guard import END_EVERYTHING
from boathouse.jobs.executing.starters import LAUNCH, MARKER, Asked, Starters

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


def is_ours(spec: Mapping[str, Any]) -> bool:
    """Whether a task runs the platform's own code: an entry point of ours, or SQL."""
    return spec["kind"] == "sql_task" or spec.get("package_name") == "boathouse"


class TaskProcess:
    """The guard of a running task, forked from a starter where that can be. Must be waited for by the thread that
    started it: the kernel ends a task whose guard is our own child when the thread that started it ends."""

    def __init__(self, command: Command, starters: Starters | None = None) -> None:
        files = command.files
        files.folder.mkdir(parents=True, exist_ok=True)
        ends = {"exit_file": str(files.exit), "output_file": str(files.output), "notebook_file": str(files.notebook)}
        ends |= {"worker_pid": os.getpid(), "has_secrets": bool(command.secrets)}
        spec = {"variables": {}, **command.spec, **ends}
        # What a job sets may be meant for a library that reads it when it is imported.
        may_be_preloaded = is_ours(spec) and not spec["variables"]
        spec["is_ours"] = is_ours(spec)
        files.spec.write_text(json.dumps(spec))
        environment = {**command.environment, MARKER: str(files.folder)}
        with files.log.open("ab") as log, _stdin(command.secrets) as (stdin, hand_over):
            asked = Asked(command.python, files.folder, files.spec, environment, stdin, log.fileno(), may_be_preloaded)
            self._guard = (starters.start(asked) if starters else None) or _OwnGuard(asked)
            hand_over()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Whoever cannot wait for the task takes it along."""
        if kind is not None:
            self.end()
            self.wait()

    @property
    def pid(self) -> int:
        return self._guard.pid

    def wait(self) -> None:
        self._guard.wait()

    def ask_to_stop(self) -> None:
        """Send SIGTERM to everything in the task's group."""
        self._guard.tell_group(signal.SIGTERM)

    def end(self) -> None:
        """Have the guard kill everything that belongs to the task."""
        self._guard.tell(END_EVERYTHING)

    def kill(self) -> None:
        """Kill the whole group, guard included, when asking has not helped."""
        self._guard.tell_group(signal.SIGKILL)


class _OwnGuard:
    """A guard in a process that we start anew."""

    def __init__(self, asked: Asked) -> None:
        self._process = subprocess.Popen(
            [str(asked.python), "-P", str(LAUNCH), str(asked.spec)],
            cwd=asked.folder,
            env=asked.environment,
            stdin=asked.stdin,
            stdout=asked.log,
            stderr=asked.log,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self) -> None:
        self._process.wait()

    def tell(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def tell_group(self, number: signal.Signals) -> None:
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)


@contextmanager
def _stdin(secrets: Mapping[str, str]) -> Generator[tuple[int, Callable[[], None]]]:
    """What a guard reads from, and what hands the secrets over once it has begun to."""
    if not secrets:
        with Path(os.devnull).open("rb") as nothing:
            yield nothing.fileno(), lambda: None
        return
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as given, os.fdopen(writer, "wb", buffering=0) as pipe:

        def hand_over() -> None:
            given.close()  # so that we hear when nobody reads
            with suppress(BrokenPipeError), pipe:  # a guard that is gone needs none
                _write_all(pipe.fileno(), json.dumps(secrets).encode())

        yield reader, hand_over


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


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
