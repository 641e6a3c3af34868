"""Runs of a job for each instant of a range of ``as_of``: asked for at once, done a few at a time.

All runs are made in one transaction and wait in the queue behind everything else, so a backfill goes on by itself
after any death, and cancelling or repairing its runs is all that steering it takes.
"""

import re
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import MAXYEAR, datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, insert, select

from boathouse.foundation.errors import InvalidInput
from boathouse.jobs.records import Backfill
from boathouse.jobs.repository import NewRun, RunRepository
from boathouse.jobs.rows import FINAL, next_ids
from boathouse.jobs.schema import job_backfills, job_runs
from boathouse.metastore import Database

MAXIMUM_RUNS = 5000
_EVERY = re.compile(r"^([1-9][0-9]{0,3})(m|h|d|w|M|y)$")
_SPANS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_MONTHS = {"M": 1, "y": 12}


class NonsenseRange(InvalidInput):
    """A range of instants that holds none, or too many."""


def instants(first: str, last: str, every: str) -> Sequence[str]:
    """The instants from ``first`` to ``last``, both included, in canonical spelling.

    Raises:
        NonsenseRange: It runs backwards, holds too many, or its step is none.
    """
    start, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
    if end < start:
        raise NonsenseRange(f"The range ends ({last}) before it begins ({first}).")
    match = _EVERY.match(every)
    if match is None:
        raise NonsenseRange(f"{every!r} is no step.", hint="Write 15m, 1h, 1d, 1w, 1M (months) or 1y.")
    count, unit = int(match[1]), match[2]
    found: list[str] = []
    for instant in _steps(start, count, unit):
        if instant > end:
            return found
        if len(found) == MAXIMUM_RUNS:
            raise NonsenseRange(
                f"From {first} to {last} every {every} there are more than {MAXIMUM_RUNS} instants.",
                hint="Take a larger step, or a part of the range.",
            )
        found.append(instant.isoformat().replace("+00:00", "Z"))
    return found


def _steps(start: datetime, count: int, unit: str) -> Iterator[datetime]:
    """Counted from the start, so that months that are too short do not shift those after them."""
    number = 0
    try:
        while True:
            if unit in _SPANS:
                yield start + number * count * _SPANS[unit]
            else:
                yield _months_later(start, number * count * _MONTHS[unit])
            number += 1
    except OverflowError:
        return


def _months_later(start: datetime, months: int) -> datetime:
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if year > MAXYEAR:
        raise OverflowError
    return start.replace(year=year, month=month + 1, day=min(start.day, monthrange(year, month + 1)[1]))


class BackfillRepository:
    """Keeps backfills with their runs."""

    def __init__(self, database: Database, runs: RunRepository) -> None:
        self._database = database
        self._runs = runs

    def begin(self, backfill: Backfill, new: NewRun, at: Sequence[str]) -> int:
        """Keep the backfill and all of its runs."""
        with self._database.write() as connection:
            backfill_id = next_ids(connection, "backfill", 1)
            connection.execute(
                insert(job_backfills).values(
                    backfill_id=backfill_id,
                    job_id=backfill.job_id,
                    first=backfill.first,
                    last=backfill.last,
                    every=backfill.every,
                    concurrency=backfill.concurrency,
                    creator=backfill.creator,
                    created_at=backfill.created_at,
                )
            )
            start = replace(
                new.start, backfill_id=backfill_id, is_queued=True, max_concurrent_runs=backfill.concurrency
            )
            for as_of in at:
                self._runs.insert_with(connection, replace(new, as_of=as_of, start=start), backfill.created_at)
            return backfill_id

    def find(self, backfill_id: int) -> Backfill | None:
        found = self._read(job_backfills.c.backfill_id == backfill_id)
        return found[0] if found else None

    def of_job(self, job_id: int) -> Sequence[Backfill]:
        """Newest first."""
        return self._read(job_backfills.c.job_id == job_id)

    def open_runs(self, backfill_id: int) -> Sequence[int]:
        return self._runs.open_ids(job_runs.c.backfill_id == backfill_id)

    def unsuccessful_runs(self, backfill_id: int) -> Sequence[int]:
        """Runs that have ended otherwise than well."""
        mine = (job_runs.c.backfill_id == backfill_id) & job_runs.c.life_cycle_state.in_(FINAL)
        query = select(job_runs.c.run_id).where(mine, job_runs.c.result_state != "SUCCESS").order_by(job_runs.c.run_id)
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def _read(self, which: Any) -> Sequence[Backfill]:
        query = select(job_backfills).where(which).order_by(job_backfills.c.backfill_id.desc()).limit(100)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            ids = [row.backfill_id for row in rows]
            state = func.coalesce(job_runs.c.result_state, job_runs.c.life_cycle_state).label("state")
            counted = connection.execute(
                select(job_runs.c.backfill_id, state, func.count().label("number"))
                .where(job_runs.c.backfill_id.in_(ids))
                .group_by(job_runs.c.backfill_id, state)
            ).all()
        return [
            _backfill(row, {each.state: each.number for each in counted if each.backfill_id == row.backfill_id})
            for row in rows
        ]


def _backfill(row: Row[Any], states: dict[str, int]) -> Backfill:
    return Backfill(
        row.backfill_id, row.job_id, row.first, row.last, row.every,
        row.concurrency, row.creator, row.created_at, states,
    )  # fmt: skip
