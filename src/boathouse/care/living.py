"""Does somebody work on a home? Every process that does holds a file lock in it, which the kernel gives back with the
process, so no file that was left behind can mislead us."""

import fcntl
from pathlib import Path

from boathouse.foundation.errors import Conflict
from boathouse.foundation.home import Home


def refuse_living(home: Home) -> None:
    """
    Raises:
        Conflict: A supervisor or a worker holds the home.
    """
    for lock in (*home.root.glob("*.lock"), *home.root.glob("workers/*.lock")):
        if _is_held(lock):
            raise Conflict(
                f"A Boathouse is running on {home.root} ({lock.stem} holds it).", hint="Stop it with: boathouse down"
            )


def _is_held(lock: Path) -> bool:
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
