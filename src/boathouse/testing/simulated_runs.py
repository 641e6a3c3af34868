"""Runs without processes: the real verbs and repositories under a clock that is moved, as months of use would drive
them. For tests and benchmarks of what grows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.catalog.repository.schema import audit_events
from boathouse.foundation.clock import ManualClock, epoch_ms
from boathouse.foundation.home import Home
from boathouse.foundation.principals import Principal
from boathouse.jobs import Jobs, read_job
from boathouse.jobs.records import Attempt, DeploymentRef, Outcome, State
from boathouse.jobs.repository import RunRepository
from boathouse.jobs.rows import ended, next_ids, task_columns
from boathouse.jobs.schema import job_runs, task_attempts, task_runs
from boathouse.jobs.states import LifeCycleState, ResultState
from boathouse.metastore import Database

_LOG = b"one line of output\n" * 10


class DayPattern:
    """The rows that a day of runs has left, to be repeated: the same rows, with new ids and later times."""

    def __init__(self, database: Database, began: datetime) -> None:
        self._database = database
        self._began = began
        since = job_runs.c.created_at >= epoch_ms(began)
        with database.read() as connection:
            query = select(func.min(job_runs.c.run_id), func.count()).where(since)
            self._first, self._count = connection.execute(query).one()
            last = select(func.max(task_runs.c.task_run_id)).where(task_runs.c.run_id >= self._first)
            self._span: int = connection.execute(last).scalar_one() - self._first + 1
            self._kept = {
                table: [dict(row) for row in connection.execute(select(table).where(which)).mappings()]
                for table, which in (
                    (job_runs, since),
                    (task_runs, task_runs.c.run_id >= self._first),
                    (task_attempts, task_attempts.c.task_run_id >= self._first),
                    (audit_events, audit_events.c.event_time >= epoch_ms(began)),
                )
            }

    def repeat(self, now: datetime) -> Sequence[int]:
        """Add the day once more; gives the new runs."""
        later = epoch_ms(now) - epoch_ms(self._began)
        with self._database.write() as connection:
            further = next_ids(connection, "run", self._span) - self._first
            for table, rows in self._kept.items():
                connection.execute(insert(table), [_moved(row, further, later) for row in rows])
        return [row["run_id"] + further for row in self._kept[job_runs]]


def _moved(row: Mapping[str, Any], further: int, later: int) -> dict[str, Any]:
    moved = {key: value for key, value in row.items() if key != "sequence"}
    for key in moved.keys() & {"run_id", "task_run_id"}:
        moved[key] += further
    for key in moved.keys() & {"created_at", "started_at", "ended_at", "event_time"}:
        moved[key] = moved[key] and moved[key] + later
    return moved


class SimulatedRuns:
    """Jobs of a few tasks each, and a worker that takes a second for every run."""

    def __init__(
        self, home: Home, database: Database, clock: ManualClock, *, jobs: int, tasks: int = 2, owner: str = "ada"
    ) -> None:
        self.clock = clock
        self.catalog = Catalog(database, home, clock)
        self.catalog.bootstrap(owner)
        self.principal: Principal = self.catalog.identities.principal(owner)
        self.jobs = Jobs(database, self.catalog, home, clock)
        self._home = home
        self._database = database
        self._pattern: DayPattern | None = None
        self._runs = RunRepository(database)
        (home.root / "task.py").touch()
        self._deployment = DeploymentRef("simulated", "dev", "1", str(home.root))
        self.job_ids = [
            self.jobs.create(self.principal, read_job(_definition(number, tasks)), deployment=self._deployment)
            for number in range(jobs)
        ]

    def day(self, rounds: int, *, with_logs: bool = True) -> None:
        """Runs of every job, spread over a day: the first day by the verbs, later ones as copies of its rows."""
        if self._pattern is None:
            began = self.clock.now()
            for _ in range(rounds):
                self._round()
                self.clock.advance(timedelta(hours=24) / rounds)
            self._pattern = DayPattern(self._database, began)
        else:
            for run_id in self._pattern.repeat(self.clock.now()):
                if with_logs:
                    self._log(run_id, "task0")
            self.clock.advance(timedelta(hours=24))

    def _round(self) -> None:
        for job_id in self.job_ids:
            self.jobs.run_now(self.principal, job_id)
        while claimed := self._runs.claim("simulated", 32):
            for run_id in claimed:
                self._do(run_id)

    def newest(self, limit: int = 25) -> Sequence[int]:
        """What somebody who opens the list of runs is shown."""
        return [run.run_id for run in self._runs.list(job_ids=self.job_ids, limit=limit)]

    def claim_nothing(self) -> None:
        """What an idle worker asks ten times a second."""
        self._runs.claim("simulated", 32)

    def start_one(self) -> None:
        """A run that is asked for, and ended before anybody takes it."""
        self.cancel(self.run_now())

    def run_now(self) -> int:
        return self.jobs.run_now(self.principal, self.job_ids[0])

    def cancel(self, run_id: int) -> None:
        self.jobs.cancel_run(self.principal, run_id)

    def submit_one(self, principal: Principal) -> int:
        """A one-time run of somebody."""
        task = {"task_key": "once", "spark_python_task": {"python_file": str(self._home.root / "task.py")}}
        return self.jobs.submit(principal, read_job({"name": "once", "tasks": [task]}))

    def share_jobs(self, name: str) -> None:
        """Let somebody see every job."""
        for job_id in self.job_ids:
            self.catalog.grants.grant(self.principal, name, [Privilege.VIEW_JOB], SecurableKind.JOB, str(job_id))

    def audit_events(self) -> int:
        with self._database.read() as connection:
            return connection.execute(select(func.count()).select_from(audit_events)).scalar_one()

    def _do(self, run_id: int) -> None:
        now = epoch_ms(self.clock.now())
        self._runs.start(run_id, "simulated", now)
        run = self._runs.find(run_id)
        assert run is not None
        for task in run.tasks:
            attempt = Attempt(task.task_run_id, 0, "simulated", now)
            self._runs.begin_attempt(attempt, environment_key=None, setup_ms=1)
            self._log(run_id, task.task_key)
            over = replace(attempt, ended_at=now + 1000, result=ResultState.SUCCESS, exit_code=0)
            values = task_columns(ended(Outcome(ResultState.SUCCESS)), ended_at=now + 1000, execution_ms=1000)
            self._runs.end_attempt(over, values, "simulated")
        self._runs.finish(run_id, "simulated", State(LifeCycleState.TERMINATED, ResultState.SUCCESS), now + 1000)

    def _log(self, run_id: int, task_key: str) -> None:
        folder = self._home.runs / str(run_id) / task_key
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "0.log").write_bytes(_LOG)


def _definition(number: int, tasks: int) -> dict[str, object]:
    made = [
        {
            "task_key": f"task{each}",
            "spark_python_task": {"python_file": "task.py"},
            "depends_on": [{"task_key": f"task{each - 1}"}] if each else [],
        }
        for each in range(tasks)
    ]
    return {"name": f"hourly {number}", "tasks": made, "max_concurrent_runs": 5}
