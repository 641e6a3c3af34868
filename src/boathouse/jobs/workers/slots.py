"""The stable name of a worker, held by a file lock for as long as the process lives.

The kernel gives the lock back the moment the process is gone, however it goes. So on one machine nobody has to wait
for a lease to know that a worker is dead.
"""

import fcntl
from pathlib import Path
from typing import IO

from boathouse.foundation.errors import Conflict
from boathouse.foundation.home import Home
from boathouse.foundation.ids import new_id

_MOST_WORKERS = 64


class SlotName:
    """The name of this worker among those of all homes that share a database."""

    def __init__(self, home: Home) -> None:
        self._folder = home.root / "workers"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._home_id = _home_id(self._folder)
        number, self._file = _claim(self._folder)
        self.executor_id = f"{self._home_id}-{number}"

    def is_dead(self, executor_id: str, *, others_may_share: bool) -> bool:
        """Whether a worker is surely gone. Of those of other homes that share the database only their leases can tell;
        where none can share it, they are of a past life of this one."""
        home_id, _, number = executor_id.rpartition("-")
        if home_id != self._home_id:
            return not others_may_share
        if executor_id == self.executor_id:
            return False
        with (self._folder / f"{number}.lock").open("a") as file:
            return _try_lock(file)  # and let go again: a new life of it may begin


def _claim(folder: Path) -> tuple[int, IO[str]]:
    for number in range(_MOST_WORKERS):
        file = (folder / f"{number}.lock").open("a")
        if _try_lock(file):
            return number, file
        file.close()
    raise Conflict(f"{_MOST_WORKERS} workers are already running on {folder.parent}.")


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _home_id(folder: Path) -> str:
    with (folder / "id").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        if not (name := file.read().strip()):
            name = f"worker-{new_id()[:8]}"
            file.write(name + "\n")
        return name
