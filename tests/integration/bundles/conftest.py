"""The rooms that deployments need, real and in one process."""

import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.bundles.code_files import CodeFile, pack, snapshot_hash
from boathouse.bundles.deployments import Deployments, Report
from boathouse.bundles.desired import DesiredResource, DesiredState, Place, ResourceId
from boathouse.bundles.git import GitFacts
from boathouse.bundles.planning import Plan
from boathouse.catalog import Catalog
from boathouse.foundation.clock import ManualClock, SystemClock
from boathouse.foundation.home import Home
from boathouse.foundation.names import VolumeName
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.jobs import Jobs
from boathouse.metastore import Database, DatabaseUrl
from boathouse.models import Models


@dataclass
class Rooms:
    """Everything a test of deployments touches, and short ways to say what should exist."""

    home: Home
    database: Database
    catalog: Catalog
    jobs: Jobs
    models: Models
    clock: ManualClock
    ada: Principal
    """An administrator."""
    deployments: Deployments
    sources: Path

    def restarted(self) -> Deployments:
        """As after the death of the server: nothing is remembered but what is in the database."""
        return Deployments(self.database, self.catalog, self.jobs, self.models, self.home, self.clock)

    def code(self, place: Place, text: str = "print('hello')") -> str:
        """Upload a snapshot with one script; gives its hash."""
        file = self.sources / "main.py"
        file.write_text(text)
        files = [CodeFile("main.py", file)]
        snapshot = snapshot_hash(files)
        with pack(files) as archive:
            self.deployments.store_snapshot(self.ada, place, snapshot, io.BytesIO(archive.read()))
        return snapshot

    def user(self, name: str) -> Principal:
        self.catalog.identities.create_user(SYSTEM, name)
        return self.catalog.identities.principal(name)

    def desired(self, resources: dict[str, dict[str, Any]], **changes: Any) -> DesiredState:
        """What should exist, from ``{"schemas.main": {...}}``."""
        given = tuple(
            DesiredResource(ResourceId(*name.split(".", 1)), payload, f"databricks.yml:{line}")
            for line, (name, payload) in enumerate(resources.items(), 1)
        )
        state = DesiredState(Place("flights", "prod"), given, GitFacts("c0ffee", "main", None, False))
        return replace(state, **changes)

    def schema(self, name: str = "flights", **more: Any) -> dict[str, Any]:
        return {"catalog_name": "dev", "name": name, **more}

    def volume(self, name: str = "raw", **more: Any) -> dict[str, Any]:
        return {"catalog_name": "dev", "schema_name": "flights", "name": name, **more}

    def job(self, name: str = "train", **more: Any) -> dict[str, Any]:
        task = {"task_key": "main", "spark_python_task": {"python_file": "main.py"}}
        return {"name": name, "tasks": [task], **more}

    def actions(self, report: Report | Plan) -> dict[str, str]:
        """What was or would be done with each resource."""
        return {str(step.resource): str(getattr(step.action, "value", step.action)) for step in report.steps}

    def put_file(self, volume: str) -> None:
        found = self.catalog.securables.volume(self.ada, VolumeName.parse(volume))
        Path(unquote(urlsplit(found.storage_location).path), "data.csv").write_text("a,b")


@pytest.fixture(scope="session")
def database_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The databases, made once: their migrations take seconds."""
    from boathouse.models.mlflow_server import MlflowSettings
    from boathouse.models.stores import MlflowStores

    home = Home(tmp_path_factory.mktemp("template") / ".boathouse")
    home.create()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stores = MlflowStores(MlflowSettings.of_home(home))
        stores.experiment_named("nothing")
    database = Database(migrated_sqlite(home.databases / "boathouse.db"))
    database.dispose()
    return home.databases


@pytest.fixture
def rooms(tmp_path: Path, database_template: Path) -> Iterator[Rooms]:
    home = Home(tmp_path / ".boathouse")
    home.create()
    for file in database_template.iterdir():
        (home.databases / file.name).write_bytes(file.read_bytes())
    database = Database(DatabaseUrl.sqlite(home.databases / "boathouse.db"))
    clock = ManualClock(SystemClock().now())
    catalog = Catalog(database, home)
    catalog.bootstrap("ada")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        models = Models(catalog, database, home)
        jobs = Jobs(database, catalog, home, clock)
        deployments = Deployments(database, catalog, jobs, models, home, clock)
        sources = tmp_path / "sources"
        sources.mkdir()
        ada = catalog.identities.principal("ada")
        yield Rooms(home, database, catalog, jobs, models, clock, ada, deployments, sources)
    database.dispose()
