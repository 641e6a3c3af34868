"""The whole way on a real server: a version is registered, its job starts, evidence comes in, somebody signs, and it is
champion; and back again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from boathouse.foundation.errors import Denied
from boathouse.foundation.ids import new_id
from boathouse.foundation.rest import RestClient

if TYPE_CHECKING:
    from boathouse.testing import LocalBoathouse

pytestmark = [pytest.mark.server, pytest.mark.timeout(900)]

MODELS = "/api/boathouse/v1/models"
SETTLED_SECONDS = 600

REGISTER = """\
import sys, warnings
warnings.simplefilter("ignore")
import mlflow, numpy
from mlflow import MlflowClient
from sklearn.linear_model import LogisticRegression
import pandas

name, kind = sys.argv[1], sys.argv[2]
draws = numpy.random.default_rng(int(sys.argv[3]))
frame = pandas.DataFrame({"x": draws.normal(size=600), "y": draws.normal(size=600)})
late = (frame.x + 0.3 * frame.y + draws.normal(size=600) * 0.5 > 0).astype("int64")
if kind == "shuffled":
    late = late.sample(frac=1, random_state=1).reset_index(drop=True)
mlflow.set_experiment("/deployments/" + name)
with mlflow.start_run():
    model = LogisticRegression().fit(frame, late)
    info = mlflow.sklearn.log_model(model, name="model", input_example=frame.head(5))
print(mlflow.register_model(info.model_uri, name).version)
"""

OFF = {"enabled": False, "reason": "not what this test is about"}


def requirements(schema: str, **more: Any) -> dict[str, Any]:
    return {
        "objective": "Tell whether a ride is late",
        "decision": "The desk calls another car",
        "owner": "rides@example.org",
        "success": {"metric": "late rides", "proxy": "log_loss"},
        "risk_tier": "low",
        "evaluation": {"table": f"{schema}.rides", "label": "late", "training_table": f"{schema}.rides"},
        "approval": {"count": 1, "author_may_approve": False, "groups": ["risk"]},
        "deployment": {"automatic_promotion": True},
        **more,
    }


class World:
    """A schema with rides, a model, and people."""

    def __init__(self, boathouse: LocalBoathouse, folder: Path) -> None:
        self.boathouse = boathouse
        self.schema = f"dev.d{new_id().replace('-', '')[-10:]}"
        self.model = f"{self.schema}.late"
        self._script = folder / "register.py"
        self._script.write_text(REGISTER)
        self.admin = boathouse.client()
        self._people: dict[str, RestClient] = {}

    @property
    def path(self) -> str:
        return f"{MODELS}/{self.model}"

    def sql(self, text: str) -> None:
        done = self.boathouse.run("sql", text)
        assert done.returncode == 0, done.stdout + done.stderr

    def person(self, name: str, *groups: str) -> RestClient:
        if name not in self._people:
            for arguments in (
                ("users", "create", name),
                *(("groups", "create", group) for group in groups),
                *(("groups", "add-member", group, name) for group in groups),
            ):
                self.boathouse.run(*arguments)
            for level, privilege in (("CATALOG", "USE CATALOG"), ("SCHEMA", "USE SCHEMA"), ("SCHEMA", "EXECUTE")):
                securable = "dev" if level == "CATALOG" else self.schema
                self.sql(f"GRANT {privilege} ON {level} {securable} TO `{name}`")
            token = self.admin.post("/api/2.0/token/create", {"user_name": name})["token_value"]
            self._people[name] = self.boathouse.client(token)
        return self._people[name]

    def register(self, kind: str = "good", seed: int = 1) -> int:
        environment = {**os.environ, **self.boathouse.environment()}
        done = subprocess.run(
            [sys.executable, "-W", "ignore", str(self._script), self.model, kind, str(seed)],
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return int(done.stdout.split()[-1])

    def require(self, **more: Any) -> None:
        self.admin.put(f"{self.path}/requirements", {"requirements": requirements(self.schema, **more)})

    def start(self, version: int) -> dict[str, Any]:
        found = self.admin.get(f"{self.path}/deployments", version=version)["starts"]
        return found[0] if found else {}

    def run(self, run_id: int) -> dict[str, Any]:
        return self.admin.get("/api/2.2/jobs/runs/get", run_id=run_id)

    def tasks(self, version: int) -> dict[str, str]:
        """How the tasks of a version's run have ended so far."""
        run_id = self.start(version).get("run_id")
        tasks = self.run(run_id)["tasks"] if run_id else []
        return {task["task_key"]: task["state"].get("result_state", "") for task in tasks}

    def ended(self, version: int) -> dict[str, str]:
        """How the tasks of a version's run ended, when all have."""
        eventually(lambda: (found := self.tasks(version)) and all(found.values()))
        return self.tasks(version)

    def log(self, version: int, task: str) -> str:
        run_id = self.start(version)["run_id"]
        done = self.boathouse.run("jobs", "logs", str(run_id), task)
        return done.stdout + done.stderr

    def champion(self) -> int | None:
        return self.admin.get(self.path)["model"]["aliases"].get("champion")


def eventually(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + SETTLED_SECONDS
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError("It did not come about.")
        time.sleep(0.2)
    return found


@pytest.fixture
def world(boathouse: LocalBoathouse, tmp_path: Path) -> Iterator[World]:
    made = World(boathouse, tmp_path)
    made.sql(f"CREATE SCHEMA {made.schema}")
    made.sql(
        f"CREATE TABLE {made.schema}.rides AS SELECT x, y, CASE WHEN x + 0.3 * y > 0 THEN 1 ELSE 0 END AS late FROM "
        "(SELECT (id * 7919 % 1000) / 250.0 - 2 AS x, (id * 104729 % 997) / 250.0 - 2 AS y "
        "FROM (SELECT explode(sequence(1, 1500)) AS id))"
    )
    made.admin.post(
        "/api/2.0/mlflow/registered-models/create", {"name": made.model, "description": "Is this ride late?"}
    )
    yield made


def test_a_version_goes_the_whole_way_to_champion(world: World) -> None:
    # given
    risk = world.person("rita", "risk")
    world.require()

    # when it is registered, its job starts once and asks for a signature
    version = world.register()
    tasks = world.ended(version)

    # then
    assert tasks == {
        "evaluate": "SUCCESS",
        "gates": "SUCCESS",
        "approval": "FAILED",
        "promote": "UPSTREAM_FAILED",
    }, world.log(version, "evaluate") + world.log(version, "gates")
    assert "awaits approval: 1 of 1 signatures are missing" in world.log(version, "approval")
    assert world.champion() is None
    assert [
        (each["model"], each["version"]) for each in risk.get("/api/boathouse/v1/approvals/pending")["pending"]
    ] == [(world.model, version)]

    # when the wrong person signs, then nothing happens
    author = world.admin
    with pytest.raises(Denied, match="may not sign version"):
        author.post(f"{world.path}/versions/{version}/approvals", {"say": "approved"})

    # when the right one does, then the run goes on by itself
    standing = risk.post(f"{world.path}/versions/{version}/approvals", {"say": "approved", "reason": "looks right"})
    assert standing["is_complete"]
    eventually(lambda: world.champion() == version)
    eventually(lambda: world.tasks(version)["promote"] == "SUCCESS")
    tags = world.admin.get("/api/2.0/mlflow/model-versions/get", name=world.model, version=version)["model_version"]
    assert {each["key"]: each["value"] for each in tags["tags"]}["approval"] == "Approved"

    # and the card as it was then lies with the version's run
    kept = world.admin.get(f"/api/2.0/mlflow/artifacts/list?run_id={tags['run_id']}&path=evaluation")["files"]
    card = next(each for each in kept if each["path"] == f"evaluation/card-{version}.html")
    assert int(card["file_size"]) > 1_000


def test_a_version_trained_on_shuffled_labels_is_stopped_by_its_gates(world: World) -> None:
    world.require(approval={"count": 0})

    version = world.register("shuffled")

    assert world.ended(version) == {
        "evaluate": "SUCCESS",
        "gates": "FAILED",
        "approval": "UPSTREAM_FAILED",
        "promote": "UPSTREAM_FAILED",
    }
    log = world.log(version, "gates")
    assert f"{world.model}@{version} does not pass its gates" in log
    assert "against_baseline" in log
    assert world.champion() is None
    run = world.admin.get("/api/2.0/mlflow/model-versions/get", name=world.model, version=version)["model_version"]
    files = world.admin.get("/api/2.0/mlflow/artifacts/list", run_id=run["run_id"])["files"]
    assert "evaluation" in [each["path"] for each in files]
