"""The verbs on jobs over a database of their own; no worker is there."""

from pathlib import Path

import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.foundation.clock import SystemClock
from boathouse.foundation.home import Home
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.jobs import Jobs, read_job
from boathouse.jobs.records import DeploymentRef
from boathouse.metastore import Database


class House:
    def __init__(self, folder: Path) -> None:
        home = Home(folder / "home")
        home.create()
        self.database = Database(migrated_sqlite(home.databases / "boathouse.db"))
        self.catalog = Catalog(self.database, home)
        self.catalog.bootstrap("ada")
        self.ada = self.catalog.identities.principal("ada")
        self.bob = self.principal("bob")
        self.jobs = Jobs(self.database, self.catalog, home, SystemClock())
        (folder / "a.py").touch()
        self.deployment = DeploymentRef("b", "dev", "1", str(folder))

    def principal(self, name: str) -> Principal:
        self.catalog.identities.create_user(SYSTEM, name)
        return self.catalog.identities.principal(name)

    def create(self, principal: Principal, **more: object) -> int:
        tasks = [{"task_key": "a", "spark_python_task": {"python_file": "a.py"}}]
        return self.jobs.create(principal, read_job({"name": "n", "tasks": tasks, **more}), deployment=self.deployment)

    def grant(self, privilege: Privilege, job_id: int) -> None:
        self.catalog.grants.grant(self.ada, "bob", [privilege], SecurableKind.JOB, str(job_id))


@pytest.fixture
def house(tmp_path: Path):
    found = House(tmp_path)
    yield found
    found.database.dispose()
