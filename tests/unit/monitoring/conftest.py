"""A catalog, a session, monitors, and refreshes that are carried out here and now."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog
from boathouse.foundation.clock import ManualClock
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName, TableName
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.lake import DuckDBEngine
from boathouse.metastore import Database
from boathouse.monitoring.monitors.jobs import RunEnd
from boathouse.monitoring.monitors.nouns import Monitor, Refresh, Span
from boathouse.monitoring.monitors.service import Monitors
from boathouse.monitoring.monitors.settings import MonitorSettings
from boathouse.monitoring.monitors.wire import work_from_json, work_json
from boathouse.monitoring.refreshing.refreshing import refresh
from boathouse.session import LocalLaw, Session

NOW = datetime(2013, 3, 1, tzinfo=UTC)


@dataclass
class HeldRuns:
    """Keeps what is asked of the jobs; runs end when a test says so."""

    asked: list[int] = field(default_factory=list[int])
    jobs: dict[int, Monitor] = field(default_factory=dict[int, Monitor])
    ended: dict[int, RunEnd] = field(default_factory=dict[int, RunEnd])

    def ensure(self, monitor: Monitor) -> int:
        job_id = monitor.job_id or len(self.jobs) + 1
        self.jobs[job_id] = monitor
        return job_id

    def remove(self, job_id: int) -> None:
        self.jobs.pop(job_id, None)

    def run(self, monitor: Monitor, refresh_id: int) -> int:
        self.asked.append(refresh_id)
        return 1_000 + refresh_id

    def cancel(self, run_id: int) -> None:
        self.ended[run_id] = RunEnd(is_good=False, is_cancelled=True, message="cancelled")

    def end_of(self, run_id: int) -> RunEnd | None:
        return self.ended.get(run_id)


@dataclass
class Watch:
    """A small lakehouse with monitors."""

    catalog: Catalog
    session: Session
    monitors: Monitors
    runs: HeldRuns
    clock: ManualClock

    @property
    def root(self) -> Principal:
        return self.session.principal

    def write(self, name: str, rows: Any, **options: Any) -> int:
        data = rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(rows)
        return self.session.write_table(f"dev.shop.{name}", data, **options).version

    def watch(self, name: str, **settings: Any) -> Monitor:
        """Make a monitor, whose first refresh is asked for."""
        given = {"output_schema_name": "dev.watched", **settings}
        table = TableName.parse(f"dev.shop.{name}")
        return self.monitors.create(self.root, table, MonitorSettings.model_validate(given))

    def refresh(self, name: str, *, backfill: Span | None = None, is_full: bool = False) -> Refresh:
        """Ask for a refresh and carry it out."""
        table = TableName.parse(f"dev.shop.{name}")
        asked = self.monitors.refreshes.ask(self.root, table, backfill=backfill, is_full=is_full)
        return self.carry_out(asked)

    def carry_out(self, asked: Refresh) -> Refresh:
        """What the task of a refresh does."""
        begun = self.monitors.refreshes.begin(
            self.root, asked.monitor_id, run_id=asked.run_id or 0, refresh_id=asked.refresh_id
        )
        work = work_from_json(work_json(begun))
        done = refresh(self.session, work, self.clock)
        return self.monitors.refreshes.finish(self.root, asked.refresh_id, done.progress, done.result)

    def rows(self, table: str, condition: str = "true", order: str = "window_start") -> list[dict[str, Any]]:
        """Rows of a metric table."""
        text = f"SELECT * FROM dev.watched.{table} WHERE {condition} ORDER BY {order}"
        return self.session.sql(text).arrow().to_pylist()


@pytest.fixture(scope="session")
def engine() -> DuckDBEngine:
    return DuckDBEngine()


@pytest.fixture
def watch(tmp_path: Path, engine: DuckDBEngine) -> Iterator[Watch]:
    home = Home(tmp_path / "home")
    home.create()
    database = Database(migrated_sqlite(home.databases / "boathouse.db"))
    catalog = Catalog(database, home)
    catalog.bootstrap("root")
    for schema in ("shop", "watched"):
        catalog.securables.create_schema(SYSTEM, SchemaName("dev", schema))
    session = Session(catalog.identities.principal("root"), LocalLaw(catalog), engine)
    clock, runs = ManualClock(NOW), HeldRuns()
    yield Watch(catalog, session, Monitors(catalog, runs, clock), runs, clock)
    database.dispose()
