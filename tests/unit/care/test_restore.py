"""A restore beside a living original, in its place, and of runs that were under way."""

import json
import shutil
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from boathouse.care import BackupDamaged, RestoreOptions, back_up, restore
from boathouse.catalog import Catalog
from boathouse.foundation.clock import SystemClock, epoch_ms
from boathouse.foundation.context import TaskContext
from boathouse.foundation.errors import AlreadyExists, Unauthenticated
from boathouse.foundation.event_filter import EventFilter
from boathouse.foundation.home import Home
from boathouse.foundation.principals import SYSTEM
from boathouse.jobs import Jobs, read_job
from boathouse.jobs.executing.interrupting import pause_all
from boathouse.jobs.records import DeploymentRef
from boathouse.jobs.repository import RunRepository
from boathouse.jobs.states import LifeCycleState, ResultState
from boathouse.metastore import Database, DatabaseUrl
from boathouse.notifications.messages import DeliveryState, Message
from boathouse.notifications.outbox import Outbox, write
from boathouse.notifications.webhooks.nouns import Webhook
from boathouse.notifications.webhooks.repository import WebhookRepository

from .conftest import CareHome

DAILY = {"quartz_cron_expression": "0 0 6 * * ?"}


@pytest.fixture(scope="session")
def mlflow_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's own empty database."""
    folder = tmp_path_factory.mktemp("mlflow")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        SqlAlchemyStore(DatabaseUrl.sqlite(folder / "mlflow.db").url, str(folder))
    return folder / "mlflow.db"


class Past:
    """A home with a job that runs daily, one that its owner has paused, and a run under way, and its backup."""

    def __init__(self, care_home: CareHome, backup: Path) -> None:
        self.home, self.backup = care_home.home, backup
        (care_home.home.root / "a.py").touch()
        jobs = Jobs(care_home.database, care_home.catalog, care_home.home, SystemClock())
        place = DeploymentRef("b", "dev", "1", str(care_home.home.root))
        tasks = [{"task_key": "a", "spark_python_task": {"python_file": "a.py"}}]
        self.daily, _ = (
            jobs.create(care_home.ada, read_job({"name": name, "tasks": tasks, "schedule": schedule}), deployment=place)
            for name, schedule in (("daily", DAILY), ("by hand", {**DAILY, "pause_status": "PAUSED"}))
        )
        hook = Webhook("w", "told", "nowhere", EventFilter(types=["*"]), "ada", 0, 0)
        with care_home.database.write() as connection:
            WebhookRepository(care_home.database).insert(connection, hook)
            write(connection, [Message("webhook.test", "nowhere", {}, webhook_id="w")], 0)
        self.run_id = jobs.run_now(care_home.ada, self.daily)
        runs = RunRepository(care_home.database)
        runs.claim("worker", 1)
        runs.start(self.run_id, "worker", epoch_ms(datetime.now(UTC)))
        task = TaskContext(self.daily, "daily", self.run_id, "a", self.run_id + 1)
        self.token = care_home.catalog.identities.issue_token(SYSTEM, "ada", task=task, lifetime_seconds=3600).secret
        back_up(SYSTEM, care_home.catalog, care_home.home, backup)


class Present:
    """A home that has come back."""

    def __init__(self, home: Home) -> None:
        self.database = Database(DatabaseUrl.sqlite(home.databases / "boathouse.db"))
        self.catalog = Catalog(self.database, home)
        self.jobs = Jobs(self.database, self.catalog, home, SystemClock())
        self.ada = self.catalog.identities.principal("ada")

    def tells_nothing(self) -> bool:
        (waits,) = Outbox(self.database).list()
        (hook,) = WebhookRepository(self.database).all()
        assert hook.is_paused == (waits.state is DeliveryState.DEAD)
        return hook.is_paused

    def is_paused(self, job_id: int) -> bool:
        schedule = self.jobs.get(self.ada, job_id).settings.schedule
        return schedule is not None and schedule.pause_status == "PAUSED"


@pytest.fixture
def past(care_home: CareHome, mlflow_file: Path, tmp_path: Path) -> Iterator[Past]:
    shutil.copy(mlflow_file, care_home.home.databases / "mlflow.db")
    yield Past(care_home, tmp_path / "backup")


def test_beside_the_old_home_nothing_fires_and_runs_are_ended(past: Past, tmp_path: Path) -> None:
    done = restore(past.backup, Home(tmp_path / "else" / ".boathouse"))

    present = Present(Home(tmp_path / "else" / ".boathouse"))
    state = present.jobs.get_run(present.ada, past.run_id).state
    assert (done.paused, done.runs) == (1, 1)
    assert present.is_paused(past.daily)
    assert present.tells_nothing()
    assert (state.life_cycle, state.result) == (LifeCycleState.INTERNAL_ERROR, ResultState.FAILED)
    assert pause_all(present.database, 0) == 0
    present.database.dispose()


def test_the_tokens_of_its_tasks_are_worth_nothing(past: Past, tmp_path: Path) -> None:
    restore(past.backup, Home(tmp_path / "else" / ".boathouse"))

    present = Present(Home(tmp_path / "else" / ".boathouse"))
    with pytest.raises(Unauthenticated):
        present.catalog.identities.authenticate(past.token)
    present.database.dispose()


def test_in_its_own_place_it_goes_on_and_what_was_there_is_kept_aside(past: Past) -> None:
    (past.home.root / "mark").write_text("newer")
    with pytest.raises(AlreadyExists, match="home at"):
        restore(past.backup, past.home)
    assert (past.home.root / "mark").exists()

    done = restore(past.backup, past.home, RestoreOptions(replace=True))

    present = Present(past.home)
    assert done.paused == 0 and not present.is_paused(past.daily) and not present.tells_nothing()
    assert done.aside is not None and (done.aside / "mark").read_text() == "newer"
    assert not (past.home.root / "mark").exists()
    present.database.dispose()


def test_runs_are_queued_again_and_schedules_kept_when_that_is_said(past: Past, tmp_path: Path) -> None:
    elsewhere = Home(tmp_path / "else" / ".boathouse")

    restore(past.backup, elsewhere, RestoreOptions(resume_runs=True, keep_schedules=True))

    present = Present(elsewhere)
    assert present.jobs.get_run(present.ada, past.run_id).state.life_cycle is LifeCycleState.QUEUED
    assert not present.is_paused(past.daily)
    assert list(RunRepository(present.database).claim("another", 5)) == [past.run_id]
    present.database.dispose()


@pytest.mark.parametrize(
    "content", ["", "[]", "null", "3", '{"format": 1}', '{"format": 1, "tables": 3}', '{"format": [1]}', "\udcff"]
)
def test_a_manifest_that_was_spoiled_touches_nothing(past: Past, content: str) -> None:
    (past.backup / "manifest.json").write_bytes(content.encode(errors="surrogateescape"))

    with pytest.raises(BackupDamaged):
        restore(past.backup, past.home, RestoreOptions(replace=True))

    assert (past.home.databases / "boathouse.db").exists()
    assert [path.name for path in past.home.root.parent.glob(".*")] == [".boathouse"]


@pytest.mark.parametrize("field", ["tables", "not_included", "home", "bytes", "files_sha256"])
def test_a_field_of_the_wrong_kind_is_a_damaged_manifest(past: Past, field: str) -> None:
    manifest = json.loads((past.backup / "manifest.json").read_text())
    (past.backup / "manifest.json").write_text(json.dumps({**manifest, field: {"a": None}}))

    with pytest.raises(BackupDamaged):
        restore(past.backup, past.home, RestoreOptions(replace=True))
    assert (past.home.databases / "boathouse.db").exists()
