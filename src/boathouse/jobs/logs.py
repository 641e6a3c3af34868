"""What tasks print: one file per attempt, written by the task's guard and read while it grows."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from boathouse.foundation.errors import NotFound
from boathouse.foundation.home import Home

_CHUNK_BYTES = 64 * 1024
POLL_SECONDS = 0.2


def attempt_folder(home: Home, run_id: int, task_key: str) -> Path:
    """The folder with the logs and working folders of a task's attempts."""
    return home.runs / str(run_id) / task_key


def log_file(home: Home, run_id: int, task_key: str, attempt: int) -> Path:
    return attempt_folder(home, run_id, task_key) / f"{attempt}.log"


def tail(file: Path, *, limit_bytes: int) -> tuple[str, bool]:
    """The end of a log, beginning at a line, and whether something was left out."""
    try:
        with file.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - limit_bytes))
            data = stream.read()
    except FileNotFoundError:
        return "", False
    truncated = size > limit_bytes
    if truncated:
        data = data.partition(b"\n")[2] or data
    return data.decode(errors="replace"), truncated


def notebook_of(file: Path, task_key: str) -> Path:
    """The executed notebook that an attempt has left beside its log.

    Raises:
        NotFound: It has left none.
    """
    notebook = file.with_suffix(".ipynb")
    if not notebook.is_file():
        raise NotFound(
            f"The task {task_key} has left no notebook.",
            hint="Only notebook tasks leave one, when they end by themselves.",
        )
    return notebook


class LogReader:
    """Reads a log while it grows: from its beginning, or its last bytes first; what was left out can be asked for."""

    def __init__(self, file: Path, is_over: Callable[[], bool], *, last_bytes: int | None = None) -> None:
        self._file = file
        self._is_over = is_over
        self._first = 0 if last_bytes is None else _line_start(file, _size(file) - last_bytes)
        self._position = self._first
        self._was_over = False

    @property
    def left_out_bytes(self) -> int:
        """How much of the log lies before what was read."""
        return self._first

    def read_before(self, most_bytes: int) -> bytes:
        """The piece that ends where reading has begun so far; empty when that is the beginning of the log."""
        start, end = _line_start(self._file, self._first - most_bytes), self._first
        if start >= end:
            start = max(0, end - most_bytes)  # one line that is longer than the piece
        self._first = start
        return _read(self._file, start, end - start)

    def read(self) -> bytes | None:
        """The next piece; empty when there is nothing new yet, None when there never will be."""
        over = self._was_over or self._is_over()  # asked before the look, so that nothing written in between is missed
        chunk = _read(self._file, self._position)
        self._position += len(chunk)
        self._was_over = over
        return None if over and not chunk else chunk


def follow(reader: LogReader) -> Iterator[bytes]:
    """All that a log holds and will hold, waiting in between."""
    while (chunk := reader.read()) is not None:
        if chunk:
            yield chunk
        else:
            time.sleep(POLL_SECONDS)


def _read(file: Path, position: int, count: int = _CHUNK_BYTES) -> bytes:
    try:
        with file.open("rb") as stream:
            stream.seek(position)
            return stream.read(count)
    except FileNotFoundError:
        return b""


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _line_start(file: Path, position: int) -> int:
    """The beginning of the first line that begins at or after a position; the position when the line is endless."""
    if position <= 0:
        return 0
    before, newline, _ = _read(file, position - 1).partition(b"\n")
    return position + len(before) if newline else position
