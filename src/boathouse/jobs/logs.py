"""What tasks print: one file per attempt, written by the task itself and read while it grows."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from boathouse.foundation.home import Home

_CHUNK_BYTES = 64 * 1024
_POLL_SECONDS = 0.2


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


def follow(file: Path, is_over: Callable[[], bool]) -> Iterator[bytes]:
    """The log from its beginning, then as it grows, until ``is_over`` and nothing is left."""
    position = 0
    while True:
        over = is_over()  # asked before the last look, so that nothing written in between is missed
        while chunk := _read(file, position):
            position += len(chunk)
            yield chunk
        if over:
            return
        time.sleep(_POLL_SECONDS)


def _read(file: Path, position: int) -> bytes:
    try:
        with file.open("rb") as stream:
            stream.seek(position)
            return stream.read(_CHUNK_BYTES)
    except FileNotFoundError:
        return b""
