"""A home with workers that are real processes, and the verbs on jobs called in process."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from boathouse.catalog import Catalog
from boathouse.foundation.clock import SystemClock
from boathouse.foundation.home import Home
from boathouse.foundation.principals import Principal
from boathouse.jobs import Jobs, read_job
from boathouse.jobs.records import DeploymentRef, Run
from boathouse.metastore import Database, DatabaseUrl, migrate

PATIENCE_SECONDS = 60


@dataclass
class JobsHome:
    """Everything that a test of jobs touches."""

    home: Home
    catalog: Catalog
    jobs: Jobs
    admin: Principal
    source: Path
    database: Database
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start_worker(self) -> "subprocess.Popen[bytes]":
        ignored = {"PYTHONDONTWRITEBYTECODE", "BOATHOUSE_HOME", "BOATHOUSE_URL", "BOATHOUSE_TOKEN"}
        environment = {key: value for key, value in os.environ.items() if key not in ignored}
        with (self.home.logs / "worker.log").open("ab") as output:
            worker = subprocess.Popen(
                [sys.executable, "-m", "boathouse.worker", "--home", str(self.home.root)],
                env={**environment, **self.variables, "BOATHOUSE_PORT": "1", "BOATHOUSE_WORKER_SLOTS": "4"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.workers.append(worker)
        return worker

    @property
    def variables(self) -> dict[str, str]:
        """What tells a worker where the databases are."""
        return {} if self.database.where.is_sqlite else {"BOATHOUSE_DATABASE_URL": self.database.where.url}

    def stop_worker(self, worker: "subprocess.Popen[bytes]") -> None:
        if worker.poll() is None:
            worker.terminate()
        worker.wait(PATIENCE_SECONDS)
        self.workers.remove(worker)

    def script(self, name: str, text: str) -> str:
        file = self.source / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return name

    @property
    def deployment(self) -> DeploymentRef:
        return DeploymentRef("bundle", "dev", "d1", str(self.source), "c0ffee", "main", "https://git.example/r", False)

    def create(self, definition: dict[str, Any], principal: Principal | None = None) -> int:
        return self.jobs.create(principal or self.admin, read_job(definition), deployment=self.deployment)

    def run(self, definition: dict[str, Any], **options: Any) -> Run:
        """Create, run, and wait for the end."""
        return self.wait(self.jobs.run_now(self.admin, self.create(definition), **options))

    def wait(self, run_id: int) -> Run:
        self.until(lambda: self.look(run_id).state.life_cycle.is_final)
        return self.look(run_id)

    def look(self, run_id: int) -> Run:
        return self.jobs.get_run(self.admin, run_id)

    def log(self, run: Run, task_key: str, attempt: int | None = None) -> str:
        return self.jobs.log_tail(self.admin, run.run_id, task_key, attempt=attempt)[0]

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"It has not happened.\n{(self.home.logs / 'worker.log').read_text()[-4000:]}")
            time.sleep(0.02)


def make_home(folder: Path, where: DatabaseUrl | None = None) -> JobsHome:
    home = Home(folder / ".boathouse")
    home.create()
    where = where or DatabaseUrl.sqlite(home.databases / "boathouse.db")
    database = Database(where)
    migrate(database)
    catalog = Catalog(database, home)
    catalog.bootstrap("ada")
    source = folder / "source"
    source.mkdir()
    jobs = Jobs(database, catalog, home, SystemClock())
    return JobsHome(home, catalog, jobs, catalog.identities.principal("ada"), source, database)


def end(found: JobsHome) -> None:
    for worker in list(found.workers):
        worker.kill()
        worker.wait()
    found.database.dispose()


@pytest.fixture
def jobs_home(tmp_path: Path) -> Iterator[JobsHome]:
    """A home of its own, without a worker: the test starts and kills them."""
    found = make_home(tmp_path)
    yield found
    end(found)


@pytest.fixture(scope="module")
def working_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobsHome]:
    """A home with one worker, shared by the tests of a file."""
    found = make_home(tmp_path_factory.mktemp("jobs"))
    found.start_worker()
    yield found
    end(found)


@pytest.fixture(params=["sqlite", "postgres"])
def shared_home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[JobsHome]:
    """As ``jobs_home``, on each kind of database."""
    where = None
    if request.param == "postgres":
        where = DatabaseUrl(request.getfixturevalue("postgres")(), schema="boathouse")
    found = make_home(tmp_path, where)
    yield found
    end(found)


@pytest.fixture
def two_homes(tmp_path: Path, postgres: Callable[[], str]) -> Iterator[tuple[JobsHome, JobsHome]]:
    """Two homes, as on two machines, over one Postgres."""
    where = DatabaseUrl(postgres(), schema="boathouse")
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    homes = make_home(tmp_path / "a", where), make_home(tmp_path / "b", where)
    yield homes
    for each in homes:
        end(each)
