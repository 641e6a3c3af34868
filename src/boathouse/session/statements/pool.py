"""A few query processes under supervision. Each runs one statement at a time; one that is cancelled, or takes too long,
loses its process, and the next statement gets a new one."""

import json
import os
import select
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

Json = dict[str, Any]


class Listener(Protocol):
    """Who hears what becomes of jobs; called from the pool's threads."""

    def started(self, job_id: str) -> None: ...

    def ended(self, job_id: str, event: Json) -> None:
        """``event`` is what the process has answered, or ``{"event": "failed" | "canceled", ...}`` of our own."""
        ...


@dataclass(slots=True)
class _Job:
    id: str
    content: Json
    canceled: bool = False
    child: "subprocess.Popen[bytes] | None" = field(default=None)


class QueryPool:
    """Runs jobs in child processes, as many side by side as there are slots."""

    def __init__(
        self, command: Sequence[str], listener: Listener, *, slots: int, seconds: float, environment: Mapping[str, str]
    ) -> None:
        self._command = list(command)
        self._listener = listener
        self._seconds = seconds
        self._environment = dict(environment)
        self._slots = slots
        self._waiting: deque[_Job] = deque()
        self._jobs: dict[str, _Job] = {}
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._closed = False

    def submit(self, job_id: str, content: Json) -> None:
        """Run the job as soon as a slot is free."""
        with self._changed:
            job = _Job(job_id, {**content, "id": job_id})
            self._jobs[job_id] = job
            self._waiting.append(job)
            if self._idle < len(self._waiting) and len(self._threads) < self._slots:
                thread = threading.Thread(target=self._work, name=f"boathouse-query-{len(self._threads)}", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify()

    def cancel(self, job_id: str) -> bool:
        """End a job that waits or runs; False when it has ended already."""
        with self._changed:
            job = self._jobs.get(job_id)
            if job is None:
                return False
            job.canceled = True
            if job in self._waiting:
                self._waiting.remove(job)
                del self._jobs[job_id]
                waiting = True
            else:
                waiting = False
                if job.child is not None:
                    _kill(job.child)
        if waiting:
            self._listener.ended(job_id, {"event": "canceled"})
        return True

    def close(self) -> None:
        """End everything. Jobs that ran are told as failed by nobody: whoever starts next finds them."""
        with self._changed:
            self._closed = True
            children = [job.child for job in self._jobs.values() if job.child is not None]
            self._changed.notify_all()
        for child in children:
            _kill(child)
        for thread in self._threads:
            thread.join(5)

    @property
    def pids(self) -> list[int]:
        """The processes that run a job now."""
        with self._changed:
            return [job.child.pid for job in self._jobs.values() if job.child is not None]

    def _work(self) -> None:
        child: subprocess.Popen[bytes] | None = None
        while (job := self._next()) is not None:
            self._listener.started(job.id)
            event, child = self._run(job, child)
            with self._changed:
                self._jobs.pop(job.id, None)
                closed = self._closed
            if not closed:
                self._listener.ended(job.id, event)
        if child is not None:
            _kill(child)

    def _next(self) -> _Job | None:
        with self._changed:
            while not self._waiting and not self._closed:
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
            return None if self._closed else self._waiting.popleft()

    def _run(self, job: _Job, child: "subprocess.Popen[bytes] | None") -> "tuple[Json, subprocess.Popen[bytes] | None]":
        if child is None or child.poll() is not None:
            child = self._spawn()
        with self._changed:
            job.child = child
            if job.canceled:
                _kill(child)
        deadline = time.monotonic() + self._seconds
        try:
            assert child.stdin is not None
            child.stdin.write(json.dumps(job.content).encode() + b"\n")
            child.stdin.flush()
            answer = _line(child, deadline)
        except (BrokenPipeError, TimeoutError) as error:
            answer = error
        with self._changed:
            job.child = None
        if isinstance(answer, bytes) and answer:
            return json.loads(answer), child
        _kill(child)
        code = child.wait()
        if job.canceled:
            return {"event": "canceled"}, None
        if isinstance(answer, TimeoutError):
            return _failed(f"The statement took longer than {self._seconds:g} seconds and was ended."), None
        reason = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return _failed(f"The query process ended ({reason}); perhaps the statement needs too much memory."), None

    def _spawn(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self._environment,
            start_new_session=True,
        )


def _failed(message: str) -> Json:
    return {"event": "failed", "error_code": "TEMPORARILY_UNAVAILABLE", "error": message}


def _line(child: "subprocess.Popen[bytes]", deadline: float) -> bytes:
    """The next line of the child's output; nothing when it has ended.

    Raises:
        TimeoutError: The time is over.
    """
    assert child.stdout is not None
    descriptor, pieces = child.stdout.fileno(), list[bytes]()
    while True:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        piece = os.read(descriptor, 1 << 16)
        pieces.append(piece)
        if not piece or piece.endswith(b"\n"):
            return b"".join(pieces) if piece else b""


def _kill(child: "subprocess.Popen[bytes]") -> None:
    """The whole family: a statement's Python functions run in processes of the child's."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
