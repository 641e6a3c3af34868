"""A model in a process of its own, as long as it is served: one process after the other, should they end.

One thread keeps the process: it starts it, looks after it, and starts it again, each time later when it keeps ending.
The kernel ends a process with the thread that has started it, so no process outlives its worker.
"""

import logging
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from boathouse.foundation.errors import Unavailable
from boathouse.models.serving_check import Interpreter
from boathouse.serving.isolated.nouns import Answered, Isolation, ProcessAway, ProcessFailed
from boathouse.serving.isolated.process import ModelProcess

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.05
_PAUSES = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Before the next start, by how many processes in a row have not lived long."""
_LONG_LIFE_SECONDS = 30.0


class IsolatedModel:
    """Answers from whichever process is there. For many threads; the process has one request at a time."""

    def __init__(self, folder: Path, interpreter: Interpreter, isolation: Isolation, *, name: str) -> None:
        """Args:
        name: Of its log: letters, digits, dashes.
        """
        self._folder = folder
        self._interpreter = interpreter
        self._isolation = isolation
        self._name = name
        self._turn = threading.Lock()
        self._closing = threading.Event()
        self._settled = threading.Event()
        self._process: ModelProcess | None = None
        self._why = "it is being started"
        self._keeper = threading.Thread(target=self._keep, name=f"model-{name}", daemon=True)

    def start(self) -> None:
        """Returns when the model answers for the first time.

        Raises:
            Unavailable: It does not load; the message says why.
        """
        self._keeper.start()
        self._settled.wait()
        if self._process is None:
            self.close()
            raise Unavailable(f"The model in {self._folder} cannot be served: {self._why}.")

    @property
    def pid(self) -> int | None:
        """Of the process that answers at the moment."""
        process = self._process
        return None if process is None else process.pid

    @property
    def is_ready(self) -> bool:
        return self._process is not None

    def ask(self, header: Mapping[str, Any], body: bytes) -> Answered:
        """One request.

        Raises:
            ProcessFailed: There is no answer.
        """
        if not self._turn.acquire(timeout=self._isolation.deadline_seconds):
            raise ProcessFailed("the model's process was busy with other requests until the deadline")
        try:
            process = self._process
            if process is None:
                raise ProcessAway(f"the model's process is being started again: {self._why}")
            if process.has_ended():  # and nobody has looked since
                raise ProcessAway("the model's process has ended, and is started again")
            answer, content = process.ask(header, body)
        finally:
            self._turn.release()
        if answer.get("status") == "ok":
            return Answered(content)
        message = str(answer.get("message", "the model's process says nothing"))
        if answer.get("status") == "bad":
            return Answered(b"", refused=message)
        limit = self._isolation.memory_mb
        if limit is not None and message.startswith(MemoryError.__name__):
            message = f"{message.rstrip(': ')}: it may take {limit:,.0f} MB of memory (limits.memory_mb)"
        raise ProcessFailed(f"the model raised {message}")

    def close(self) -> None:
        """End the process, for good."""
        self._closing.set()
        if self._keeper.is_alive() and threading.current_thread() is not self._keeper:
            self._keeper.join()

    def _keep(self) -> None:
        short_lives = 0
        while not self._closing.is_set():
            began = time.monotonic()
            try:
                self._live_once()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next process may do better
                self._why = str(error) or type(error).__name__
                log.warning("The process of %s: %s", self._folder, self._why)
            if not self._settled.is_set():
                self._settled.set()  # the first one has not come to answer: whoever waits for it decides
                return
            short_lives = 0 if time.monotonic() - began > _LONG_LIFE_SECONDS else short_lives + 1
            self._closing.wait(_PAUSES[min(short_lives - 1, len(_PAUSES) - 1)] if short_lives else 0.0)

    def _live_once(self) -> None:
        """One process, from its start to its end."""
        process = ModelProcess(self._folder, self._interpreter, self._isolation, self._name)
        try:
            self._wait(process)
            self._process = process
            self._settled.set()
            while not self._closing.wait(_LOOK_SECONDS):
                if (why := process.look()) is not None:
                    raise ProcessFailed(why)
        finally:
            self._process = None
            process.dispose()

    def _wait(self, process: ModelProcess) -> None:
        """For the model to be loaded; given up when nobody wants it any more."""
        waiting = threading.Thread(target=self._end_when_closing, args=(process,), daemon=True)
        waiting.start()
        try:
            process.wait_until_ready()
        finally:
            process.is_loaded = True

    def _end_when_closing(self, process: ModelProcess) -> None:
        while not process.is_loaded:
            if self._closing.wait(_LOOK_SECONDS):
                process.end("nobody wants it any more")
                return
