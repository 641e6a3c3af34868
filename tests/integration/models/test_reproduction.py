"""A model that a deployed job trains comes out again, whatever has happened to its tables since; and what does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from boathouse.foundation.rest import Connection
from boathouse.session.default import connected_session

if TYPE_CHECKING:
    from boathouse.testing import LocalBoathouse

pytestmark = [pytest.mark.server, pytest.mark.timeout(900)]


TRAIN = """\
import sys
import boathouse as bh
import mlflow
import numpy
from mlflow import MlflowClient
from sklearn.linear_model import LogisticRegression

schema, seed = sys.argv[1], sys.argv[2]
frame = bh.table(f"{schema}.rides").df().sort_values("id")
mlflow.set_experiment(f"/repro/{schema}")
with mlflow.start_run() as run:
    model = LogisticRegression().fit(frame[["x", "y"]], frame["late"])
    mlflow.log_params({"rows": len(frame), "seed": seed})
    mlflow.log_metric("score", model.score(frame[["x", "y"]], frame["late"]))
    noise = numpy.random.default_rng().random() if seed == "none" else 0.0
    mlflow.log_metric("noise", noise)
    if seed == "none":
        model.intercept_ = model.intercept_ + noise
    info = mlflow.sklearn.log_model(model, name="model", input_example=frame[["x", "y"]].head(5))
made = mlflow.register_model(info.model_uri, f"{schema}.delay")
client = MlflowClient()
client.set_model_version_tag(made.name, made.version, "rows", str(len(frame)))
client.set_registered_model_alias(made.name, "newest", made.version)
print("registered", made.version)
if seed == "writes":
    bh.write_table(f"{schema}.predictions", frame[["id"]], mode="overwrite")
"""


def bundle(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train.py").write_text(TRAIN)
    (folder / "databricks.yml").write_text(
        f"""\
bundle: {{name: {name}}}
resources:
  schemas:
    main: {{catalog_name: dev, name: {name}}}
  jobs:
    train:
      name: {name}-train
      parameters: [{{name: seed, default: "7"}}]
      tasks:
        - task_key: train
          spark_python_task:
            python_file: train.py
            parameters: ["dev.${{resources.schemas.main.name}}", "{{{{job.parameters.seed}}}}"]
"""
    )
    return folder


@pytest.fixture
def project(boathouse: LocalBoathouse, tmp_path: Path, request: pytest.FixtureRequest) -> Project:
    """A project of a test that changes its data or its code."""
    return deployed(boathouse, tmp_path, request.node.nodeid)


@pytest.fixture(scope="module")
def shared(boathouse: LocalBoathouse, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of which others train versions, too; its first one is there."""
    found = deployed(boathouse, tmp_path_factory.mktemp("shared"), __name__)
    found.train()
    return found


def deployed(boathouse: LocalBoathouse, folder: Path, of: str) -> Project:
    name = f"r{abs(hash(of)) % 10**8}"
    found = Project(boathouse, bundle(folder / "project", name))
    found.ran("bundle", "deploy")
    found.schema = next(
        one["name"]
        for one in json.loads(found.ran("bundle", "summary", "-o", "json"))["resources"]
        if one["resource"] == "schemas.main"
    )
    found.sql(f"CREATE TABLE {found.schema}.rides AS SELECT id, id % 7 AS x, id % 5 AS y, id % 7 > 3 AS late "
              "FROM (SELECT explode(sequence(1, 200)) AS id)")  # fmt: skip
    return found


class Project:
    """A deployed bundle that trains."""

    def __init__(self, boathouse: LocalBoathouse, folder: Path) -> None:
        self.boathouse, self.folder, self.schema = boathouse, folder, ""
        self._session = connected_session(Connection(boathouse.url, boathouse.token))

    def ran(self, *arguments: str) -> str:
        done = self.boathouse.run(*arguments, cwd=self.folder)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def sql(self, text: str) -> list[Any]:
        return self._session.sql(text).arrow().to_pylist()

    def train(self, **parameters: str) -> int:
        """The number of the version that comes of it."""
        given = [each for name, value in parameters.items() for each in ("--params", f"{name}={value}")]
        self.ran("bundle", "run", "train", *given)
        return self.model()["versions"][0]["version"]

    def reproduced(self, which: str | int) -> Any:
        done = self.boathouse.run(
            "model", "reproduce", f"{self.schema}.delay@{which}", "--wait", "-o", "json", cwd=self.folder
        )
        assert done.stdout, done.stderr
        found = json.loads(done.stdout)
        assert (done.returncode == 0) == (found["status"] == "equal"), done.stderr
        return found

    def model(self) -> Any:
        return self.boathouse.client().get(f"/api/boathouse/v1/models/{self.schema}.delay")


def verdicts(found: Any) -> dict[str, str]:
    return {each["name"]: each["verdict"] for each in found["aspects"]}


def test_a_version_comes_out_again_after_later_commits_and_a_vacuum(project: Project) -> None:
    # given
    project.train()
    for number in range(3):
        project.sql(f"INSERT INTO {project.schema}.rides SELECT 1000 + {number}, 0, 0, true")
        project.sql(f"DELETE FROM {project.schema}.rides WHERE id % 3 = {number}")
    project.sql(f"ALTER TABLE {project.schema}.rides SET TBLPROPERTIES ('boathouse.vacuum.retentionCheck' = 'false')")
    project.sql(f"VACUUM {project.schema}.rides RETAIN 0 HOURS")
    (project.folder / "train.py").write_text("raise SystemExit('other code')")
    project.ran("bundle", "deploy")

    # when
    found = project.reproduced("1")

    # then
    assert found["status"] == "equal", json.dumps(found, indent=1)
    assert verdicts(found) == dict.fromkeys(
        ("parameters", "metrics", "environment", "inputs", "files", "predictions"), "equal"
    )
    assert found["inputs"] == [{"table": f"{project.schema}.rides", "version": 0}]
    files = next(each for each in found["aspects"] if each["name"] == "files")
    assert "MLmodel" in files["note"]

    # when its table is dropped, that is an obstacle
    project.sql(f"DROP TABLE {project.schema}.rides")
    done = project.boathouse.run("model", "reproduce", f"{project.schema}.delay@1", "--check", "-o", "json")
    plan = json.loads(done.stdout)
    assert not plan["is_reproducible"]
    assert plan["obstacles"] == [f"The table of {project.schema}.rides at version 0 was dropped."]


def test_a_reproduction_leaves_the_registry_as_it_was(shared: Project) -> None:
    before = shared.model(), runs_of(shared)
    version = before[0]["model"]["aliases"]["newest"]

    found = shared.reproduced("newest")

    assert (shared.model(), runs_of(shared)) == before
    model = f"{shared.schema}.delay"
    assert {f"set the tag rows {model}@{version}", f"set the alias newest {model}@{version}"} <= set(found["held_back"])


def runs_of(project: Project) -> list[str]:
    asked = {"experiment_ids": [experiment_of(project)], "run_view_type": "ACTIVE_ONLY"}
    found = project.boathouse.client().post("/api/2.0/mlflow/runs/search", asked)["runs"]
    return [each["info"]["run_id"] for each in found]


def experiment_of(project: Project) -> str:
    found = project.boathouse.client().get(
        "/api/2.0/mlflow/experiments/get-by-name", experiment_name=f"/repro/{project.schema}"
    )
    return found["experiment"]["experiment_id"]


def test_what_comes_from_chance_is_named(shared: Project) -> None:
    found = shared.reproduced(shared.train(seed="none"))

    assert found["status"] == "differs"
    found_verdicts = verdicts(found)
    assert found_verdicts["parameters"] == found_verdicts["environment"] == found_verdicts["inputs"] == "equal"
    assert found_verdicts["metrics"] == found_verdicts["files"] == "differs"
    metrics = next(each for each in found["aspects"] if each["name"] == "metrics")
    assert [each["what"] for each in metrics["differences"]] == ["noise"]


def test_what_the_task_writes_goes_to_a_copy_that_is_thrown_away(shared: Project) -> None:
    shared.sql(f"CREATE TABLE {shared.schema}.predictions (id BIGINT)")
    version = shared.train(seed="writes")
    rows = shared.sql(f"DESCRIBE HISTORY {shared.schema}.predictions")

    found = shared.reproduced(version)

    assert found["status"] == "equal", json.dumps(found, indent=1)
    assert f"write to the table {shared.schema}.predictions" in found["held_back"]
    assert shared.sql(f"DESCRIBE HISTORY {shared.schema}.predictions") == rows
    assert not list(shared.boathouse.home.reproductions.iterdir())


def test_what_was_not_trained_by_a_task_says_why_it_cannot_be_reproduced(shared: Project) -> None:
    client, model = shared.boathouse.client(), f"{shared.schema}.by_hand"
    run = client.post("/api/2.0/mlflow/runs/create", {"experiment_id": experiment_of(shared)})["run"]["info"]
    client.post("/api/2.0/mlflow/registered-models/create", {"name": model})
    source = {"name": model, "source": f"runs:/{run['run_id']}/model", "run_id": run["run_id"]}
    client.post("/api/2.0/mlflow/model-versions/create", source)

    done = shared.boathouse.run("model", "reproduce", f"{model}@1")
    plan = shared.boathouse.run("model", "reproduce", f"{model}@1", "--check")

    assert done.returncode == 5
    assert "was not started by a task of a job" in done.stderr
    assert "It cannot be reproduced." in plan.stdout


TRAIN_WITH_FEATURES = """\
import sys
import boathouse as bh
import mlflow
from boathouse.features import FeatureEngineeringClient, FeatureLookup
from sklearn.linear_model import LinearRegression

schema = sys.argv[1]
fe = FeatureEngineeringClient()
labels = bh.table(f"{schema}.rides").df().sort_values("id")[["id", "late"]]
lookup = FeatureLookup(table_name=f"{schema}.facts", lookup_key="id", feature_names=["a", "b"])
training_set = fe.create_training_set(df=labels, feature_lookups=[lookup], label="late", exclude_columns=["id"])
frame = training_set.load_df().sort_values(["a", "b"])
mlflow.set_experiment(f"/repro/{schema}")
with mlflow.start_run():
    model = LinearRegression().fit(frame[["a", "b"]], frame["late"].astype(float))
    mlflow.log_metric("score", model.score(frame[["a", "b"]], frame["late"].astype(float)))
    fe.log_model(
        model=model, name="model", flavor=mlflow.sklearn, training_set=training_set,
        registered_model_name=f"{schema}.delay",
    )
"""


def test_a_model_of_the_feature_store_is_trained_on_its_features_of_then(project: Project) -> None:
    project.sql(f"CREATE TABLE {project.schema}.facts (id BIGINT NOT NULL PRIMARY KEY, a DOUBLE, b DOUBLE)")
    project.sql(f"INSERT INTO {project.schema}.facts SELECT id, x * 1.5, y * 0.5 FROM {project.schema}.rides")
    (project.folder / "train.py").write_text(TRAIN_WITH_FEATURES)
    project.ran("bundle", "deploy")
    project.train()
    project.sql(f"UPDATE {project.schema}.facts SET a = 0, b = 1")

    found = project.reproduced("1")

    assert found["status"] == "equal", json.dumps(found, indent=1)
    assert {each["table"] for each in found["inputs"]} == {f"{project.schema}.facts", f"{project.schema}.rides"}
    assert verdicts(found)["predictions"] == "equal"
    assert any(each.startswith("set the tag") for each in found["held_back"])
