"""Runs that are started inside a task: what the server adds, what it keeps readable, what nobody can forge."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from boathouse.catalog import LineageEdge, LineageNode, NodeKind, Privilege, SecurableKind, TableType
from boathouse.catalog.repository.records import EdgeFilter
from boathouse.foundation.context import RequestContext, TaskContext, in_request
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import SYSTEM

if TYPE_CHECKING:
    from conftest import Person, Server

pytestmark = pytest.mark.server

COMMIT = "0123456789abcdef0123456789abcdef01234567"
_numbers = itertools.count(1)


@pytest.fixture
def task(server: Server) -> TaskContext:
    number = next(_numbers)
    lock = server.home.environments / f"lock{number}" / "requirements.lock"
    lock.parent.mkdir(parents=True)
    lock.write_text("numpy==2.3.0\n")
    return TaskContext(
        job_id=11,
        job_name="train",
        run_id=number,
        task_key="fit",
        task_run_id=number,
        bundle="flights",
        target="dev",
        deployment_id="d1",
        git_commit=COMMIT,
        git_branch="main",
        git_origin="https://example.org/flights.git",
        git_dirty=True,
        environment_key=f"lock{number}",
        as_of="2013-05-01T00:00:00Z",
    )


@pytest.fixture
def in_task(server: Server, task: TaskContext) -> Person:
    """Ada, acting through the task's token."""
    return server.person(server.token("ada", task))


@pytest.fixture
def table(server: Server, new_name: Callable[[str], str]) -> Callable[[], str]:
    """Makes tables that the catalog knows."""

    def make() -> str:
        name = TableName("dev", "lab", new_name("t"))
        staged = server.catalog.securables.stage_table(SYSTEM, name)
        server.catalog.securables.create_table(
            SYSTEM,
            name,
            table_id=staged.table_id,
            storage_location=staged.storage_location,
            columns=(),
            table_type=TableType.MANAGED,
        )
        return str(name)

    return make


def read(person: Person, table: str, version: int) -> None:
    person.http.post("/lineage", params={"table": table, "version": version}).raise_for_status()


def test_a_run_carries_commit_bundle_task_and_principal(
    server: Server, in_task: Person, task: TaskContext, new_name: Callable[[str], str]
) -> None:
    client_says = [{"key": "mlflow.user", "value": "root"}, {"key": "mlflow.source.git.commit", "value": "f" * 40}]

    run = in_task.run(in_task.experiment(new_name("task")), tags=client_says, user_id="root")

    info = in_task.get("runs/get", run_id=run)["run"]
    tags = {each["key"]: each["value"] for each in info["data"]["tags"]}
    assert info["info"]["user_id"] == "ada"
    assert {key: tags.get(key) for key in (
        "mlflow.user", "mlflow.source.git.commit", "boathouse.git.dirty", "boathouse.git.branch", "boathouse.bundle",
        "boathouse.target", "boathouse.job_run_id", "boathouse.task_key", "boathouse.environment", "boathouse.as_of",
        "boathouse.principal", "boathouse.deployment_id",
    )} == {
        "mlflow.user": "ada",
        "mlflow.source.git.commit": COMMIT,
        "boathouse.git.dirty": "true",
        "boathouse.git.branch": "main",
        "boathouse.bundle": "flights",
        "boathouse.target": "dev",
        "boathouse.job_run_id": str(task.run_id),
        "boathouse.task_key": "fit",
        "boathouse.environment": task.environment_key,
        "boathouse.as_of": "2013-05-01T00:00:00Z",
        "boathouse.principal": "ada",
        "boathouse.deployment_id": "d1",
    }  # fmt: skip


def test_a_run_keeps_the_lock_of_its_environment(in_task: Person, new_name: Callable[[str], str]) -> None:
    run = in_task.run(in_task.experiment(new_name("task")))

    folder = {"run_id": run, "path": "environment"}
    listed = in_task.http.get("/api/2.0/mlflow/artifacts/list", params=folder).json()
    text = in_task.http.get("/get-artifact", params={"run_id": run, "path": "environment/requirements.lock"}).text

    assert [each["path"] for each in listed["files"]] == ["environment/requirements.lock"]
    assert text == "numpy==2.3.0\n"


def test_a_run_shows_what_its_task_read_before_and_during_and_not_after(
    in_task: Person, table: Callable[[], str], new_name: Callable[[str], str]
) -> None:
    before, during, after = table(), table(), table()

    read(in_task, before, 3)
    run = in_task.run(in_task.experiment(new_name("task")))
    read(in_task, during, 5)
    read(in_task, during, 5)
    in_task.post("runs/update", {"run_id": run, "status": "FINISHED"})
    read(in_task, after, 7)

    inputs = in_task.get("runs/get", run_id=run)["run"]["inputs"]["dataset_inputs"]
    sources = [json.loads(each["dataset"]["source"]) for each in inputs]
    assert {(each["delta_table_name"], each["delta_table_version"]) for each in sources} == {(before, 3), (during, 5)}
    assert all(each["location"].startswith("file://") for each in sources)
    assert {each["dataset"]["source_type"] for each in inputs} == {"delta_table"}


def test_what_a_version_was_trained_on_is_pinned_while_it_exists(
    server: Server, in_task: Person, table: Callable[[], str], new_name: Callable[[str], str]
) -> None:
    source = table()
    read(in_task, source, 4)
    run = in_task.run(in_task.experiment(new_name("task")))
    model = in_task.model(f"dev.lab.{new_name('pinned')}")
    table_id = server.catalog.securables.table(SYSTEM, TableName.parse(source)).securable.id

    version = in_task.version(model, run)
    pinned = server.catalog.pins.versions(table_id)
    upstream = server.catalog.lineage.upstream(SYSTEM, LineageNode(NodeKind.MODEL_VERSION, model, version))
    in_task.delete("model-versions/delete", {"name": model, "version": str(version)})

    assert pinned == [4]
    assert [(each.edge.source.kind, each.edge.operation) for each in upstream if each.edge.source] == [
        (NodeKind.TABLE, "TRAINED"),
        (NodeKind.RUN, "REGISTERED"),
    ]
    assert server.catalog.pins.versions(table_id) == []


def test_pins_follow_a_model_to_its_new_name_and_go_with_it(
    server: Server, in_task: Person, table: Callable[[], str], new_name: Callable[[str], str]
) -> None:
    source = table()
    read(in_task, source, 4)
    model = in_task.model(f"dev.lab.{new_name('pinned')}")
    in_task.version(model, in_task.run(in_task.experiment(new_name("task"))))
    table_id = server.catalog.securables.table(SYSTEM, TableName.parse(source)).securable.id

    in_task.post("registered-models/rename", {"name": model, "new_name": f"{model}_2"})
    after_rename = server.catalog.pins.versions(table_id)
    in_task.delete("registered-models/delete", {"name": f"{model}_2"})

    assert after_rename == [4]
    assert server.catalog.pins.versions(table_id) == []


def test_autologging_is_on_in_a_task_without_a_line_of_user_code(
    server: Server, task: TaskContext, tmp_path: Path, new_name: Callable[[str], str]
) -> None:
    experiment = server.admin().experiment(new_name("auto"))
    script = """
from boathouse.models.autolog import install
print(install())
import lightgbm, numpy
rows = numpy.arange(200.0).reshape(-1, 1)
lightgbm.train({"objective": "binary", "num_iterations": 3, "verbose": -1}, lightgbm.Dataset(rows, rows[:, 0] > 99))
"""

    for switch in ("1", "0"):
        variables = {"MLFLOW_EXPERIMENT_ID": experiment, "BOATHOUSE_AUTOLOG": switch}
        server.run_script(script, server.token("ada", task), tmp_path, **variables)

    runs = server.admin().post("runs/search", {"experiment_ids": [experiment]})["runs"]
    assert len(runs) == 1
    assert {"objective": "binary"}.items() <= {each["key"]: each["value"] for each in runs[0]["data"]["params"]}.items()


def test_an_experiment_and_a_model_are_securables_with_an_owner(
    server: Server, mallory: Person, new_name: Callable[[str], str]
) -> None:
    name = new_name("owned")

    experiment = mallory.experiment(name)

    found = server.catalog.securables.get(SYSTEM, SecurableKind.EXPERIMENT, experiment)
    assert (found.owner, found.title) == ("mallory", name)
    assert server.catalog.grants.allows(
        server.catalog.identities.principal("mallory"), Privilege.MANAGE, SecurableKind.EXPERIMENT, experiment
    )


def test_what_a_task_writes_after_loading_a_model_comes_from_that_version(
    server: Server, in_task: Person, task: TaskContext, table: Callable[[], str], new_name: Callable[[str], str]
) -> None:
    experiment, predictions = in_task.experiment(new_name("task")), table()
    run = in_task.run(experiment)
    model = in_task.model(f"dev.lab.{new_name('delay')}")
    file = f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/model/MLmodel"
    in_task.http.put(file, content=b"flavors: {}").raise_for_status()
    version = in_task.version(model, run)

    lineage, loaded = server.catalog.lineage, EdgeFilter(task_run_id=task.task_run_id, operation="LOADED")
    for _ in range(2):
        in_task.http.get(file).raise_for_status()
    for _ in range(100):  # what was given is written down once it has been given
        if lineage.edges(SYSTEM, loaded):
            break
        time.sleep(0.05)
    written = LineageEdge(None, LineageNode(NodeKind.TABLE, predictions, 0), "WRITE")
    with in_request(RequestContext(task=task)):
        server.catalog.lineage.record(SYSTEM, [written])

    loads = lineage.edges(SYSTEM, loaded)
    up = lineage.columns_up(SYSTEM, lineage.find(SYSTEM, predictions))
    assert [each.edge.source for each in loads] == [LineageNode(NodeKind.MODEL_VERSION, model, version)]
    assert LineageNode(NodeKind.RUN, run) in {step.source.node for step in up.steps}
