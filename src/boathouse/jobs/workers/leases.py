"""Which worker is alive. DBOS alone notices no dead one.

A worker has a stable name, its executor id, so that a new life of it finds what the last one left. What it holds is a
lease that has to be renewed. Leases are measured by one clock that all workers share, whatever the clocks of their
machines say: that of Postgres, or, on SQLite, where all of them are on one machine, the time since that machine
started, which stands still while it sleeps and never jumps.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    and_,
    cast,
    extract,
    func,
    insert,
    literal,
    select,
    update,
)

from boathouse.foundation.errors import Conflict
from boathouse.foundation.ids import new_id
from boathouse.jobs.schema import job_runs, task_runs, worker_leases
from boathouse.jobs.states import UNDER_WAY, LifeCycleState
from boathouse.metastore import Database

RENEW_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a worker may be silent."""

    lease_seconds: float
    """Then others take over what it holds."""
    fence_seconds: float
    """Then it is killed, so that its tasks are gone before anybody takes them over."""


APART = Patience(7, 5.5)
"""For workers that may be on several machines: only the lease tells that one is dead."""
TOGETHER = Patience(30, 25)
"""For workers on one machine: a file lock tells at once that one is dead, so the lease is only for the frozen, and a
database that is busy for a while costs nobody his tasks."""

_NEVER = 0
_UNDER_WAY = job_runs.c.life_cycle_state.in_(UNDER_WAY)


class LeaseLost(Conflict):
    """Another worker has taken over; this one must stop what it does."""


@dataclass(frozen=True, slots=True)
class Lease:
    """What is known of one worker."""

    executor_id: str
    expires_in_seconds: float
    open_runs: int
    running_tasks: int

    @property
    def is_alive(self) -> bool:
        return self.expires_in_seconds > 0


class Leases:
    """The leases of all workers; :meth:`renew` and :meth:`take_over` compare and set, so that one worker wins."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._holder = new_id()
        self.patience = TOGETHER if database.where.is_sqlite else APART

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
        with self._database.write() as connection:
            query = update(worker_leases).where(self._mine(executor_id)).values(expires_at=self._expiry())
            if not connection.execute(query).rowcount:
                raise LeaseLost(f"The lease of {executor_id} was taken over by another worker.")

    def release(self, executor_id: str) -> None:
        """Say that we are gone, so that nobody waits."""
        with self._database.write() as connection:
            values = {"is_released": True, "expires_at": _NEVER}
            connection.execute(update(worker_leases).where(self._mine(executor_id)).values(values))

    def take_over(self, by: str, is_dead: Callable[[str], bool]) -> Sequence[int]:
        """Take the unfinished runs of workers that are gone: their leases have expired, or ``is_dead`` knows it."""
        query = select(
            worker_leases.c.executor_id,
            worker_leases.c.holder,
            (worker_leases.c.expires_at < self._now()).label("has_expired"),
        ).where(worker_leases.c.executor_id != by)
        with self._database.read() as connection:
            others = connection.execute(query).all()
        taken: list[int] = []
        for executor_id, holder, has_expired in others:
            if has_expired or is_dead(executor_id):
                taken += self._take(executor_id, holder, by, is_certain=not has_expired)
        return taken

    def _take(self, executor_id: str, holder: str, by: str, *, is_certain: bool) -> Sequence[int]:
        """All of one worker's runs, or none: it may have come back to life in the meantime."""
        theirs = and_(worker_leases.c.executor_id == executor_id, worker_leases.c.holder == holder)
        still_gone = theirs if is_certain else and_(theirs, worker_leases.c.expires_at < self._now())
        unfinished = and_(job_runs.c.executor_id == executor_id, _UNDER_WAY)
        with self._database.write() as connection:
            if not connection.execute(worker_leases.delete().where(still_gone)).rowcount:
                return []
            taken = list(connection.execute(select(job_runs.c.run_id).where(unfinished)).scalars())
            connection.execute(update(job_runs).where(unfinished).values(executor_id=by))
        return taken

    def all(self) -> Sequence[Lease]:
        """Every worker that holds a lease, or has left runs behind."""
        expires_in = (worker_leases.c.expires_at - self._now()).label("expires_in")
        query = select(worker_leases.c.executor_id, worker_leases.c.is_released, expires_in)
        by_worker = select(job_runs.c.executor_id, func.count()).where(_UNDER_WAY).group_by(job_runs.c.executor_id)
        at_work = by_worker.join(task_runs, task_runs.c.run_id == job_runs.c.run_id).where(
            task_runs.c.life_cycle_state == LifeCycleState.RUNNING.value
        )
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(worker_leases.c.executor_id)).all()
            runs = _counts(connection, by_worker)
            tasks = _counts(connection, at_work)
        return [
            Lease(
                str(row.executor_id), row.expires_in / 1000, runs.get(row.executor_id, 0), tasks.get(row.executor_id, 0)
            )
            for row in rows
            if not row.is_released or row.executor_id in runs
        ]

    def _mine(self, executor_id: str) -> ColumnElement[bool]:
        return and_(worker_leases.c.executor_id == executor_id, worker_leases.c.holder == self._holder)

    def _expiry(self) -> Any:
        return self._now() + round(self.patience.lease_seconds * 1000)

    def _now(self) -> ColumnElement[int]:
        """Milliseconds on the clock that all workers share."""
        if self._database.where.is_sqlite:
            return literal(int(time.monotonic() * 1000), BigInteger)
        return cast(extract("epoch", func.clock_timestamp()) * 1000, BigInteger)


def _counts(connection: Connection, query: Select[str | None, int]) -> dict[str | None, int]:
    return {name: count for name, count in connection.execute(query)}  # noqa: C416 (dict() of rows means their keys)
