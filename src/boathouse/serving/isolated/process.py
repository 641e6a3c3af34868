"""One process of a model: started, asked, ended."""

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from boathouse.models import serving_check, serving_process
from boathouse.models.serving_check import Interpreter
from boathouse.models.serving_process import frames
from boathouse.models.serving_process.processes import end_group, has_ended, how_it_ended, memory_mb, variables
from boathouse.serving.isolated.memory import kernel_kills
from boathouse.serving.isolated.nouns import Isolation, ProcessAway, ProcessFailed

_CHILD = Path(serving_process.__file__).with_name("child.py")
_FRAMES = Path(frames.__file__)
_CHECK = Path(serving_check.__file__).with_name("child.py")
_END_SEEN_WITHIN_SECONDS = 1.0
_LOG_BYTES = 8 * 1024 * 1024
_LINE_CHARACTERS = 300
_KILLED = (-signal.SIGKILL, -signal.SIGTERM)
"""Ends that come from outside."""
_NO_MEMORY = "the model's process was ended by the kernel for want of memory"
_MEMORY_EVERY = 10
"""Looks: to find the children of a process takes milliseconds. What grows faster meets the limit that the process has
set itself."""


class ModelProcess:
    """A running process. Asked by one thread at a time; may be ended by any."""

    def __init__(self, folder: Path, interpreter: Interpreter, isolation: Isolation, name: str) -> None:
        self._isolation = isolation
        self._lock = threading.Lock()
        self._why: str | None = None
        self._was_killed = False
        self._number = 0
        self._looks = 0
        self._kills = kernel_kills()
        self.is_loaded = False
        scratch = isolation.scratch
        home = scratch / "homes" / name
        home.mkdir(parents=True, exist_ok=True)
        self.log = scratch / "logs" / f"{name}.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._link, theirs = socket.socketpair()
        self._spec = home / f"spec-{os.getpid()}-{theirs.fileno()}.json"
        self._spec.write_text(json.dumps(_spec(folder, interpreter, isolation, theirs.fileno())))
        with self.log.open("ab") as output, theirs:
            self._process = subprocess.Popen(
                [str(interpreter.python), "-P", "-W", "ignore", str(_CHILD), str(self._spec)],
                cwd=home,
                env=variables(home),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_until_ready(self) -> None:
        """Returns when the model is loaded.

        Raises:
            ProcessFailed: It does not load, or not in time.
        """
        header, _ = self._received(self._isolation.start_seconds, "loading")
        if header.get("status") != "ready":
            raise ProcessFailed(str(header.get("message", "the model's process says nothing")))

    def ask(self, header: Mapping[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """One request, one answer.

        Raises:
            ProcessFailed: There is no answer; the process has ended, or is ended now.
        """
        self._number += 1
        self._kills = kernel_kills()
        seconds = self._isolation.deadline_seconds
        try:
            self._link.settimeout(seconds)
            frames.send(self._link, {**header, "id": self._number}, body)
        except OSError as error:
            raise self._failed(error, seconds, "answering") from error
        answer, content = self._received(seconds, "answering")
        if answer.get("id") != self._number:
            self.end("the model's process answers what nobody asked")
            raise ProcessFailed("the model's process answers what nobody asked")
        return answer, content

    def has_ended(self) -> bool:
        """Whether it can answer nothing any more."""
        with self._lock:
            return self._process.returncode is not None or has_ended(self._process)

    def end(self, why: str | None = None) -> None:
        """Kill it, and whatever it has started."""
        with self._lock:
            if why is not None and self._why is None:
                self._why = why
            end_group(self._process)
        with suppress(OSError):
            self._link.shutdown(socket.SHUT_RDWR)

    def dispose(self) -> None:
        """End it, and leave nothing of it open."""
        self.end()
        self._link.close()
        self._spec.unlink(missing_ok=True)

    def look(self) -> str | None:
        """Why it has ended, or has to; None while it does well."""
        with self._lock:
            if self._why is not None:
                return self._why
            if self._process.returncode is not None or has_ended(self._process):
                end_group(self._process)
                code = self._process.returncode or 0
                took_too_much = took_all_memory(code, before=self._kills, now=kernel_kills())
                self._was_killed = code in _KILLED and not took_too_much
                said = self._last_line()
                ended = _NO_MEMORY if took_too_much else how_it_ended(code) or "the model's process has ended"
                self._why = f"{ended}; its last line: {said}" if said else ended
                return self._why
        self._looks += 1
        limit = self._isolation.memory_mb
        if limit is not None and self._looks % _MEMORY_EVERY == 0 and (taken := memory_mb(self.pid)) > limit:
            self.end(f"the model took {taken:,.0f} MB of memory; at most {limit:,.0f} MB are allowed")
        self._shorten_log()
        return self._why

    def _received(self, seconds: float, doing: str) -> tuple[dict[str, Any], bytes]:
        try:
            return frames.receive(self._link, time.monotonic() + seconds)
        except (TimeoutError, frames.Ended, OSError) as error:
            raise self._failed(error, seconds, doing) from error

    def _failed(self, error: Exception, seconds: float, doing: str) -> ProcessFailed:
        if isinstance(error, TimeoutError):
            self.end(f"the model was not done with {doing} within {seconds:g} s, and its process was ended")
        until = time.monotonic() + _END_SEEN_WITHIN_SECONDS
        while (why := self.look()) is None and time.monotonic() < until:
            time.sleep(0.01)
        if why is None:
            self.end(why := "the model's process does not speak any more, and was ended")
        return ProcessAway(why) if self._was_killed else ProcessFailed(why)

    def _last_line(self) -> str:
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - 4096))
                lines = file.read().decode(errors="replace").splitlines()
        except OSError:
            return ""
        return next((line.strip()[:_LINE_CHARACTERS] for line in reversed(lines) if line.strip()), "")

    def _shorten_log(self) -> None:
        """A model that prints with each request does not fill the disk."""
        with suppress(OSError):
            if self.log.stat().st_size > _LOG_BYTES:
                os.truncate(self.log, 0)


def took_all_memory(code: int, *, before: int | None, now: int | None) -> bool:
    """Whether a process has ended because it took what memory there was. Who asked for that is not told to ask again;
    whoever meets an end from outside is.

    Args:
        code: That it ended with.
        before: How often the kernel had ended processes for want of memory when it was asked; None: unknown.
    """
    return code == -signal.SIGKILL and before is not None and now is not None and now > before


def _spec(folder: Path, interpreter: Interpreter, isolation: Isolation, descriptor: int) -> dict[str, Any]:
    return {
        "folder": str(folder.absolute()),
        "paths": [str(path) for path in interpreter.paths],
        "memory_mb": isolation.memory_mb,
        "parent": os.getpid(),
        "descriptor": descriptor,
        "check": str(_CHECK),
        "frames": str(_FRAMES),
    }
