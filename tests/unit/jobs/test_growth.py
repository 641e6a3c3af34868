"""What months of runs leave behind is bounded: rows, bytes and folders end where retention has settled."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from tests.migrated_database import migrated_sqlite

from boathouse.foundation.clock import ManualClock
from boathouse.foundation.home import Home
from boathouse.jobs.keeping.retention import Retention, RetentionSettings
from boathouse.jobs.schema import job_definitions, job_runs, task_attempts, task_runs
from boathouse.metastore import Database, metadata
from boathouse.testing.simulated_runs import SimulatedRuns

JOBS, ROUNDS, KEPT_DAYS, DAYS = 25, 10, 5, 80
GROWING = {"audit_events", "lineage_edges"}
"""What is kept on purpose: the record of who did what."""


class Growth:
    """A home whose jobs run hourly, swept daily."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder / ".boathouse")
        self.home.create()
        self.database = Database(migrated_sqlite(self.home.databases / "boathouse.db"))
        self.clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.runs = SimulatedRuns(self.home, self.database, self.clock, jobs=JOBS, tasks=1)
        self.retention = Retention(self.database, self.home, RetentionSettings(run_days=KEPT_DAYS, runs_per_job=3))

    def pass_days(self, days: int) -> None:
        for _ in range(days):
            self.runs.day(ROUNDS)
            self.retention.sweep(self.clock.now())

    def rows(self) -> dict[str, int]:
        with self.database.read() as connection:
            return {
                table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in metadata.sorted_tables
                if table.name not in GROWING
            }

    def bytes_used(self) -> int:
        """By everything but what grows on purpose."""
        with self.database.write() as connection:
            for name in GROWING:
                connection.execute(text(f"DELETE FROM {name}"))
        with self.database.read() as connection:
            pages, free, size = (
                connection.execute(text(f"PRAGMA {name}")).scalar_one()
                for name in ("page_count", "freelist_count", "page_size")
            )
        return (pages - free) * size


@pytest.fixture
def growth(tmp_path: Path) -> Iterator[Growth]:
    found = Growth(tmp_path)
    yield found
    found.database.dispose()


def test_twenty_thousand_runs_leave_no_more_than_the_retention_keeps(growth: Growth) -> None:
    growth.pass_days(KEPT_DAYS + 2)
    settled, size = growth.rows(), growth.bytes_used()

    growth.pass_days(DAYS - KEPT_DAYS - 2)

    assert JOBS * ROUNDS * DAYS == 20_000
    assert growth.rows() == settled
    assert settled[job_runs.name] <= JOBS * ROUNDS * (KEPT_DAYS + 1)
    assert settled[task_runs.name] == settled[task_attempts.name] == settled[job_runs.name]
    assert settled[job_definitions.name] == JOBS
    assert growth.bytes_used() <= size * 1.1
    assert len(list(growth.home.runs.iterdir())) == settled[job_runs.name]


def test_after_a_year_of_silence_the_last_runs_of_every_job_are_still_there(growth: Growth) -> None:
    growth.pass_days(1)
    growth.clock.advance(timedelta(days=365))

    growth.retention.sweep(growth.clock.now())

    assert growth.rows()[job_runs.name] == 3 * JOBS
