"""What people ask every day costs what they are shown, not what is stored; counted, not timed."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.foundation.clock import ManualClock
from boathouse.foundation.home import Home
from boathouse.foundation.principals import SYSTEM
from boathouse.jobs.rows import next_ids
from boathouse.metastore import Database, DatabaseUrl, migrate
from boathouse.testing.counted_steps import counted_steps
from boathouse.testing.simulated_runs import SimulatedRuns


class Months:
    """A home with a few hourly jobs, whose days are told to pass."""

    def __init__(self, folder: Path) -> None:
        home = Home(folder / ".boathouse")
        home.create()
        self.database = Database(migrated_sqlite(home.databases / "boathouse.db"))
        self.runs = SimulatedRuns(home, self.database, ManualClock(datetime(2026, 1, 1, tzinfo=UTC)), jobs=6, tasks=1)
        self.runs.catalog.identities.create_user(SYSTEM, "bob")
        self.bob = self.runs.catalog.identities.principal("bob")
        self.pass_days(2)

    def pass_days(self, days: int) -> None:
        for _ in range(days):
            self.runs.day(4)

    def steps(self, act: Callable[[], object]) -> int:
        with counted_steps(self.database) as counted:
            act()
        return counted.steps


@pytest.fixture
def months(tmp_path: Path) -> Iterator[Months]:
    found = Months(tmp_path)
    yield found
    found.database.dispose()


def test_a_page_of_runs_costs_the_same_after_months(months: Months) -> None:
    months.runs.catalog.identities.create_user(SYSTEM, "stranger")
    stranger = months.runs.catalog.identities.principal("stranger")
    months.runs.share_jobs("bob")
    asked = [(who, active) for who in (months.runs.principal, months.bob, stranger) for active in (None, True, False)]

    def costs() -> list[int]:
        pages = [partial(months.runs.jobs.list_runs, who, limit=10, active=active) for who, active in asked]
        return [months.steps(page) for page in pages]

    costs()
    before = costs()
    months.pass_days(60)

    for (who, active), first, later in zip(asked, before, costs(), strict=True):
        assert later < first * 1.2 + 500, f"{who}, active={active}"  # of 1,440 runs more


def test_asking_for_a_run_and_cancelling_it_costs_the_same_after_months(months: Months) -> None:
    months.runs.start_one()
    before = months.steps(months.runs.start_one)
    months.pass_days(60)

    assert months.steps(months.runs.start_one) < before * 1.2 + 500


def test_a_page_holds_the_shared_and_the_own_runs_newest_first_and_none_twice(months: Months) -> None:
    months.runs.share_jobs("bob")
    own = [months.runs.submit_one(months.bob) for _ in range(3)]
    later = [months.runs.jobs.run_now(months.runs.principal, months.runs.job_ids[0])]
    own += [months.runs.submit_one(months.bob)]

    first = [run.run_id for run in months.runs.jobs.list_runs(months.bob, limit=4)]
    second = [run.run_id for run in months.runs.jobs.list_runs(months.bob, limit=4, before=first[-1])]

    assert first == [own[3], later[0], own[2], own[1]]
    assert second[0] == own[0] and second == sorted(second, reverse=True) and len(set(first + second)) == 8


def test_processes_that_take_the_first_ids_at_once_get_different_ones(postgres: Callable[[], str]) -> None:
    where = DatabaseUrl(postgres().replace("postgresql://", "postgresql+psycopg://"), schema="boathouse")
    database = Database(where)
    migrate(database)

    def take(_: int) -> int:
        with database.write() as connection:
            return next_ids(connection, "run", 3)

    with ThreadPoolExecutor(8) as pool:
        taken = sorted(pool.map(take, range(8)))

    assert taken == [1 + 3 * each for each in range(8)]
    database.dispose()
