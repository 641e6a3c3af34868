"""A home with a catalog and MLflow's own database, and a clock that can be moved past the grace period."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.care.garbage.code import DeployedCode
from boathouse.care.garbage.collecting import collected
from boathouse.care.garbage.dropped import DroppedFolders
from boathouse.care.garbage.leftovers import Leftovers
from boathouse.care.garbage.mlflow_rows import mlflow_collectors
from boathouse.care.garbage.nouns import Collector, Garbage, Kind, Request
from boathouse.care.garbage.repository import PassRepository
from boathouse.care.garbage.service import GarbageCollection
from boathouse.care.garbage.table_files import table_collectors
from boathouse.catalog import Catalog
from boathouse.foundation.clock import ManualClock, epoch_ms
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName
from boathouse.metastore import Database
from boathouse.models import MlflowSettings
from boathouse.models.repository import ModelRepository
from boathouse.models.stores import MlflowStores
from boathouse.models.unused import UnusedMlflow

WEEK = timedelta(days=7)


class GarbageHome:
    """Everything that collecting touches."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder / ".boathouse")
        self.home.create()
        self.clock = ManualClock(datetime.now(UTC))
        self.database = Database(migrated_sqlite(self.home.databases / "boathouse.db"))
        self.catalog = Catalog(self.database, self.home, self.clock)
        self.catalog.bootstrap("ada")
        self.ada = self.catalog.identities.principal("ada")
        self.catalog.securables.create_catalog(self.ada, "main")
        self.catalog.securables.create_schema(self.ada, SchemaName.parse("main.s"))
        self.stores = MlflowStores(MlflowSettings.of_home(self.home))
        self.models = ModelRepository(self.database)
        self.mlflow = UnusedMlflow(self.stores, self.models, self.catalog)
        self.code_in_use: set[Path] = set()
        self.collectors: list[Collector] = [
            Leftovers(self.home),
            *mlflow_collectors(self.home, self.mlflow),
            *table_collectors(self.catalog, self.clock),
            DroppedFolders(self.home, self.database),
            DeployedCode(self.home, lambda: [lambda: self.code_in_use]),
        ]
        self.garbage = GarbageCollection(self.collectors, PassRepository(self.database), self.catalog, self.clock)

    @property
    def before(self) -> int:
        return epoch_ms(self.clock.now() - WEEK)

    def wait_a_week(self) -> None:
        self.clock.advance(WEEK + timedelta(hours=1))

    def told(self, *kinds: Kind, dry_run: bool = True) -> list[Garbage]:
        request = Request(dry_run, WEEK, frozenset(kinds or Kind))
        return list(collected(self.collectors, request, self.before))

    # MLflow

    def experiment(self, name: str) -> str:
        return str(self.stores.tracking.create_experiment(name))

    def run(self, experiment: str, files: int = 1) -> str:
        """A run with some artifacts."""
        run = self.stores.tracking.create_run(experiment, "ada", 0, [], "run")
        folder = self.home.artifacts / experiment / run.info.run_id / "artifacts"
        self.files(folder, files)
        return str(run.info.run_id)

    def logged_model(self, experiment: str, run_id: str) -> str:
        made = self.stores.tracking.create_logged_model(experiment, name="model", source_run_id=run_id)
        self.files(self.model_folder(experiment, made.model_id) / "artifacts", 2)
        return str(made.model_id)

    def model_folder(self, experiment: str, model_id: str) -> Path:
        return self.home.artifacts / experiment / "models" / model_id

    def version(self, name: str, run_id: str, model_id: str | None = None, experiment: str = "") -> int:
        registry: Any = self.stores.registry
        if name not in {each.name for each in registry.search_registered_models()}:
            registry.create_registered_model(name)
        place = f"{experiment}/models/{model_id}/artifacts" if model_id else f"{experiment}/{run_id}/artifacts/model"
        source = f"mlflow-artifacts:/{place}"
        made = registry.create_model_version(name, source, run_id=run_id)
        self.models.add_source(name, int(made.version), run_id, place)
        return int(made.version)

    def files(self, folder: Path, count: int) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            (folder / f"{number}.bin").write_bytes(b"x" * 100)
        return folder

    def is_run(self, run_id: str) -> bool:
        return run_id in self.mlflow.owners().runs


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GarbageHome]:
    # Without a main file, as in a worker of pytest's, pyspark looks for a Spark that its pure client does not bring.
    monkeypatch.setenv("SPARK_HOME", sys.prefix)
    found = GarbageHome(tmp_path)
    yield found
    found.database.dispose()
    if found.stores._registry is not None:  # pyright: ignore[reportPrivateUsage]
        found.stores.tracking.engine.dispose()
        found.stores.registry.engine.dispose()
