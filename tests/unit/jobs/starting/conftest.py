"""A catalog, jobs and the clockwork over one database, with a clock that the test moves; no worker is there."""

import tempfile
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog
from boathouse.catalog.events.nouns import KNOWN_TYPES
from boathouse.foundation.clock import ManualClock, epoch_ms
from boathouse.foundation.home import Home
from boathouse.foundation.ids import new_id
from boathouse.foundation.names import SchemaName, VolumeName
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.jobs import Jobs, read_job
from boathouse.jobs.records import DeploymentRef, Run, State
from boathouse.jobs.repository import RunRepository
from boathouse.jobs.starting.clockwork import Clockwork, Parts
from boathouse.jobs.starting.repository import StarterRepository
from boathouse.jobs.starting.starters import Starter
from boathouse.jobs.states import LifeCycleState, ResultState
from boathouse.metastore import Database, DatabaseUrl, migrate
from boathouse.notifications.destinations import Destinations
from boathouse.notifications.webhooks.nouns import Webhook
from boathouse.notifications.webhooks.pump import WebhookPump
from boathouse.notifications.webhooks.webhooks import Parts as WebhookParts
from boathouse.notifications.webhooks.webhooks import Webhooks
from boathouse.wiring.background import SecretsSafe

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class House:
    """Everything that a test of starting touches."""

    def __init__(
        self, folder: Path, start: datetime, *, is_present: bool = False, where: DatabaseUrl | None = None
    ) -> None:
        self.is_present = is_present
        self.home = Home(folder / "home")
        self.home.create()
        self.clock = ManualClock(start)
        self.database = Database(where or migrated_sqlite(self.home.databases / "boathouse.db"))
        if where is not None:
            migrate(self.database)
        self.catalog = Catalog(self.database, self.home, self.clock)
        self.catalog.bootstrap("ada")
        self.ada = self.catalog.identities.principal("ada")
        self.bob = self.principal("bob")
        self.jobs = Jobs(self.database, self.catalog, self.home, self.clock)
        self.runs = RunRepository(self.database)
        self.starters = StarterRepository(self.database)
        self.clockwork = self.another_clockwork()
        (folder / "a.py").touch()
        self.deployment = DeploymentRef("b", "dev", "1", str(folder))

    def another_clockwork(self) -> Clockwork:
        return Clockwork(Parts(self.database, self.catalog, self.clock))

    def principal(self, name: str) -> Principal:
        self.catalog.identities.create_user(SYSTEM, name)
        return self.catalog.identities.principal(name)

    def definition(self, **more: Any) -> dict[str, Any]:
        tasks = [{"task_key": "a", "spark_python_task": {"python_file": "a.py"}}]
        return {"name": "n", "tasks": tasks, "max_concurrent_runs": 100, **more}

    def create(self, principal: Principal | None = None, **more: Any) -> int:
        if self.is_present:
            self.clock.advance(max(datetime.now(UTC) - self.clock.now(), timedelta()))
        settings = read_job(self.definition(**more))
        return self.jobs.create(principal or self.ada, settings, deployment=self.deployment)

    def reset(self, job_id: int, **more: Any) -> None:
        self.jobs.reset(self.ada, job_id, read_job(self.definition(**more)))

    def starter(self, job_id: int) -> Starter:
        found = self.starters.find(job_id)
        assert found is not None
        return found

    def after(self, **time: float) -> int:
        """Let time go by, then look; gives the number of runs that started."""
        self.clock.advance(timedelta(**time))
        return self.clockwork.tick()

    def runs_of(self, job_id: int) -> list[Run]:
        """Oldest first."""
        return list(reversed(self.runs.list(job_ids=[job_id], limit=1000)))

    def end(self, run: Run, result: ResultState = ResultState.SUCCESS) -> None:
        """As a worker would."""
        now = epoch_ms(self.clock.now())
        self.runs.claim("w", 100)
        self.runs.start(run.run_id, "w", now)
        final = LifeCycleState.TERMINATED if result is ResultState.SUCCESS else LifeCycleState.INTERNAL_ERROR
        self.runs.finish(run.run_id, "w", State(final, result), now)

    # Webhooks

    @property
    def webhook_parts(self) -> WebhookParts:
        return WebhookParts(self.database, self.catalog.events, self.catalog.identities, KNOWN_TYPES, self.clock)

    def webhook(self, types: list[str]) -> tuple[Webhook, WebhookPump]:
        """One to nowhere, and what tells it of events."""
        destinations = Destinations(self.database, self.catalog.audit, SecretsSafe(self.catalog), self.clock)
        destinations.create(self.ada, "nowhere", {"generic_webhook": {"url": "http://127.0.0.1:9"}})
        webhooks = Webhooks(self.webhook_parts, destinations, self.catalog.audit)
        made = webhooks.create(self.ada, "told", "nowhere", {"types": types})
        return made, WebhookPump(self.webhook_parts)

    # Data

    def session(self, principal: Principal | None = None) -> Any:
        from boathouse.lake import DuckDBEngine
        from boathouse.session import LocalLaw, Session

        return Session(principal or self.ada, LocalLaw(self.catalog), DuckDBEngine())

    def schema(self) -> None:
        self.catalog.securables.create_catalog(self.ada, "c")
        self.catalog.securables.create_schema(self.ada, SchemaName("c", "s"))

    def volume(self) -> Path:
        from boathouse.lake.locations import local_path

        self.schema()
        volume = self.catalog.securables.create_volume(self.ada, VolumeName("c", "s", "v"))
        return local_path(volume.storage_location)

    def write(self, name: str, *values: int) -> None:
        self.session().write_table(name, pa.table({"x": list(values)}), mode="append")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path, NOON)
    yield found
    found.clockwork.stop()
    found.database.dispose()


@pytest.fixture
def house_now(tmp_path: Path) -> Iterator[House]:
    """A house in the present: files and Delta logs carry the machine's time."""
    found = House(tmp_path, datetime.now(UTC), is_present=True)
    yield found
    found.clockwork.stop()
    found.database.dispose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A Postgres of our own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip("pgserver")
        server = pgserver.get_server(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()


@pytest.fixture
def house_on_postgres(tmp_path: Path, postgres: str) -> Iterator[House]:
    """A house with a schema of its own in a real Postgres."""
    found = House(tmp_path, NOON, where=DatabaseUrl(postgres, schema=f"house_{new_id()[:8]}"))
    yield found
    found.clockwork.stop()
    found.database.dispose()
