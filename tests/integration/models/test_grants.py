"""Through no route can anybody read or write what they were not granted. Real requests against seeded things."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2 as httpx
import pytest

from boathouse.catalog import Privilege, SecurableKind
from boathouse.models.policy.rules import Route, anybody
from boathouse.models.policy.table import ALL_ROUTES

if TYPE_CHECKING:
    from conftest import Person, Server

pytestmark = pytest.mark.server

SECRET = "the-secret-of-ada"
OPEN_TO_ALL = {"/api/2.0/mlflow/experiments/create"}
"""Everybody may make experiments of their own."""
READ_ACTIONS = {"downloadArtifact", "getModelVersionDownloadUri"}


@dataclass(frozen=True)
class Things:
    """What Ada has and nobody else may see: one of each kind."""

    fields: dict[str, Any]

    def path_of(self, route: Route) -> str:
        return re.sub(r"<(?:path:)?(\w+)>", lambda found: str(self.fields.get(found[1], "x")), route.template)

    def fields_for(self, route: Route) -> dict[str, Any]:
        left_out = {"model_id"} if "presigned-upload" in route.template else set[str]()
        return {key: value for key, value in self.fields.items() if key not in left_out}


@pytest.fixture(scope="module")
def things(server: Server) -> Things:
    """One of each kind, all holding the secret."""
    ada = server.admin()
    experiment = ada.experiment(f"{SECRET}-{secrets.token_hex(4)}")
    run = ada.run(experiment, run_name=SECRET, tags=[{"key": "note", "value": SECRET}])
    ada.post("runs/log-metric", {"run_id": run, "key": "auc", "value": 0.5, "timestamp": 1, "step": 1})
    path = f"{experiment}/{run}/artifacts/model/secret.txt"
    ada.http.put(f"/api/2.0/mlflow-artifacts/artifacts/{path}", content=SECRET.encode()).raise_for_status()
    logged = ada.post("logged-models", {"experiment_id": experiment, "name": "inner", "source_run_id": run})
    model_id = logged["model"]["info"]["model_id"]
    schema = f"dev.vault{secrets.token_hex(4)}"
    server.schema(schema)
    model = ada.model(f"{schema}.hidden")
    ada.version(model, run)
    ada.alias(model, "champion", 1)
    trace = _trace(ada, experiment)
    v3 = "/api/3.0/mlflow"
    dataset = ada.call("POST", f"{v3}/datasets/create", {"name": SECRET, "experiment_ids": [experiment]}).json()
    label = ada.call(
        "POST",
        f"{v3}/label-schemas/create",
        {"experiment_id": experiment, "name": SECRET, "type": "FEEDBACK", "input": {"text": {}}},
    ).json()
    queue = ada.call(
        "POST", f"{v3}/review-queues/create", {"experiment_id": experiment, "name": SECRET, "queue_type": "CUSTOM"}
    ).json()
    issue = ada.call(
        "POST", f"{v3}/issues", {"experiment_id": experiment, "name": SECRET, "description": SECRET}
    ).json()
    return Things(
        {
            "experiment_id": experiment,
            "experiment_ids": [experiment],
            "experiment_name": ada.get("experiments/get", experiment_id=experiment)["experiment"]["name"],
            "run_id": run,
            "run_uuid": run,
            "run_ids": [run],
            "model_id": model_id,
            "name": model,
            "new_name": f"{schema}.renamed",
            "version": "1",
            "alias": "champion",
            "source": f"mlflow-artifacts:/{experiment}/{run}/artifacts/model",
            "trace_id": trace,
            "request_id": trace,
            "trace_ids": [trace],
            "request_ids": [trace],
            "dataset_id": _only_id(dataset, "dataset_id"),
            "schema_id": _only_id(label, "schema_id"),
            "queue_id": _only_id(queue, "queue_id"),
            "issue_id": _only_id(issue, "issue_id"),
            "artifact_path": path,
            "path": path,
            "key": "note",
            "value": "forged",
            "status": "FINISHED",
            "description": "forged",
            "metric_key": "auc",
            "locations": [_location(experiment)],
            "trace": {"trace_info": _trace_info(trace, experiment)},
            "query": "{ test(inputString: \"x\") { output } }",
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def reader(server: Server, things: Things) -> Person:
    """Somebody who may read everything of Ada's and write nothing."""
    name = f"rita_{secrets.token_hex(4)}"
    person = server.user(name)
    model = things.fields["name"]
    server.grant(name, SecurableKind.CATALOG, "dev", Privilege.USE_CATALOG)
    server.grant(name, SecurableKind.SCHEMA, model.rpartition(".")[0], Privilege.USE_SCHEMA)
    server.grant(name, SecurableKind.REGISTERED_MODEL, model, Privilege.EXECUTE)
    server.grant(name, SecurableKind.EXPERIMENT, things.fields["experiment_id"], Privilege.READ_EXPERIMENT)
    return person


def test_a_stranger_is_refused_on_every_route(things: Things, mallory: Person) -> None:
    let_in: list[str] = []

    for route in ALL_ROUTES:
        for prefix in ("/api/", "/ajax-api/"):
            answer = ask(mallory, route, things, prefix)
            if SECRET in answer.text:
                let_in.append(f"{route.method} {route.template} shows the secret")
            if not is_open(route) and answer.status_code not in (403, 404):
                let_in.append(f"{route.method} {route.template} answered {answer.status_code}: {answer.text[:200]}")

    assert let_in == []


def test_what_a_stranger_asked_for_has_changed_nothing(server: Server, things: Things, mallory: Person) -> None:
    ada = server.admin()
    before = everything(ada, things)

    for route in ALL_ROUTES:
        ask(mallory, route, things, "/api/")

    assert everything(ada, things) == before
    assert SECRET in str(before)


def test_a_reader_can_read_and_not_write(server: Server, things: Things, reader: Person) -> None:
    ada = server.admin()
    before = everything(ada, things)
    wrong: list[str] = []

    for route in ALL_ROUTES:
        answer = ask(reader, route, things, "/api/")
        if is_write(route) and not is_open(route) and answer.status_code not in (403, 404, 409):
            wrong.append(f"{route.method} {route.template}: a reader wrote: {answer.status_code} {answer.text[:200]}")

    assert wrong == []
    assert everything(ada, things) == before
    assert SECRET in reader.call("GET", "/api/2.0/mlflow/runs/get", run_id=things.fields["run_id"]).text
    file = {"run_id": things.fields["run_id"], "path": "model/secret.txt"}
    assert SECRET in reader.http.get("/get-artifact", params=file).text


def ask(person: Person, route: Route, things: Things, prefix: str) -> httpx.Response:
    """A request that the route would act on if nobody held it back."""
    path = things.path_of(route).replace("/api/", prefix, 1)
    fields = things.fields_for(route)
    headers = {"x-mlflow-experiment-id": fields["experiment_id"], "content-type": "application/json"}
    if route.method in ("GET", "HEAD") or not route.reads_body:
        plain = {key: value for key, value in fields.items() if not isinstance(value, dict) and key != "locations"}
        content = b"" if route.method == "GET" else b"{}"
        return person.http.request(route.method, path, params=plain, content=content, headers=headers)
    return person.http.request(route.method, path, json=fields, headers=headers)


def is_open(route: Route) -> bool:
    return route.check is anybody or route.template in OPEN_TO_ALL


def is_write(route: Route) -> bool:
    return route.action is not None and route.action not in READ_ACTIONS


def everything(ada: Person, things: Things) -> dict[str, Any]:
    """The state of Ada's things, as she sees it."""
    fields = things.fields
    return {
        "experiment": ada.get("experiments/get", experiment_id=fields["experiment_id"]),
        "run": ada.get("runs/get", run_id=fields["run_id"]),
        "runs": ada.post("runs/search", {"experiment_ids": [fields["experiment_id"]]}),
        "model": ada.get("registered-models/get", name=fields["name"]),
        "versions": ada.get("model-versions/search", filter=f"name='{fields['name']}'"),
        "logged": ada.get(f"logged-models/{fields['model_id']}"),
        "trace": ada.call("GET", f"/api/3.0/mlflow/traces/{fields['trace_id']}").json(),
        "file": ada.http.get(f"/api/2.0/mlflow-artifacts/artifacts/{fields['artifact_path']}").text,
        "dataset": ada.call("GET", f"/api/3.0/mlflow/datasets/{fields['dataset_id']}").json(),
        "issue": ada.call("GET", f"/api/3.0/mlflow/issues/{fields['issue_id']}").json(),
        "queue": ada.call("GET", "/api/3.0/mlflow/review-queues/get", queue_id=fields["queue_id"]).json(),
        "label": ada.call("GET", "/api/3.0/mlflow/label-schemas/get", schema_id=fields["schema_id"]).json(),
    }


def _trace(ada: Person, experiment: str) -> str:
    trace_id = f"tr-{secrets.token_hex(16)}"
    answer = ada.call("POST", "/api/3.0/mlflow/traces", {"trace": {"trace_info": _trace_info(trace_id, experiment)}})
    assert answer.status_code == 200, answer.text
    return trace_id


def _trace_info(trace_id: str, experiment: str) -> dict[str, Any]:
    return {
        "trace_id": trace_id,
        "trace_location": _location(experiment),
        "request_time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(0)),
        "state": "OK",
        "request_preview": SECRET,
    }


def _location(experiment: str) -> dict[str, Any]:
    return {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}


def _only_id(answer: dict[str, Any], name: str) -> str:
    """The id in an answer that holds one thing."""
    found = re.search(rf"'{name}': '([^']+)'", str(answer))
    assert found, answer
    return found[1]
