"""Which worker is alive. DBOS alone notices no dead one.

A worker has a stable name, its executor id, so that a new life of it finds what the last one left. On one machine the
name is held by a file lock, which the kernel gives back at once when the process dies. Between machines it is held by
a lease that has to be renewed.
"""

import fcntl
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from sqlalchemy import insert, select, update

from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.errors import Conflict
from boathouse.foundation.home import Home
from boathouse.foundation.ids import new_id
from boathouse.jobs.schema import job_runs, worker_leases
from boathouse.jobs.states import FINAL_STATES
from boathouse.metastore import Database

LEASE_SECONDS = 9
RENEW_SECONDS = 3
_MOST_WORKERS = 64


class LeaseLost(Conflict):
    """Another worker has taken over; this one must stop what it does."""


class SlotName:
    """The name of this worker, held by a file lock for as long as the process lives."""

    def __init__(self, home: Home) -> None:
        self.executor_id, self._file = _claim(home.root / "workers")


class Leases:
    """The leases of all workers; :meth:`renew` and :meth:`take_over` compare and set, so that one worker wins."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._holder = new_id()

    def acquire(self, executor_id: str) -> None:
        """Begin a new life under the name; any earlier life of it is over."""
        values = {"holder": self._holder, "expires_at": self._expiry(), "is_released": False}
        mine = worker_leases.c.executor_id == executor_id
        with self._database.write() as connection:
            if not connection.execute(update(worker_leases).where(mine).values(values)).rowcount:
                connection.execute(insert(worker_leases).values(executor_id=executor_id, **values))

    def renew(self, executor_id: str) -> None:
        """Say that we are alive.

        Raises:
            LeaseLost: Somebody has taken over.
        """
        mine = (worker_leases.c.executor_id == executor_id) & (worker_leases.c.holder == self._holder)
        with self._database.write() as connection:
            if not connection.execute(update(worker_leases).where(mine).values(expires_at=self._expiry())).rowcount:
                raise LeaseLost(f"The lease of {executor_id} was taken over by another worker.")

    def release(self, executor_id: str) -> None:
        """Say that we are gone, so that nobody waits."""
        mine = (worker_leases.c.executor_id == executor_id) & (worker_leases.c.holder == self._holder)
        with self._database.write() as connection:
            connection.execute(update(worker_leases).where(mine).values(is_released=True, expires_at=0))

    def take_over(self, by: str) -> Sequence[int]:
        """Take the unfinished runs of workers whose leases have expired."""
        taken: list[int] = []
        now = epoch_ms(self._clock.now())
        query = select(worker_leases.c.executor_id, worker_leases.c.holder).where(
            worker_leases.c.expires_at < now, worker_leases.c.executor_id != by
        )
        with self._database.read() as connection:
            expired = connection.execute(query).all()
        for executor_id, holder in expired:
            with self._database.write() as connection:
                theirs = (worker_leases.c.executor_id == executor_id) & (worker_leases.c.holder == holder)
                if not connection.execute(update(worker_leases).where(theirs).values(holder=self._holder)).rowcount:
                    continue
                unfinished = (job_runs.c.executor_id == executor_id) & job_runs.c.life_cycle_state.not_in(
                    [*(state.value for state in FINAL_STATES), "QUEUED"]
                )
                taken += connection.execute(select(job_runs.c.run_id).where(unfinished)).scalars()
                connection.execute(update(job_runs).where(unfinished).values(executor_id=by))
                connection.execute(worker_leases.delete().where(worker_leases.c.executor_id == executor_id))
        return taken

    def _expiry(self) -> int:
        return epoch_ms(self._clock.now()) + LEASE_SECONDS * 1000


def _claim(folder: Path) -> tuple[str, IO[str]]:
    folder.mkdir(parents=True, exist_ok=True)
    home_id = _home_id(folder)
    for number in range(_MOST_WORKERS):
        file = (folder / f"{number}.lock").open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            continue
        return f"{home_id}-{number}", file
    raise Conflict(f"{_MOST_WORKERS} workers are already running on {folder.parent}.")


def _home_id(folder: Path) -> str:
    """A name for this home among others that share a database."""
    with (folder / "id").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        if not (name := file.read().strip()):
            name = f"worker-{new_id()[:8]}"
            file.write(name + "\n")
        return name
