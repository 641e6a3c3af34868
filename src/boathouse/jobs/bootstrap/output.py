"""Carries what a task prints into its log, at once and without the secrets that the task knows.

The task writes into a pipe; the guard reads it, looks whether the ledger has grown, and writes on. In that order: what
a task prints of a secret was read after the secret was noted.
"""

import os
import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from boathouse.foundation.redaction import Redactor

_CHUNK_BYTES = 1 << 16


class Ledger:
    """The secrets that the task knows: a file in memory, which ends with the guard."""

    def __init__(self, spare_file: str) -> None:
        if hasattr(os, "memfd_create"):
            self._descriptor = os.memfd_create("secrets")
            self.path = f"/proc/{os.getpid()}/fd/{self._descriptor}"
        else:
            self._descriptor = os.open(spare_file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            self.path = spare_file
        self._read = 0

    def news(self) -> "list[bytes]":
        """What has come since the last look. Almost every task has none, and almost every look is one system call."""
        if os.fstat(self._descriptor).st_size <= self._read:
            return []
        from boathouse.foundation.redaction import read_ledger

        values, self._read = read_ledger(self._descriptor, self._read)
        return values

    def write(self, values: "Iterable[bytes]") -> None:
        from boathouse.foundation.redaction import note

        note(values, self.path)

    def close(self) -> None:
        os.close(self._descriptor)
        if not self.path.startswith("/proc/"):
            os.unlink(self.path)  # noqa: PTH108


class Output:
    """The pipe between a task and its log, which is the guard's own standard output."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._reader, self._writer = os.pipe()
        self._wake_reader, self.wake = os.pipe()
        for descriptor in (self._wake_reader, self.wake):
            os.set_blocking(descriptor, False)
        self._poll = select.poll()
        self._poll.register(self._reader, select.POLLIN)
        self._poll.register(self._wake_reader, select.POLLIN)
        self._redactor: Redactor | None = None
        self._lost = 0

    def become_the_task(self) -> None:
        """In the child: print into the pipe."""
        os.dup2(self._writer, 1)
        os.dup2(self._writer, 2)
        for descriptor in (self._reader, self._writer, self._wake_reader, self.wake):
            os.close(descriptor)

    def become_the_guard(self) -> None:
        """In the parent: only read from it."""
        os.close(self._writer)

    def carry(self) -> None:
        """Wait until something is printed or a signal comes, and carry on what was printed."""
        for descriptor, _ in self._poll.poll():
            if descriptor == self._wake_reader:
                os.read(self._wake_reader, _CHUNK_BYTES)
            elif not self._carry_chunk():
                self._poll.unregister(self._reader)

    def finish(self) -> None:
        """Carry on what is left in the pipe; nobody writes into it any more."""
        os.set_blocking(self._reader, False)
        try:
            while self._carry_chunk():
                pass
        except BlockingIOError:
            pass  # somebody has carried the other end out of our reach
        if self._redactor is not None:
            self._write(self._redactor.finish())
        if self._lost:
            self._write(f"\n[boathouse] {self._lost} bytes of output could not be written.\n".encode())

    def _carry_chunk(self) -> bool:
        data = os.read(self._reader, _CHUNK_BYTES)
        if news := self._ledger.news():
            self._redact_from_now_on(news)
        if data:
            self._write(self._redactor.feed(data) if self._redactor is not None else data)
        return bool(data)

    def _redact_from_now_on(self, news: "list[bytes]") -> None:
        if self._redactor is None:
            from boathouse.foundation.redaction import Redactor

            self._redactor = Redactor()
        self._redactor.add(news)

    def _write(self, data: bytes) -> None:
        """A full disk costs output, never the task."""
        while data:
            try:
                data = data[os.write(1, data) :]
            except OSError:
                self._lost += len(data)
                return
