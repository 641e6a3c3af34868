# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""One sandboxed process and the conversation with it."""

import json
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from boathouse.catalog import Function
from boathouse.foundation.errors import InvalidInput, Unavailable

SANDBOX = Path(__file__).with_name("sandbox.py")
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT")
_ONE_THREAD = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What the functions of one owner may use in one statement."""

    memory_bytes: int = 1 << 30
    """Memory of the process, Python and Arrow included."""
    cpu_seconds: int = 3600
    """Processor time in all."""
    batch_seconds: float = 60.0
    """How long one batch of rows (about two thousand) may take."""


class FunctionRaised(InvalidInput):
    """A function ended with an exception at a row."""

    def __init__(self, name: str, facts: dict[str, Any]) -> None:
        self.row = int(facts["row"])
        """Of the batch, from 0."""
        self.line: int | None = facts.get("line")
        self.reason = f"{facts['error']}: {facts['message']}"
        line = f", line {self.line}" if self.line else ""
        super().__init__(f"Function {name} failed in row {self.row + 1} of its batch{line}: {self.reason}")


class PythonProcess:
    """Computes functions in a process of its own: no token, an empty folder, a clean environment.

    It is started at the first call and must be closed; calls from several threads queue up.
    """

    def __init__(self, functions: Sequence[Function], limits: Limits | None = None) -> None:
        self._functions = {each.full_name: each for each in functions}
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._folder: str | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def call(self, name: str, columns: Sequence[Any], result_type: pa.DataType, rows: int) -> pa.Array:
        """The values of a function for a batch of rows.

        Raises:
            FunctionRaised: It did; the message names the function, the row of the batch and the exception.
            Unavailable: The process has ended, or the batch took too long.
        """
        with self._lock:
            child = self._started()
            schema = pa.schema([pa.field("value", result_type)])
            names = [f"c{position}" for position in range(len(columns))]
            batch = pa.record_batch(list(columns), names=names) if columns else _rows_without_columns(rows)
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, batch.schema) as writer:
                writer.write_batch(batch)
            deadline = time.monotonic() + self._limits.batch_seconds
            try:
                self._send(child, name.encode(), schema.serialize(), sink.getvalue())
                kind, answer = self._receive(child, deadline, name), self._receive(child, deadline, name)
            except BrokenPipeError as error:
                raise self._ended(name) from error
        if kind == b"failure":
            raise FunctionRaised(name, json.loads(answer))
        return pa.ipc.open_stream(answer).read_next_batch().column(0)

    def close(self) -> None:
        """End the process, whatever it is doing."""
        child, self._child, self._closed = self._child, None, True
        if child is not None:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            for pipe in (child.stdin, child.stdout):
                with suppress(BrokenPipeError):
                    if pipe:
                        pipe.close()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def __enter__(self) -> "PythonProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._closed:
            raise Unavailable("The statement has ended, and its Python functions with it.")
        if self._child is None:
            self._folder = tempfile.mkdtemp(prefix="boathouse-function-")
            environment = {key: value for key, value in os.environ.items() if key in _KEPT} | _ONE_THREAD
            self._child = subprocess.Popen(
                [sys.executable, "-I", str(SANDBOX)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self._folder,
                env=environment,
                start_new_session=True,
            )
            deadline = time.monotonic() + self._limits.batch_seconds
            self._send(self._child, json.dumps(self._setting()).encode())
            self._receive(self._child, deadline, next(iter(self._functions)))
        return self._child

    def _setting(self) -> dict[str, Any]:
        return {
            "limits": asdict(self._limits),
            "functions": {
                name: {
                    "code": each.body,
                    "handler": each.handler,
                    "parameters": [parameter.name for parameter in each.parameters],
                }
                for name, each in self._functions.items()
            },
        }

    def _send(self, child: "subprocess.Popen[bytes]", *messages: Any) -> None:
        assert child.stdin is not None
        for message in messages:
            child.stdin.write(struct.pack("<Q", len(message)))
            child.stdin.write(message)
        child.stdin.flush()

    def _receive(self, child: "subprocess.Popen[bytes]", deadline: float, name: str) -> bytes:
        length = struct.unpack("<Q", self._exactly(child, 8, deadline, name))[0]
        return self._exactly(child, length, deadline, name)

    def _exactly(self, child: "subprocess.Popen[bytes]", count: int, deadline: float, name: str) -> bytes:
        assert child.stdout is not None
        descriptor, pieces = child.stdout.fileno(), list[bytes]()
        while count:
            ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                self.close()
                raise Unavailable(
                    f"Function {name} took longer than {self._limits.batch_seconds:g} seconds for one batch of rows.",
                    hint="Make it faster, or compute it in a task.",
                )
            piece = os.read(descriptor, min(count, 1 << 20))
            if not piece:
                raise self._ended(name)
            pieces.append(piece)
            count -= len(piece)
        return b"".join(pieces)

    def _ended(self, name: str) -> Unavailable:
        code = self._child.wait() if self._child else None
        self.close()
        reason = {
            -signal.SIGXCPU: "it used more processor time than it may",
            -signal.SIGKILL: "it was killed, perhaps for want of memory",
            -signal.SIGSEGV: "it crashed",
        }.get(code or 0, f"its exit code was {code}")
        return Unavailable(f"The process of function {name} ended: {reason}.")


def _rows_without_columns(rows: int) -> pa.RecordBatch:
    return pa.RecordBatch.from_struct_array(pa.array([{}] * rows, pa.struct([])))
