"""Once a minute: what endpoints, jobs and parts did since the last time, as rows. Mark and rows are written in one
transaction, so that no minute is counted twice, and none is lost while the workers live."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.metastore import Database
from boathouse.monitoring.system import repository as rows
from boathouse.monitoring.system.components import Look, looked_at
from boathouse.monitoring.system.counting import added_since, seen_of
from boathouse.monitoring.system.job_figures import figures_between
from boathouse.monitoring.system.repository import Mark, Sample
from boathouse.serving.telemetry.nouns import WorkerCounts

MINUTE_MS = 60_000
SETTLED_MS = 2_000
"""How long ago a minute has to have ended: runs that ended in it are written down by then."""
KEPT_MS = 7 * 86_400_000
LONGEST_MS = 3_600_000
"""A stretch that nobody looked at is one row up to this; of a longer one only the end is told."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the figures come from."""

    database: Database
    counts: Callable[[], Sequence[WorkerCounts]]
    names: Callable[[], Mapping[str, str]]
    """Of endpoints, by id."""
    components: Sequence[Look]
    clock: Clock


class Sampler:
    """Takes samples when their time has come."""

    def __init__(self, sources: Sources, *, kept_ms: int = KEPT_MS) -> None:
        self._sources = sources
        self._kept_ms = kept_ms
        self._forgotten_at = 0

    def look(self) -> bool:
        """Take the sample of the last whole minute, if nobody has; whether there was one to take."""
        now = epoch_ms(self._sources.clock.now())
        until = (now - SETTLED_MS) // MINUTE_MS * MINUTE_MS
        with self._sources.database.read() as connection:
            before = rows.mark(connection)
        if before is not None and until <= before.sampled_at <= now + MINUTE_MS:
            return False
        # A mark that lies in the future was left by a clock that was put back: begin anew from here.
        since = until if before is None or before.sampled_at > until else max(before.sampled_at, until - LONGEST_MS)
        endpoints, seen = added_since(self._sources.counts(), None if before is None else seen_of(before.document))
        components = looked_at(self._sources.components)
        names = self._sources.names()
        with self._sources.database.write() as connection:
            if not rows.move_mark(connection, before, Mark(until, seen)):
                return False
            jobs = figures_between(connection, since, until)
            rows.remove(connection, until)
            rows.add(connection, Sample(since, until, endpoints, names, jobs, components))
            if now - self._forgotten_at > 60 * MINUTE_MS:
                self._forgotten_at = now
                rows.forget(connection, now - self._kept_ms)
        return True
