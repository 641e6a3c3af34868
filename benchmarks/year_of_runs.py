"""Is a Boathouse as fast after a year as on its first day? 50 jobs that run hourly for 365 days.

    python benchmarks/year_of_runs.py [--days 365] [--jobs 50]

The first day goes through the real verbs: run-now with law and audit, claim, attempts, end. Later days are its rows
again with new ids and later times, under a clock that is moved; the real retention sweeps every day with its defaults.
Only the last 61 days have logs and workflows of DBOS, since whatever is older has been swept anyway; audit events are
of the whole year. Then the same questions are asked as on the first day. Beside the times stand the steps of SQLite's
machine, which are the same on a busy computer: they tell growth from load.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import MetaData, Table, func, insert, select
from table import section

from boathouse.foundation.clock import ManualClock, epoch_ms
from boathouse.foundation.home import Home
from boathouse.jobs.keeping.retention import Retention
from boathouse.jobs.keeping.workflows import EndedWorkflows
from boathouse.jobs.schema import job_runs
from boathouse.metastore import Database, DatabaseUrl, migrate
from boathouse.testing.counted_steps import counted_steps
from boathouse.testing.simulated_runs import SimulatedRuns

ROUNDS = 24
REPEATS = 200
FILED_DAYS = 61


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--jobs", type=int, default=50)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / ".boathouse")
        home.create()
        database = Database(DatabaseUrl.sqlite(home.databases / "boathouse.db"))
        migrate(database)
        clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
        runs = SimulatedRuns(home, database, clock, jobs=options.jobs, tasks=2)
        workflows = _Workflows(home)
        retention = Retention(database, home, workflows=workflows.ended)
        runs.day(ROUNDS)
        workflows.add(clock, options.jobs * ROUNDS)
        first = _measure(runs, home, database)
        sweep = 0.0
        for day in range(options.days - 1):
            has_files = day >= options.days - 1 - FILED_DAYS
            runs.day(ROUNDS, with_logs=has_files)
            if has_files:
                workflows.add(clock, options.jobs * ROUNDS)
            began = time.perf_counter()
            retention.sweep(clock.now())
            sweep = time.perf_counter() - began
        last = _measure(runs, home, database)
        with database.read() as connection:
            stored = connection.execute(select(func.count()).select_from(job_runs)).scalar_one()
        workflows.ended.close()
        database.dispose()
    rows = [(name, first[name], last[name]) for name in first]
    rows.append(("the daily sweep, s", "", f"{sweep:.2f}"))
    note = f"{options.jobs * ROUNDS * options.days:,} runs in the year, {stored:,} of them still stored (60 days)."
    print(section(f"A year of runs: {options.jobs} jobs, hourly", ("", "day 1", f"day {options.days}"), rows, note))


def _measure(runs: SimulatedRuns, home: Home, database: Database) -> dict[str, str]:
    asked: list[int] = []
    questions: dict[str, Callable[[], object]] = {
        "list the newest 25 runs": runs.newest,
        "an idle worker's look for work": runs.claim_nothing,
        "run-now": lambda: asked.append(runs.run_now()),
        "cancel before it began": lambda: runs.cancel(asked.pop()),
    }
    found: dict[str, str] = {}
    for name, act in questions.items():
        found[f"{name}, ms p50 / p99"] = _timed(act)
    for name, act in questions.items():
        with counted_steps(database) as counted:
            act()
        found[f"{name}, steps"] = f"{counted.steps:,}"
    return {
        **found,
        "boathouse.db, MB": f"{_size(home, 'boathouse.db') / 1e6:.1f}",
        "of it audit, events": f"{runs.audit_events():,}",
        "dbos.db, MB": f"{_size(home, 'dbos.db') / 1e6:.1f}",
    }


def _timed(act: Callable[[], object]) -> str:
    times: list[float] = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        act()
        times.append((time.perf_counter() - began) * 1000)
    return f"{statistics.median(times):.2f} / {statistics.quantiles(times, n=100)[98]:.2f}"


def _size(home: Home, name: str) -> int:
    return sum(file.stat().st_size for file in home.databases.glob(f"{name}*"))


class _Workflows:
    """Workflows that have ended, as DBOS leaves them: one, with two steps, per run."""

    def __init__(self, home: Home) -> None:
        from dbos import run_dbos_database_migrations

        url = DatabaseUrl.sqlite(home.databases / "dbos.db")
        run_dbos_database_migrations(system_database_url=url.url)
        self.ended = EndedWorkflows(url)
        self._database = Database(url)
        metadata = MetaData()
        self._status = Table("workflow_status", metadata, autoload_with=self._database.engine)
        self._steps = Table("operation_outputs", metadata, autoload_with=self._database.engine)
        self._number = 0

    def add(self, clock: ManualClock, count: int) -> None:
        now = epoch_ms(clock.now())
        names = [f"run-{self._number + each}-{now}" for each in range(count)]
        self._number += count
        common = {"status": "SUCCESS", "name": "execute_run", "created_at": now, "updated_at": now, "completed_at": now}
        status = [{"workflow_uuid": name, **common, "executor_id": "w", "application_version": "1"} for name in names]
        steps = [
            {"workflow_uuid": name, "function_id": step, "function_name": f"task{step}", "output": "{}"}
            for name in names
            for step in (1, 2)
        ]
        with self._database.write() as connection:
            connection.execute(insert(self._status), status)
            connection.execute(insert(self._steps), steps)


if __name__ == "__main__":
    main()
