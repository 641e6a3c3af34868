"""A version that a job has loaded lately, or names, or whose deployment job is about to start, is in use."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog, LineageEdge, LineageNode, NodeKind, SecurableKind
from boathouse.foundation.clock import ManualClock, SystemClock
from boathouse.foundation.context import RequestContext, TaskContext, in_request
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.jobs import Jobs, read_job
from boathouse.jobs.records import DeploymentRef
from boathouse.metastore import Database
from boathouse.models.deployment.nouns import DeploymentStart
from boathouse.models.deployment.repository import DeploymentRepository
from boathouse.models.retiring.uses import InUse, Use
from boathouse.wiring.model_uses import uses_of_versions

MODEL = "dev.lab.delay"


class House:
    """The law, jobs, and what keeps versions, over a database of their own."""

    def __init__(self, folder: Path) -> None:
        home = Home(folder / "home")
        home.create()
        self.clock = ManualClock(SystemClock().now())
        self.database = Database(migrated_sqlite(home.databases / "boathouse.db"))
        self.catalog = Catalog(self.database, home, self.clock)
        self.catalog.bootstrap("ada")
        self.ada = self.catalog.identities.principal("ada")
        self.catalog.identities.create_user(SYSTEM, "bob")
        self.catalog.securables.create_schema(SYSTEM, SchemaName.parse("dev.lab"))
        kind = SecurableKind.REGISTERED_MODEL
        self.catalog.securables.register(SYSTEM, kind, MODEL, owner="ada", parent="dev.lab")
        self.jobs = Jobs(self.database, self.catalog, home, self.clock)
        self.folder = folder
        (folder / "a.py").touch()
        self.uses = uses_of_versions(self.catalog, self.database, self.jobs, self.clock)

    def job(self, *parameters: str) -> int:
        task = {"task_key": "score", "spark_python_task": {"python_file": "a.py", "parameters": list(parameters)}}
        where = DeploymentRef("b", "dev", "1", str(self.folder))
        return self.jobs.create(self.ada, read_job({"name": "nightly", "tasks": [task]}), deployment=where)

    def load(self, version: int, job_id: int) -> None:
        task = TaskContext(job_id, "nightly", 1, "score", 1)
        with in_request(RequestContext(task=task)):
            node = LineageNode(NodeKind.MODEL_VERSION, MODEL, version)
            self.catalog.lineage.record(SYSTEM, [LineageEdge(node, None, "LOADED")])

    def of(self, version: int, principal: Principal | None = None) -> list[str]:
        return [str(use) for uses in self.uses for use in uses(principal or self.ada, MODEL, version)]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path)
    yield found
    found.database.dispose()


def test_nobody_uses_a_version_that_nothing_is_known_of(house: House) -> None:
    assert house.of(1) == []


def test_a_job_that_has_loaded_a_version_lately_uses_it(house: House) -> None:
    job_id = house.job()
    house.load(1, job_id)

    assert [each.partition(" at ")[0] for each in house.of(1)] == [f"job nightly ({job_id}) loaded it"]
    assert house.of(2) == []
    house.clock.advance(timedelta(days=31))
    assert house.of(1) == []


def test_a_job_that_is_gone_uses_nothing(house: House) -> None:
    job_id = house.job()
    house.load(1, job_id)
    house.jobs.delete(house.ada, job_id)

    assert house.of(1) == []


def test_a_job_that_names_a_version_uses_that_one(house: House) -> None:
    job_id = house.job("--model", f"models:/{MODEL}/1")
    house.job(f"models:/{MODEL}/12")

    assert house.of(1) == [f"job nightly ({job_id}) names it"]


def test_a_job_that_somebody_may_not_know_of_has_no_name(house: House) -> None:
    house.job(f"models:/{MODEL}/1")

    assert house.of(1, house.catalog.identities.principal("bob")) == ["a job that you may not know of names it"]


def test_a_deployment_job_that_is_about_to_start_uses_its_version(house: House) -> None:
    starts = DeploymentRepository(house.database)
    with house.database.write() as connection:
        starts.add(connection, DeploymentStart(MODEL, 1, "token", "ada", 0))

    assert house.of(1) == ["its deployment job is about to start"]
    assert house.of(2) == []


def test_the_refusal_lists_who_is_in_the_way() -> None:
    uses = [Use(number, "alias champion", "points at it") for number in range(30)]

    error = InUse(MODEL, uses)

    assert "version 3: alias champion points at it" in error.message
    assert "and 10 more" in error.message
    assert error.uses == tuple(uses)
