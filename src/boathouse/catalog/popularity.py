"""How much a thing is used: counted with every read, so that nobody has to go through the audit log to know.

One row per thing, day, reader and job. What is popular is read by many on many days, not often by one loop.
"""

import math
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from boathouse.catalog.lawbook import LawBook
from boathouse.catalog.repository import Connection
from boathouse.catalog.repository import reads as rows
from boathouse.catalog.securables import LineageEdge, NodeKind, SecurableKind, is_system
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.context import TaskContext
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.metastore import Database

_KINDS = {
    NodeKind.TABLE: SecurableKind.TABLE,
    NodeKind.VOLUME: SecurableKind.VOLUME,
    NodeKind.MODEL_VERSION: SecurableKind.REGISTERED_MODEL,
}
_REPEATING = frozenset({"TRAINED", "REGISTERED"})

WINDOW_DAYS = 30
_KEPT_DAYS = 90
_DAY_MS = 24 * 60 * 60 * 1000
_HIGHEST_BOOST = 60


@dataclass(frozen=True, slots=True)
class Use:
    """The use of a thing in the last 30 days."""

    reads: int = 0
    readers: int = 0
    """Principals that have read it."""
    jobs: int = 0
    runs: int = 0
    """Runs of those jobs."""


class Popularity:
    """Counts reads, and says how many there were."""

    def __init__(self, database: Database, clock: Clock, book: LawBook) -> None:
        self._database = database
        self._clock = clock
        self._book = book
        self._lock = threading.Lock()
        self._settled_on = -1

    def count(
        self, connection: Connection, principal: Principal, securable_ids: Iterable[str], task: TaskContext | None
    ) -> None:
        """Remember that the principal reads these things now; call it in the transaction that records the read."""
        if principal.name == SYSTEM.name:
            return
        job_id, run_id = (task.job_id, task.run_id) if task is not None else (0, 0)
        for id in sorted(set(securable_ids)):
            read = rows.Read(id, self._today(), principal.name, job_id, run_id)
            if rows.add(connection, read):
                popularity = rows.popularity_of(connection, id) + 1
                rows.set_popularity(connection, {id: popularity}, boost)

    def things_read(self, edges: Sequence[LineageEdge]) -> set[str]:
        """The ids of what the edges read. That a run was trained on a table repeats a read that was counted."""
        nodes = {edge.source for edge in edges if edge.source is not None and edge.operation not in _REPEATING}
        keys = {(_KINDS[node.kind], node.name) for node in nodes if node.kind in _KINDS and not is_system(node.name)}
        return {chain[0].id for chain in self._book.chains(list(keys)).values()}

    def of(self, connection: Connection, securable_ids: Sequence[str]) -> Mapping[str, Use]:
        """The use of things, by id; those that nobody has read are left out."""
        return {id: Use(*numbers) for id, numbers in rows.uses(connection, securable_ids, self.since()).items()}

    def since(self) -> int:
        """The day after which reads count."""
        return self._today() - WINDOW_DAYS

    def settle(self) -> None:
        """Forget what is older than the window; does something once a day."""
        today = self._today()
        if self._settled_on == today:
            return
        with self._lock:
            if self._settled_on == today:
                return
            with self._database.write() as connection:
                rows.forget_before(connection, today - _KEPT_DAYS)
                rows.set_popularity(connection, rows.changed_popularity(connection, self.since()), boost)
            self._settled_on = today

    def _today(self) -> int:
        return epoch_ms(self._clock.now()) // _DAY_MS


def boost(popularity: int) -> int:
    """What popularity adds to the score of a hit: never as much as a better match of names."""
    return min(_HIGHEST_BOOST, round(8 * math.log2(1 + popularity)))
