"""MLflow's own client, unmodified, with nothing but its two variables."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from boathouse.catalog import Privilege, SecurableKind

if TYPE_CHECKING:
    from conftest import Server

pytestmark = pytest.mark.server

EVERYTHING = """
import json, numpy, mlflow
from mlflow import MlflowClient
from sklearn.linear_model import LogisticRegression
experiment, model = {experiment!r}, {model!r}
mlflow.set_experiment(experiment)
with mlflow.start_run() as run:
    mlflow.log_params({{"depth": 3}})
    mlflow.log_metrics({{"auc": 0.75}})
    mlflow.log_text("hello", "notes/hello.txt")
    fitted = LogisticRegression().fit(numpy.array([[0.0], [1.0]]), [0, 1])
    mlflow.sklearn.log_model(fitted, name="model", registered_model_name=model)
client = MlflowClient()
client.set_registered_model_alias(model, "champion", 1)
loaded = mlflow.pyfunc.load_model(f"models:/{{model}}@champion")

@mlflow.trace
def answer(question):
    return 42

answer("?")
mlflow.flush_trace_async_logging()
experiment_id = mlflow.get_experiment_by_name(experiment).experiment_id
print(json.dumps({{
    "predictions": loaded.predict(numpy.array([[0.0], [1.0]])).tolist(),
    "note": mlflow.artifacts.load_text(f"runs:/{{run.info.run_id}}/notes/hello.txt"),
    "auc": mlflow.search_runs(experiment_names=[experiment])["metrics.auc"].tolist(),
    "user": client.get_run(run.info.run_id).data.tags["mlflow.user"],
    "versions": [each.version for each in client.search_model_versions(f"name = '{{model}}'")],
    "aliases": client.get_registered_model(model).aliases,
    "artifacts": [each.path for each in client.list_artifacts(run.info.run_id)],
    "traces": len(mlflow.search_traces(locations=[experiment_id])),
}}))
"""


def test_the_client_logs_registers_loads_and_searches(
    server: Server, new_name: Callable[[str], str], tmp_path: Path
) -> None:
    model = f"dev.lab.{new_name('delay')}"
    script = EVERYTHING.format(experiment=new_name("delay"), model=model)

    said = server.run_script(script, server.admin_token, tmp_path)

    found = json.loads(said.strip().splitlines()[-1])
    assert found == {
        "predictions": [0, 1],
        "note": "hello",
        "auc": [0.75],
        "user": "ada",
        "versions": ["1"],
        "aliases": {"champion": "1"},
        "artifacts": ["notes"],
        "traces": 1,
    }
    versions = server.admin().call("GET", f"/api/boathouse/v1/models/{model}").json()["versions"]
    assert [each["aliases"] for each in versions] == [["champion"]]


def test_a_model_can_be_loaded_by_who_may_execute_it_and_not_read_its_experiment(
    server: Server, new_name: Callable[[str], str], tmp_path: Path
) -> None:
    model = f"dev.lab.{new_name('delay')}"
    server.run_script(EVERYTHING.format(experiment=new_name("delay"), model=model), server.admin_token, tmp_path)
    scorer = server.user("scorer")
    server.grant("scorer", SecurableKind.CATALOG, "dev", Privilege.USE_CATALOG)
    server.grant("scorer", SecurableKind.SCHEMA, "dev.lab", Privilege.USE_SCHEMA)
    server.grant("scorer", SecurableKind.REGISTERED_MODEL, model, Privilege.EXECUTE)

    script = f"""
import mlflow, numpy
print(mlflow.pyfunc.load_model("models:/{model}@champion").predict(numpy.array([[1.0]])))
"""
    said = server.run_script(script, scorer.token, tmp_path)

    assert said.strip().endswith("[1]")


def test_a_name_without_three_levels_is_refused_with_a_hint(server: Server, tmp_path: Path) -> None:
    script = """
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
try:
    MlflowClient().create_registered_model("delay")
except MlflowException as error:
    print(error)
"""

    said = server.run_script(script, server.admin_token, tmp_path)

    assert "INVALID_PARAMETER_VALUE" in said
    assert "catalog.schema.model" in said


def test_a_wrong_token_is_refused_by_the_client_in_words(server: Server, tmp_path: Path) -> None:
    script = """
import mlflow
from mlflow.exceptions import MlflowException
try:
    mlflow.search_experiments()
except MlflowException as error:
    print(error)
"""

    said = server.run_script(script, "bhs_wrong", tmp_path)

    assert "UNAUTHENTICATED" in said
    assert "bhs_wrong" not in said
