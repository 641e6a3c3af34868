"""Signing through MLflow's API, and going back, on a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from boathouse.foundation.errors import BoathouseError, Conflict, Denied, InvalidInput
from boathouse.foundation.ids import new_id
from boathouse.foundation.rest import RestClient
from boathouse.models.gates.catalogue import GATES

if TYPE_CHECKING:
    from boathouse.testing import LocalBoathouse

pytestmark = [pytest.mark.server, pytest.mark.timeout(900)]

MLFLOW = "/api/2.0/mlflow"
OFF = {each.name: {"enabled": False, "reason": "not what this test is about"} for each in GATES}

REGISTER = """\
import sys, warnings
warnings.simplefilter("ignore")
import mlflow, numpy, pandas
from sklearn.linear_model import LogisticRegression

frame = pandas.DataFrame({"x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 0.0, 1.0, 0.0]})
model = LogisticRegression().fit(frame, [0, 0, 1, 1])
mlflow.set_experiment("/rollback/" + sys.argv[1])
for _ in range(int(sys.argv[2])):
    with mlflow.start_run():
        info = mlflow.sklearn.log_model(model, name="model", input_example=frame)
    mlflow.register_model(info.model_uri, sys.argv[1])
"""


class World:
    """A model with three versions whose gates are all off."""

    def __init__(self, boathouse: LocalBoathouse) -> None:
        self.boathouse = boathouse
        self.admin = boathouse.client()
        self.schema = f"dev.b{new_id().replace('-', '')[-10:]}"
        self.model = f"{self.schema}.late"
        self.path = f"/api/boathouse/v1/models/{self.model}"

    def sql(self, text: str) -> None:
        done = self.boathouse.run("sql", text)
        assert done.returncode == 0, done.stdout + done.stderr

    def person(self, name: str, group: str) -> RestClient:
        for arguments in (
            ("users", "create", name),
            ("groups", "create", group),
            ("groups", "add-member", group, name),
        ):
            self.boathouse.run(*arguments)
        self.sql(f"GRANT USE CATALOG ON CATALOG dev TO `{name}`")
        for privilege in ("USE SCHEMA", "EXECUTE"):
            self.sql(f"GRANT {privilege} ON SCHEMA {self.schema} TO `{name}`")
        return self.boathouse.client(self.admin.post("/api/2.0/token/create", {"user_name": name})["token_value"])

    def require(self, **more: Any) -> None:
        said = {
            "objective": "Tell whether a ride is late",
            "decision": "The desk calls another car",
            "owner": "rides@example.org",
            "success": {"metric": "late rides", "proxy": "log_loss"},
            "risk_tier": "medium",
            "gates": {name: off for name, off in OFF.items() if name in MEDIUM},
            "evaluation": {"table": f"{self.schema}.rides", "label": "late"},
            "approval": {"count": 0},
            "deployment": {"start": False},
        }
        self.admin.put(f"{self.path}/requirements", {"requirements": said | more})

    def evaluate(self, version: int) -> None:
        self.admin.post(f"{self.path}/versions/{version}/evaluations", {"measurements": []})

    def promote(self, *versions: int) -> None:
        for version in versions:
            self.evaluate(version)
            self.admin.post(f"{self.path}/versions/{version}/promote", {})

    def champion(self) -> int | None:
        return self.admin.get(self.path)["model"]["aliases"].get("champion")

    def version(self, number: int) -> dict[str, Any]:
        return self.admin.get(f"{MLFLOW}/model-versions/get", name=self.model, version=number)["model_version"]

    def tags(self, number: int) -> dict[str, str]:
        return {each["key"]: each["value"] for each in self.version(number).get("tags", [])}

    def files(self, number: int) -> Path:
        found = self.admin.get(f"{MLFLOW}/model-versions/get-download-uri", name=self.model, version=number)
        return self.boathouse.home.artifacts / str(found["artifact_uri"]).removeprefix("mlflow-artifacts:").strip("/")


MEDIUM = (
    "metric", "against_champion", "against_baseline", "calibration", "training_data", "evaluation_data", "leakage",
    "serving_checks", "documentation",
)  # fmt: skip


@pytest.fixture(scope="module")
def shared(boathouse: LocalBoathouse, tmp_path_factory: pytest.TempPathFactory) -> World:
    made = World(boathouse)
    made.sql(f"CREATE SCHEMA {made.schema}")
    script = tmp_path_factory.mktemp("register") / "register.py"
    script.write_text(REGISTER)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), made.model, "3"],
        env={**os.environ, **boathouse.environment()},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    shared.require()
    yield shared


def test_production_goes_back_step_by_step_until_there_is_nothing_behind(world: World) -> None:
    # given
    world.promote(1, 2, 3)
    with pytest.raises(Conflict, match="protected by its policy"):
        world.admin.put(f"{world.path}/aliases/champion", {"version": 1})

    # when it is exercised, then nothing has moved
    drill = world.admin.post(f"{world.path}/rollback-drill", {"within_seconds": 60})
    assert (drill["succeeded"], drill["from_version"], drill["to_version"], drill["is_drill"]) == (True, 3, 2, True)
    assert world.champion() == 3

    # when it is done
    first = world.boathouse.run("model", "rollback", world.model, "--reason", "answers are off", "--within", "60")
    assert first.returncode == 0, first.stderr
    assert f"champion of {world.model} is version 2 now; it was version 3" in first.stdout
    second = world.admin.post(f"{world.path}/rollback", {"reason": "still off", "within_seconds": 60})

    # then
    assert (second["from_version"], second["to_version"], world.champion()) == (2, 1, 1)
    with pytest.raises(Conflict, match="nothing to roll back to: no other version was champion before version 1"):
        world.admin.post(f"{world.path}/rollback", {"reason": "and again"})
    listed = world.admin.get(f"{world.path}/rollbacks")["rollbacks"]
    newest = listed[:4]  # other tests share the model
    assert [(each["is_drill"], each["succeeded"], each["to_version"]) for each in newest] == [
        (False, False, None), (False, True, 1), (False, True, 2), (True, True, 2),
    ]  # fmt: skip
    why = world.admin.get(f"{world.path}/versions/champion/why")
    assert why["move"]["through"] == "rollback"
    evidence = world.admin.get(f"{world.path}/versions/2/evidence")["evidence"]
    assert {"rollback"} <= {each["measurement"]["gate"] for each in evidence}
    events = world.admin.get("/api/boathouse/v1/events", type="model_version.rolled_back")["events"]
    assert [each["data"]["version"] for each in events if each["subject"] == world.model] in ([2, 1], [1, 2])


def test_a_champion_that_does_not_answer_any_more_is_passed_over(world: World) -> None:
    world.promote(1, 2, 3)
    broken = world.files(2)
    hidden = broken.rename(broken.with_name("hidden"))
    try:
        done = world.admin.post(f"{world.path}/rollback-drill", {"within_seconds": 60})
        named = world.admin.post(f"{world.path}/rollback-drill", {"to": 2, "within_seconds": 60})
    finally:
        hidden.rename(broken)

    assert (done["succeeded"], done["to_version"]) == (True, 1)
    assert [each["answers"] for each in done["details"]["tried"]] == [False, True]
    assert not named["succeeded"]
    assert "No earlier champion" in named["problem"]
    assert "version 2" in named["problem"]


def test_only_what_was_in_production_is_a_way_back(world: World) -> None:
    world.promote(1)
    with pytest.raises(InvalidInput, match=r"was never champion|is champion already"):
        world.admin.post(f"{world.path}/rollback", {"to": 99, "reason": "why not"})
    with pytest.raises(InvalidInput, match="is champion already"):
        world.admin.post(f"{world.path}/rollback", {"to": 1, "reason": "why not"})
    with pytest.raises(InvalidInput, match="for a reason"):
        world.admin.post(f"{world.path}/rollback", {"reason": " "})


def test_what_a_deleted_model_of_the_same_name_had_in_production_is_no_way_back(world: World) -> None:
    name = f"{world.schema}.twice"
    experiment = world.admin.post(f"{MLFLOW}/experiments/create", {"name": name})["experiment_id"]
    run = world.admin.post(f"{MLFLOW}/runs/create", {"experiment_id": experiment})["run"]["info"]

    def make() -> None:
        world.admin.post(f"{MLFLOW}/registered-models/create", {"name": name})
        made = {"name": name, "source": f"{run['artifact_uri']}/model", "run_id": run["run_id"]}
        world.admin.post(f"{MLFLOW}/model-versions/create", made)

    make()
    world.admin.post(f"{MLFLOW}/registered-models/alias", {"name": name, "alias": "champion", "version": "1"})
    world.admin.call("DELETE", f"{MLFLOW}/registered-models/delete", body={"name": name})
    make()
    path = world.path.replace(world.model, name)

    with pytest.raises(InvalidInput, match="was never champion"):
        world.admin.post(f"{path}/rollback", {"to": 1, "reason": "it was there"})
    assert world.admin.get(f"{path}/versions/1/why")["move"] is None


def test_who_may_not_manage_the_model_rolls_nothing_back(world: World) -> None:
    world.promote(1, 2)
    before = world.champion()
    with pytest.raises(Denied):
        world.person("rob", "riders").post(f"{world.path}/rollback", {"reason": "because i can"})
    assert world.champion() == before


def test_the_tag_of_mlflow_signs_with_the_same_checks(world: World) -> None:
    # given
    rita = world.person("rina", "riskdesk")
    world.require(approval={"count": 1, "groups": ["riskdesk"], "author_may_approve": False})
    world.evaluate(3)
    tag = {"name": world.model, "version": "3", "key": "approval", "value": "Approved"}

    # when the wrong one signs, and when the right one does
    with pytest.raises(Denied, match="may not sign version 3"):
        world.admin.post(f"{MLFLOW}/model-versions/set-tag", tag)
    assert "approval" not in world.tags(3)
    rita.post(f"{MLFLOW}/model-versions/set-tag", tag)

    # then
    assert world.tags(3)["approval"] == "Approved"
    standing = rita.get(f"{world.path}/versions/3/approvals")
    assert [(each["principal"], each["through"]) for each in standing["approved"]] == [("rina", "mlflow")]

    # nothing else goes into that tag, and it is not taken along by a copy
    with pytest.raises(InvalidInput, match="says how the signatures stand"):
        world.admin.post(f"{MLFLOW}/model-versions/set-tag", tag | {"value": "Approved by the boss"})
    source = world.version(3)["source"]
    made = world.admin.post(
        f"{MLFLOW}/model-versions/create",
        {
            "name": world.model,
            "source": source,
            "model_id": source.removeprefix("models:/"),
            "tags": [{"key": "approval", "value": "Approved"}],
        },
    )
    assert "approval" not in world.tags(int(made["model_version"]["version"]))

    # removing it takes the signature back; of somebody who has not signed it cannot be removed
    gone = {"name": world.model, "version": "3", "key": "approval"}
    with pytest.raises(BoathouseError, match="has said nothing"):
        world.admin.call("DELETE", f"{MLFLOW}/model-versions/delete-tag", body=gone)
    rita.call("DELETE", f"{MLFLOW}/model-versions/delete-tag", body=gone)
    assert "approval" not in world.tags(3)
    rita.post(f"{MLFLOW}/model-versions/set-tag", tag | {"key": "Approval_Check", "value": "rejected"})
    assert world.tags(3)["approval"] == "Rejected"
    rita.post(f"{world.path}/versions/3/approvals", {"say": "withdrawn"})


def test_the_deployment_job_id_of_mlflow_is_kept_and_answered(world: World) -> None:
    job = {
        "name": "own deployment",
        "parameters": [{"name": "model_name", "default": ""}, {"name": "model_version", "default": ""}],
        "tasks": [{"task_key": "approval", "python_wheel_task": {"package_name": "boathouse", "entry_point": "x"}}],
    }
    job_id = str(world.admin.post("/api/2.2/jobs/create", job)["job_id"])
    other = f"{world.schema}.other"

    made = world.admin.post(
        f"{MLFLOW}/registered-models/create", {"name": other, "description": "keep me", "deployment_job_id": job_id}
    )
    assert made["registered_model"]["deployment_job_id"] == job_id
    found = world.admin.get(f"{MLFLOW}/registered-models/get", name=other)["registered_model"]
    assert (found["deployment_job_id"], found["description"]) == (job_id, "keep me")
    listed = world.admin.get(f"{MLFLOW}/registered-models/search")["registered_models"]
    assert {each["name"]: each.get("deployment_job_id") for each in listed}[other] == job_id

    body = {"name": other, "deployment_job_id": ""}
    changed = world.admin.call("PATCH", f"{MLFLOW}/registered-models/update", body=body)["registered_model"]
    assert changed.get("description") == "keep me"
    assert "deployment_job_id" not in changed
    with pytest.raises(BoathouseError, match="There is no job 987654"):
        body = {"name": other, "deployment_job_id": "987654"}
        world.admin.call("PATCH", f"{MLFLOW}/registered-models/update", body=body)


def test_approvals_are_shown_on_the_command_line(world: World) -> None:
    world.require(approval={"count": 1, "author_may_approve": True})
    world.evaluate(2)

    said = world.boathouse.run("model", "approve", f"{world.model}@2", "--reason", "looks right")
    assert said.returncode == 0, said.stderr
    assert "It has all the signatures that it needs." in said.stdout
    waived = world.boathouse.run(
        "model", "waive", f"{world.model}@2", "--gate", "nonsense", "--reason", "x", "--until", "7d"
    )
    assert waived.returncode != 0
    assert "asks no gate 'nonsense'" in waived.stderr
    shown = json.loads(world.boathouse.run("model", "approvals", f"{world.model}/2", "-o", "json").stdout)
    assert [each["reason"] for each in shown["approved"]] == ["looks right"]
    assert "Nothing waits for you." in world.boathouse.run("model", "approvals", "--pending").stdout
