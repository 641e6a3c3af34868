"""``boathouse endpoint`` and a bundle with an endpoint, against a real server."""

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from boathouse.foundation.errors import BoathouseError, NotFound, Unauthenticated
from boathouse.foundation.rest import Connection, RestClient
from boathouse.testing.local import LocalBoathouse

pytestmark = pytest.mark.server

AddVersion = Callable[..., int]
WaitUntil = Callable[[Callable[[], object]], object]
BUNDLE = """\
bundle: {{name: {name}}}
resources:
  registered_models:
    delay: {{catalog_name: dev, schema_name: served, name: {model}}}
  model_serving_endpoints:
    delays:
      name: {name}
      description: Delays
      tags: [{{key: team, value: flights}}]
      config:
        served_entities: [{{entity_name: "${{resources.registered_models.delay.id}}", entity_version: champion}}]
      permissions: [{{group_name: account users, level: CAN_QUERY}}]
targets:
  prod: {{default: true}}
"""
SETTINGS = "endpoints:\n  delays: {fallback: [{kind: constant, value: 0.25}], limits: {rows: 100}}\n"


def said(boathouse: LocalBoathouse, *arguments: str, cwd: Path | None = None) -> str:
    done = boathouse.run(*arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def test_an_endpoint_is_made_shown_asked_and_deleted(
    boathouse: LocalBoathouse, add_version: AddVersion, wait_until: WaitUntil, name: str
) -> None:
    model = f"dev.served.m_{name.replace('-', '_')}"
    add_version(model, 1.0, alias="champion")
    assert f"Created the endpoint {name}" in said(boathouse, "endpoint", "create", name, f"{model}@champion")
    wait_until(lambda: "is ready" in said(boathouse, "endpoint", "show", name))
    assert name in said(boathouse, "endpoint", "list")
    data = json.dumps({"dataframe_records": [{"x": 4.0}]})
    wait_until(lambda: boathouse.run("endpoint", "query", name, "--data", data).returncode == 0)
    assert json.loads(said(boathouse, "endpoint", "query", name, "--data", data))["predictions"] == pytest.approx([5.0])
    history = json.loads(said(boathouse, "endpoint", "show", name, "--history", "-o", "json"))["history"]
    at = str(history[0]["since"] / 1000)
    assert f"{model}@1" in said(boathouse, "endpoint", "show", name, "--at", at)
    said(boathouse, "endpoint", "permissions", name, "--give", "account users", "CAN_QUERY")
    assert "CAN_QUERY" in said(boathouse, "endpoint", "permissions", name)
    assert "Deleted" in said(boathouse, "endpoint", "delete", name)
    assert boathouse.run("endpoint", "show", name).returncode == 4


def test_a_bundle_s_endpoint_waits_for_its_model_and_a_second_deployment_changes_nothing(
    boathouse: LocalBoathouse, add_version: AddVersion, wait_until: WaitUntil, name: str, tmp_path: Path
) -> None:
    model = f"m_{name.replace('-', '_')}"
    (tmp_path / "databricks.yml").write_text(BUNDLE.format(name=name, model=model))
    (tmp_path / "boathouse.yml").write_text(SETTINGS)
    said(boathouse, "bundle", "deploy", cwd=tmp_path)
    shown = json.loads(said(boathouse, "endpoint", "show", name, "-o", "json"))
    assert shown["origin"] == f"{name}/prod"
    wait_until(lambda: "has no alias champion yet" in said(boathouse, "endpoint", "show", name))
    again = json.loads(said(boathouse, "bundle", "deploy", "-o", "json", cwd=tmp_path))
    assert again["deployment"] is None, again
    add_version(f"dev.served.{model}", 1.0, alias="champion")
    wait_until(lambda: "is ready" in said(boathouse, "endpoint", "show", name))
    policy = json.loads(said(boathouse, "endpoint", "policy", name, "-o", "json"))
    assert policy["policy"]["limits"] == {"rows": 100}
    (tmp_path / "boathouse.yml").write_text(SETTINGS.replace("100", "50"))
    said(boathouse, "bundle", "deploy", cwd=tmp_path)
    assert json.loads(said(boathouse, "endpoint", "policy", name, "-o", "json"))["revision"] == 2
    said(boathouse, "bundle", "destroy", "--auto-approve", cwd=tmp_path)
    assert boathouse.run("endpoint", "show", name).returncode == 4


def test_a_version_that_answers_cannot_be_deleted(
    boathouse: LocalBoathouse, client: RestClient, add_version: AddVersion, wait_until: WaitUntil, name: str
) -> None:
    model = f"dev.served.m_{name.replace('-', '_')}"
    add_version(model)
    client.post("/api/2.0/serving-endpoints", {"name": name, "config": {
        "served_entities": [{"entity_name": model, "entity_version": 1}]}})  # fmt: skip
    wait_until(lambda: client.get(f"/api/2.0/serving-endpoints/{name}")["state"]["ready"] == "READY")
    with pytest.raises(BoathouseError, match=f"cannot be deleted or renamed while endpoints ask it: {name}"):
        client.call("DELETE", "/api/2.0/mlflow/model-versions/delete", body={"name": model, "version": "1"})
    client.delete(f"/api/2.0/serving-endpoints/{name}")
    client.call("DELETE", "/api/2.0/mlflow/model-versions/delete", body={"name": model, "version": "1"})


def test_the_control_plane_hands_requests_on(
    boathouse: LocalBoathouse, client: RestClient, add_version: AddVersion, wait_until: WaitUntil, name: str
) -> None:
    model = f"dev.served.m_{name.replace('-', '_')}"
    add_version(model, 1.0, alias="champion")
    client.post("/api/2.0/serving-endpoints", {"name": name, "config": {
        "served_entities": [{"entity_name": model, "entity_version": "champion"}]}})  # fmt: skip
    path = f"/serving-endpoints/{name}/invocations"
    row = {"dataframe_records": [{"x": 1.0}]}
    wait_until(lambda: _asked(client, path, row))
    many = {"dataframe_split": {"columns": ["x"], "data": [[each + 0.125] for each in range(90_000)]}}
    assert len(json.dumps(many)) > 2**20
    assert len(client.post(path, many)["predictions"]) == 90_000
    answer = client.send("POST", path, json=row, headers={"x-request-id": "mine"})
    assert answer.headers["x-served-by"].endswith("@1")
    with pytest.raises(NotFound):
        client.post("/serving-endpoints/nobody/invocations", row)
    with pytest.raises(Unauthenticated):
        RestClient(Connection(boathouse.url, "wrong")).post(path, row)
    with urllib.request.urlopen(_chunked(boathouse, path, [b'{"dataframe_records"', b': [{"x": 2.0}]}'])) as response:
        assert json.loads(response.read())["predictions"] == pytest.approx([3.0])
    for _ in range(20):
        assert client.post(path, row)["predictions"] == pytest.approx([2.0])


def test_odd_requests_are_refused_with_a_sentence(client: RestClient, name: str) -> None:
    path = "/api/2.0/serving-endpoints"
    entity = {"entity_name": "dev.served.any", "entity_version": "1"}
    for body, told in (
        ({"name": name}, "config"),
        ({"name": name, "config": {}}, "at least one entity"),
        ({"name": "two words", "config": {"served_entities": [entity]}}, "is no name for an endpoint"),
        ({"name": name, "config": {"served_entities": [{**entity, "entity_version": "1 2"}]}}, "neither a version"),
        ({"name": name, "config": {"served_entites": [entity]}}, "Did you mean served_entities"),
    ):
        with pytest.raises(BoathouseError, match=told):
            client.post(path, body)
    client.post(path, {"name": name, "config": {"served_entities": [entity]}})
    with pytest.raises(BoathouseError, match="already"):
        client.post(path, {"name": name, "config": {"served_entities": [entity]}})
    with pytest.raises(BoathouseError, match="steps"):
        client.put(f"/api/boathouse/v1/endpoints/{name}/policy", {"canary": {"steps": [50, 5]}})


def _asked(client: RestClient, path: str, body: object) -> object:
    try:
        return client.post(path, body)
    except BoathouseError:
        return None


def _chunked(boathouse: LocalBoathouse, path: str, parts: list[bytes]) -> urllib.request.Request:
    headers = {"Authorization": f"Bearer {boathouse.token}", "Content-Type": "application/json"}
    return urllib.request.Request(f"{boathouse.url}{path}", data=iter(parts), headers=headers, method="POST")
