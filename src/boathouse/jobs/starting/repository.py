"""The SQL of what starts runs. A starter's row is compared and set, and the run is made in the same transaction: one
run per fire, however many processes look."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, func, insert, or_, select, update

from boathouse.foundation.errors import BoathouseError
from boathouse.jobs.records import Job
from boathouse.jobs.schema import jobs
from boathouse.jobs.starting.following import announce, follow
from boathouse.jobs.starting.schema import clockwork, job_starters, starter_events, starter_files
from boathouse.jobs.starting.starters import Starter, StarterKind, Verdict
from boathouse.metastore import Database
from boathouse.metastore.upserting import insert_missing

_LEASE = "clockwork"
EVENTS = "events"
"""The position in the platform's events; that in the audit log stands in the row of the lease."""
_STARTERS = (
    select(job_starters, jobs.c.run_as).join(jobs, jobs.c.job_id == job_starters.c.job_id).where(jobs.c.is_registered)
)
_BATCH = 500


class StarterRepository:
    """Reads starters, and writes what a look at them came to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, job_id: int) -> Starter | None:
        with self._database.read() as connection:
            row = connection.execute(_STARTERS.where(job_starters.c.job_id == job_id)).one_or_none()
        return _starter(row) if row else None

    def of_jobs(self, job_ids: Collection[int]) -> dict[int, Starter]:
        """What starts each of these jobs, where something does."""
        with self._database.read() as connection:
            rows = connection.execute(_STARTERS.where(job_starters.c.job_id.in_(job_ids))).all()
        return {row.job_id: _starter(row) for row in rows}

    def all(self) -> list[Starter]:
        with self._database.read() as connection:
            return [_starter(row) for row in connection.execute(_STARTERS)]

    def unfollowed(self) -> list[int]:
        """Jobs that nothing has looked at yet: a release that knew no schedules has written them."""
        is_new = ~exists().where(job_starters.c.job_id == jobs.c.job_id)
        says_so = or_(*(jobs.c.settings.contains(f'"{word}"') for word in ("schedule", "trigger", "continuous")))
        with self._database.read() as connection:
            return list(connection.execute(select(jobs.c.job_id).where(is_new, says_so)).scalars())

    def follow_all(self, found: Iterable[Job], now: int) -> None:
        """Look at jobs for the first time; what one of them says wrongly is its problem."""
        for job in found:
            with suppress(BoathouseError), self._database.write() as connection:
                follow(connection, job.job_id, job.settings, now)

    def due(self, now: int, limit: int) -> list[Starter]:
        """Those whose time has come, the longest overdue first."""
        query = _STARTERS.where(job_starters.c.due_at <= now).order_by(job_starters.c.due_at).limit(limit)
        with self._database.read() as connection:
            return [_starter(row) for row in connection.execute(query)]

    def of_kinds(self, kinds: Collection[StarterKind]) -> list[Starter]:
        """Those of some kinds that are not paused."""
        wanted = job_starters.c.kind.in_([kind.value for kind in kinds]) & ~job_starters.c.is_paused
        with self._database.read() as connection:
            return [_starter(row) for row in connection.execute(_STARTERS.where(wanted))]

    def told_since(self, kinds: Collection[StarterKind]) -> int | None:
        """Since when the oldest starter of some kinds wants to be told; None when there is none."""
        wanted = job_starters.c.kind.in_([kind.value for kind in kinds]) & ~job_starters.c.is_paused
        with self._database.read() as connection:
            return connection.execute(select(func.min(job_starters.c.since)).where(wanted)).scalar()

    def apply(
        self, starter: Starter, verdict: Verdict, now: int, make_runs: Callable[[Connection], Sequence[int]]
    ) -> Sequence[int] | None:
        """Keep a verdict and make its runs, all or nothing; None when somebody else has changed the starter since."""
        values = {
            "revision": starter.revision + 1,
            "due_at": verdict.due_at,
            "memory": _text(starter.memory if verdict.memory is None else verdict.memory),
            "missed": starter.missed + verdict.missed,
            "last_missed_at": verdict.missed_at if verdict.missed else starter.last_missed_at,
            "problem": verdict.problem,
            "problem_since": _problem_since(starter, verdict, now),
        }
        mine = (job_starters.c.job_id == starter.job_id) & (job_starters.c.revision == starter.revision)
        with self._database.write() as connection:
            if not connection.execute(update(job_starters).where(mine).values(values)).rowcount:
                return None
            self._keep_seen(connection, starter, verdict)
            made = make_runs(connection)
            if made:
                fired = {"fires": starter.fires + len(made), "last_fired_at": now, "last_run_id": made[-1]}
                connection.execute(update(job_starters).where(job_starters.c.job_id == starter.job_id).values(fired))
            return made

    def _keep_seen(self, connection: Connection, starter: Starter, verdict: Verdict) -> None:
        if verdict.events_upto is not None:
            dealt_with = starter_events.c.event_id <= verdict.events_upto
            connection.execute(delete(starter_events).where(starter_events.c.job_id == starter.job_id, dealt_with))
        for batch in _batches(verdict.files_gone):
            gone = starter_files.c.path.in_(batch)
            connection.execute(delete(starter_files).where(starter_files.c.job_id == starter.job_id, gone))
        for batch in _batches(verdict.files_seen):
            rows = [{"job_id": starter.job_id, "path": path} for path in batch]
            connection.execute(insert(starter_files), rows)

    def events(self, job_id: int, limit: int = 1000) -> list[tuple[int, int, dict[str, Any]]]:
        """What a starter has been told and not dealt with: number, instant and facts, oldest first."""
        mine = starter_events.c.job_id == job_id
        query = select(starter_events).where(mine).order_by(starter_events.c.event_id).limit(limit)
        with self._database.read() as connection:
            return [(row.event_id, row.happened_at, json.loads(row.facts)) for row in connection.execute(query)]

    def files(self, job_id: int) -> set[str]:
        """The files that a starter has seen."""
        with self._database.read() as connection:
            return set(
                connection.execute(select(starter_files.c.path).where(starter_files.c.job_id == job_id)).scalars()
            )

    # One process at a time does the looking; a second would change nothing, and only cost.

    def hold_lease(self, holder: str, now: int, lasts_ms: int, *, position: int) -> bool:
        """Take or renew the lease; ``position`` is where a first holder begins in the audit log."""
        values = {"holder": holder, "expires_at": now + lasts_ms}
        free = (clockwork.c.holder == holder) | (clockwork.c.expires_at < now)
        with self._database.write() as connection:
            row = connection.execute(select(clockwork).where(clockwork.c.name == _LEASE)).one_or_none()
            if row is None:
                connection.execute(insert(clockwork).values(name=_LEASE, position=position, **values))
                return True
            query = update(clockwork).where(clockwork.c.name == _LEASE, free).values(values)
            return connection.execute(query).rowcount > 0

    def release_lease(self, holder: str) -> None:
        mine = (clockwork.c.name == _LEASE) & (clockwork.c.holder == holder)
        with self._database.write() as connection:
            connection.execute(update(clockwork).where(mine).values(expires_at=0))

    def position(self, of: str = _LEASE) -> int:
        """The last audit event that was looked at, or the last of the platform's events."""
        with self._database.read() as connection:
            found = connection.execute(select(clockwork.c.position).where(clockwork.c.name == of)).scalar()
        return found or 0

    def advance(
        self, before: int, position: int, told: Iterable[tuple[int, Mapping[str, Any]]], now: int, *, of: str = _LEASE
    ) -> bool:
        """Go on in a log and tell the starters what was found there; False when somebody else did."""
        mine = (clockwork.c.name == of) & (clockwork.c.position == before)
        with self._database.write() as connection:
            if before == 0:
                insert_missing(connection, clockwork, [{"name": of, "holder": "", "expires_at": 0, "position": 0}])
            if not connection.execute(update(clockwork).where(mine).values(position=position)).rowcount:
                return False
            for job_id, facts in told:
                announce(connection, job_id, facts, now)
            return True


def _problem_since(starter: Starter, verdict: Verdict, now: int) -> int | None:
    if verdict.problem is None:
        return None
    return starter.problem_since if verdict.problem == starter.problem else now


def _batches(paths: Sequence[str]) -> Iterable[Sequence[str]]:
    return (paths[start : start + _BATCH] for start in range(0, len(paths), _BATCH))


def _text(memory: Mapping[str, Any]) -> str:
    return json.dumps(memory, ensure_ascii=False)


_PLAIN = tuple(name for name in Starter.__slots__ if name not in ("kind", "details", "memory"))


def _starter(row: Row[Any]) -> Starter:
    return Starter(
        kind=StarterKind(row.kind),
        details=json.loads(row.definition),
        memory=json.loads(row.memory),
        **{name: getattr(row, name) for name in _PLAIN},
    )
