"""What is forgotten, and when: runs with their tasks, values, logs and workflows, delivered notifications, tokens that
have expired, and old records of the catalog. On by default, in small batches, so that nobody waits for it.

Never forgotten are runs that have not ended, runs that such a run waits for or that belong to a backfill still under
way, and the last runs of every job that is there, however old: they say when it last worked.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection, and_, delete, exists, func, select, text, tuple_

from boathouse.foundation.clock import epoch_ms
from boathouse.foundation.home import Home
from boathouse.jobs.keeping.forgetting import delete_runs
from boathouse.jobs.rows import FINAL
from boathouse.jobs.schema import (
    job_backfills,
    job_definitions,
    job_runs,
    jobs,
    task_runs,
)
from boathouse.metastore import Database
from boathouse.notifications.outbox import forget_old

_BATCH = 200
"""Runs in one transaction."""


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How long what is kept."""

    run_days: float = 60
    """Days after its end that a run is kept, as on Databricks."""
    runs_per_job: int = 20
    """The last so many runs of a job are kept, however old."""
    workflow_hours: float = 24
    """Hours after a run's end that the steps of its workflow are kept; only an unfinished run needs them."""
    notification_days: float = 30
    """Days that a notification that was delivered is kept; one that could not be, as long as a run."""
    every_hours: float = 1
    """How often the server looks."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep has forgotten, or would."""

    runs: int = 0
    task_runs: int = 0
    folders: int = 0
    definitions: int = 0
    backfills: int = 0
    notifications: int = 0
    tokens: int = 0
    workflows: int = 0
    audit_events: int = 0
    lineage_edges: int = 0
    events: int = 0

    def to_json(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.__slots__}


class Workflows(Protocol):
    """Where the steps of runs are kept."""

    def forget_ended(self, before: int, limit: int) -> int:
        """Remove up to ``limit`` workflows that ended before an instant; gives their number."""
        ...


class Records(Protocol):
    """The record of who did what, and of where data went."""

    def forget_events(self, now: datetime) -> int: ...

    def compact_lineage(self, now: datetime) -> int: ...

    def forget_platform_events(self, now: datetime) -> int: ...


class Tokens(Protocol):
    def forget_expired_tokens(self) -> int: ...


@dataclass(slots=True)
class _Kept:
    """For each job the oldest of its last runs, as far as somebody has asked."""

    oldest: dict[int, int] = field(default_factory=dict[int, int])


class Retention:
    """Forgets what is old."""

    def __init__(
        self,
        database: Database,
        home: Home,
        settings: RetentionSettings | None = None,
        *,
        tokens: Tokens | None = None,
        workflows: Workflows | None = None,
        records: Records | None = None,
    ) -> None:
        self._database = database
        self._home = home
        self._settings = settings or RetentionSettings()
        self._tokens = tokens
        self._workflows = workflows
        self._records = records

    def sweep(self, now: datetime) -> Swept:
        """Forget what is older than the settings allow; gives what it was. May be stopped at any point and repeated."""
        days = timedelta(days=1)
        before = epoch_ms(now - self._settings.run_days * days)
        runs, tasks = 0, 0
        for batch in self._old_runs(before):
            for run_id in batch:
                shutil.rmtree(self._home.runs / str(run_id), ignore_errors=True)  # first, so that none is left over
            with self._database.write() as connection:
                tasks += delete_runs(connection, batch)
            runs += len(batch)
        notified_before = epoch_ms(now - self._settings.notification_days * days)
        return Swept(
            runs=runs,
            task_runs=tasks,
            folders=self._forget_folders(),
            definitions=self._forget_definitions(),
            backfills=self._forget_backfills(before),
            notifications=forget_old(self._database, delivered_before=notified_before, dead_before=before),
            tokens=self._tokens.forget_expired_tokens() if self._tokens else 0,
            workflows=self._forget_workflows(epoch_ms(now - timedelta(hours=self._settings.workflow_hours))),
            audit_events=self._records.forget_events(now) if self._records else 0,
            lineage_edges=self._records.compact_lineage(now) if self._records else 0,
            events=self._records.forget_platform_events(now) if self._records else 0,
        )

    def preview(self, now: datetime) -> Swept:
        """What a sweep would forget of runs; changes nothing."""
        before = epoch_ms(now - timedelta(days=self._settings.run_days))
        runs = [run_id for batch in self._old_runs(before) for run_id in batch]
        tasks = 0
        for start in range(0, len(runs), _BATCH):
            query = select(func.count()).where(task_runs.c.run_id.in_(runs[start : start + _BATCH]))
            with self._database.read() as connection:
                tasks += connection.execute(query).scalar_one()
        return Swept(
            runs=len(runs), task_runs=tasks, folders=sum((self._home.runs / str(each)).is_dir() for each in runs)
        )

    # Runs

    def _old_runs(self, before: int) -> Iterator[Sequence[int]]:
        """The runs to forget, oldest first, batch by batch."""
        kept, after = _Kept(), (-1, 0)
        place = tuple_(job_runs.c.ended_at, job_runs.c.run_id)
        while True:
            query = (
                select(job_runs.c.run_id, job_runs.c.job_id, job_runs.c.run_type, job_runs.c.ended_at)
                .where(job_runs.c.ended_at >= after[0], place > after, _is_over(before))
                .order_by(job_runs.c.ended_at, job_runs.c.run_id)
                .limit(_BATCH)
            )
            with self._database.read() as connection:
                rows = connection.execute(query).all()
                if not rows:
                    return
                found = [row.run_id for row in rows if row.run_id < self._oldest_kept(connection, row, kept)]
            after = (rows[-1].ended_at, rows[-1].run_id)
            if found:
                yield found

    def _oldest_kept(self, connection: Connection, run: Any, kept: _Kept) -> int:
        """The first run of its job that is kept for being among the last; one-time runs have no such."""
        if run.run_type != "JOB_RUN":
            return run.run_id + 1
        if run.job_id not in kept.oldest:
            kept.oldest[run.job_id] = _nth_newest(connection, run.job_id, self._settings.runs_per_job)
        oldest = kept.oldest[run.job_id]
        return run.run_id + 1 if oldest < 0 else oldest

    def _forget_folders(self) -> int:
        """Remove what is left of runs that somebody has deleted."""
        found = sorted(int(each.name) for each in self._home.runs.iterdir() if each.name.isdigit())
        removed = 0
        for start in range(0, len(found), _BATCH):
            batch = found[start : start + _BATCH]
            with self._database.read() as connection:
                known = set(connection.execute(select(job_runs.c.run_id).where(job_runs.c.run_id.in_(batch))).scalars())
            for run_id in set(batch) - known:
                shutil.rmtree(self._home.runs / str(run_id), ignore_errors=True)
                removed += 1
        return removed

    def _forget_definitions(self) -> int:
        unused = ~exists().where(job_runs.c.definition == job_definitions.c.digest)
        with self._database.write() as connection:
            if connection.dialect.name == "postgresql":  # a run that is being made finds its definition, and needs it
                connection.execute(text("LOCK TABLE job_definitions IN EXCLUSIVE MODE"))
            return connection.execute(delete(job_definitions).where(unused)).rowcount

    def _forget_backfills(self, before: int) -> int:
        is_empty = ~exists().where(job_runs.c.backfill_id == job_backfills.c.backfill_id)
        with self._database.write() as connection:
            query = delete(job_backfills).where(job_backfills.c.created_at < before, is_empty)
            return connection.execute(query).rowcount

    def _forget_workflows(self, before: int) -> int:
        if self._workflows is None:
            return 0
        total = 0
        while removed := self._workflows.forget_ended(before, _BATCH):
            total += removed
        return total


def _is_over(before: int) -> Any:
    """Ended before an instant, and nobody who is under way refers to it."""
    others = job_runs.alias("others")
    waited_for = exists().where(others.c.run_id == job_runs.c.parent_run_id, others.c.life_cycle_state.not_in(FINAL))
    in_backfill = exists().where(
        others.c.backfill_id == job_runs.c.backfill_id, others.c.life_cycle_state.not_in(FINAL)
    )
    return and_(job_runs.c.life_cycle_state.in_(FINAL), job_runs.c.ended_at < before, ~waited_for, ~in_backfill)


def _nth_newest(connection: Connection, job_id: int, number: int) -> int:
    """The run from which on a job's runs are kept; -1: its job is gone, none is."""
    if connection.execute(select(jobs.c.job_id).where(jobs.c.job_id == job_id)).first() is None or number < 1:
        return -1
    mine = job_runs.c.job_id == job_id
    query = select(job_runs.c.run_id).where(mine).order_by(job_runs.c.run_id.desc()).offset(number - 1).limit(1)
    return connection.execute(query).scalar() or 0
