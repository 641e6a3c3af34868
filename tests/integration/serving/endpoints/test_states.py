# pyright: reportPrivateImportUsage=false, reportArgumentType=false
"""READY and NOT_UPDATING, as clients of the Databricks API wait for them: every worker answers from then on."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
import urllib3
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import OperationFailed
from databricks.sdk.service.serving import EndpointCoreConfigInput, ServedEntityInput, ServingEndpointDetailed
from tests.integration.serving.batch.registering import mlflow_of, register_line

from boathouse.testing import LocalBoathouse, running_boathouse

pytestmark = pytest.mark.server

WaitUntil = Callable[[Callable[[], object]], object]
MODEL = "dev.served.states"
BREAKS = """
from pathlib import Path

import mlflow

class Breaks(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        if not Path({needed!r}).exists():
            raise RuntimeError("the lookup table is gone")

    def predict(self, context, model_input, params=None):
        return model_input["x"]

mlflow.models.set_model(Breaks())
"""


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBoathouse]:
    folder = tmp_path_factory.mktemp("states")
    with running_boathouse(folder, variables={"BOATHOUSE_SERVING_WORKERS": "2"}) as server:
        server.client().post("/api/2.1/unity-catalog/schemas", {"name": "served", "catalog_name": "dev"})
        register_line(server, MODEL, 1.0)
        register_line(server, MODEL, 10.0, alias=None)
        yield server


@pytest.fixture
def sdk(two_workers: LocalBoathouse) -> WorkspaceClient:
    return WorkspaceClient(host=two_workers.url, token=two_workers.token)


def served(version: int | str) -> list[ServedEntityInput]:
    return [ServedEntityInput(entity_name=MODEL, entity_version=str(version), name=f"v{version}")]


def statuses(server: LocalBoathouse, name: str, times: int = 24) -> set[tuple[int, str | None]]:
    """What is answered over connections of their own, which spread over the workers."""
    found: set[tuple[int, str | None]] = set()
    for _ in range(times):
        answer = urllib3.request(
            "POST", f"{server.serving_url}/serving-endpoints/{name}/invocations",
            json={"dataframe_records": [{"x": 1.0}]}, headers={"authorization": f"Bearer {server.token}"},
            retries=False,
        )  # fmt: skip
        found.add((answer.status, answer.headers.get("x-served-by")))
    return found


def state(found: ServingEndpointDetailed) -> tuple[str, str]:
    assert found.state is not None
    assert found.state.ready is not None
    assert found.state.config_update is not None
    return found.state.ready.value, found.state.config_update.value


def break_model(server: LocalBoathouse, folder: Path) -> int:
    """A version that could be loaded when it was logged, and cannot any more."""
    needed, file = folder / "lookup.csv", folder / "breaks.py"
    needed.touch()
    file.write_text(BREAKS.format(needed=str(needed)))
    inputs = pd.DataFrame({"x": [0.0]})
    with mlflow_of(server), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with mlflow.start_run():
            info: Any = mlflow.pyfunc.log_model(
                python_model=str(file), name="model", registered_model_name=MODEL, pip_requirements=[],
                signature=mlflow.models.infer_signature(inputs, inputs["x"]), input_example=inputs,
            )  # fmt: skip
    needed.unlink()
    return int(info.registered_model_version)


def test_what_is_ready_answers_in_every_worker_at_once(two_workers: LocalBoathouse, sdk: WorkspaceClient) -> None:
    made = sdk.serving_endpoints.create_and_wait(
        "at-once", config=EndpointCoreConfigInput("at-once", served_entities=served("champion"))
    )
    assert statuses(two_workers, "at-once") == {(200, f"{MODEL}@1")}
    assert state(made) == ("READY", "NOT_UPDATING")
    assert made.pending_config is None

    changed = sdk.serving_endpoints.update_config_and_wait("at-once", served_entities=served(2))
    assert statuses(two_workers, "at-once") == {(200, f"{MODEL}@2")}
    assert changed.config is not None
    assert changed.config.config_version == 2


def test_an_update_shows_what_answers_and_what_follows(
    two_workers: LocalBoathouse, sdk: WorkspaceClient, wait_until: WaitUntil
) -> None:
    sdk.serving_endpoints.create_and_wait(
        "follows", config=EndpointCoreConfigInput("follows", served_entities=served(1))
    )
    later = [ServedEntityInput(entity_name="dev.served.later", entity_version="champion", name="later")]
    sdk.serving_endpoints.update_config("follows", served_entities=later)
    wait_until(lambda: "goes on answering" in two_workers.run("endpoint", "show", "follows").stdout)
    found = sdk.serving_endpoints.get("follows")
    assert state(found) == ("READY", "IN_PROGRESS")
    assert found.config is not None
    assert found.pending_config is not None
    assert (found.config.config_version, found.pending_config.config_version) == (1, 2)
    assert statuses(two_workers, "follows") == {(200, f"{MODEL}@1")}
    shown = two_workers.run("endpoint", "show", "follows").stdout
    assert "follows is ready, and being updated" in shown
    assert "Configuration 2 follows when it can answer" in shown


def test_a_model_that_does_not_load_fails_the_update_and_the_one_before_answers(
    two_workers: LocalBoathouse, sdk: WorkspaceClient, tmp_path: Path
) -> None:
    sdk.serving_endpoints.create_and_wait("fails", config=EndpointCoreConfigInput("fails", served_entities=served(1)))
    broken = break_model(two_workers, tmp_path)
    with pytest.raises(OperationFailed):
        sdk.serving_endpoints.update_config_and_wait("fails", served_entities=served(broken))
    found = sdk.serving_endpoints.get("fails")
    assert state(found) == ("READY", "UPDATE_FAILED")
    assert found.pending_config is not None
    assert found.pending_config.served_entities is not None
    entity = found.pending_config.served_entities[0].state
    assert entity is not None
    assert entity.deployment is not None
    assert entity.deployment.value == "DEPLOYMENT_FAILED"
    assert "the lookup table is gone" in (entity.deployment_state_message or "")
    assert "its update has failed" in two_workers.run("endpoint", "show", "fails").stdout
    assert statuses(two_workers, "fails") == {(200, f"{MODEL}@1")}
    sdk.serving_endpoints.update_config_and_wait("fails", served_entities=served(2))
    assert statuses(two_workers, "fails") == {(200, f"{MODEL}@2")}


def test_without_a_data_plane_an_endpoint_is_not_ready_and_says_why(tmp_path: Path, wait_until: WaitUntil) -> None:
    with running_boathouse(tmp_path) as server:
        client = server.client()
        client.post("/api/2.1/unity-catalog/schemas", {"name": "served", "catalog_name": "dev"})
        register_line(server, MODEL)
        config = {"served_entities": [{"entity_name": MODEL, "entity_version": "champion"}]}
        client.post("/api/2.0/serving-endpoints", {"name": "alone", "config": config})
        path = "/api/2.0/serving-endpoints/alone"
        wait_until(lambda: client.get(path)["state"] == {"ready": "NOT_READY", "config_update": "NOT_UPDATING"})
        assert "No data plane runs here" in client.get(path)["why"]
