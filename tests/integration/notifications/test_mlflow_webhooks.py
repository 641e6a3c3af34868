"""MLflow's own webhooks, through its own client: what its switches ask for, and that they outlive a restart."""

import base64
import hashlib
import hmac
import importlib.util
import time
from pathlib import Path
from typing import Any

import pytest

from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.home import Home
from boathouse.foundation.rest import RestClient
from boathouse.testing import LocalBoathouse
from boathouse.testing.local import start_boathouse, stop_boathouse

_file = Path(__file__).parents[2] / "unit" / "notifications" / "servers.py"
_spec = importlib.util.spec_from_file_location("servers", _file)
assert _spec is not None and _spec.loader is not None
servers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(servers)

HOOKS = "/api/2.0/mlflow/webhooks"
SECRET = "a secret between the two"
SWITCHES = {"MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https", "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true"}


def hook(url: str) -> dict[str, Any]:
    events = [{"entity": "MODEL_VERSION_ALIAS", "action": "CREATED"}]
    return {"name": "moves", "url": url, "events": events, "secret": SECRET}


def model(client: RestClient) -> str:
    client.post("/api/2.1/unity-catalog/catalogs", {"name": "mh"})
    client.post("/api/2.1/unity-catalog/schemas", {"name": "s", "catalog_name": "mh"})
    client.post("/api/2.0/mlflow/registered-models/create", {"name": "mh.s.m"})
    experiment = client.post("/api/2.0/mlflow/experiments/create", {"name": "/mh"})["experiment_id"]
    run = client.post("/api/2.0/mlflow/runs/create", {"experiment_id": experiment})["run"]["info"]
    version = {"name": "mh.s.m", "source": f"{run['artifact_uri']}/model", "run_id": run["run_id"]}
    client.post("/api/2.0/mlflow/model-versions/create", version)
    return "mh.s.m"


def test_an_address_within_the_own_network_is_refused_without_the_switches(boathouse: LocalBoathouse) -> None:
    for url in ("http://hooks.example.org/in", "https://127.0.0.1/in"):
        with pytest.raises(BoathouseError, match=r"(?i)webhook url"):
            boathouse.client().post(HOOKS, hook(url))


def test_both_doors_are_told_of_signed_also_after_a_restart(tmp_path: Path) -> None:
    home = Home(tmp_path / ".boathouse")
    with servers.web_server() as web:
        server = start_boathouse(home, variables=SWITCHES)
        try:
            name = model(server.client())
            server.client().post(HOOKS, hook(web.url))
            alias = {"name": name, "alias": "through-mlflow", "version": "1"}
            server.client().post("/api/2.0/mlflow/registered-models/alias", alias)
            wait_until(lambda: len(web.received) == 1)
            stop_boathouse(server)
            server = start_boathouse(home, variables=SWITCHES)
            assert server.run("model", "aliases", name, "--set", "ours=1").returncode == 0
            wait_until(lambda: len(web.received) == 2)
        finally:
            stop_boathouse(server)

    assert [each.json["data"]["alias"] for each in web.received] == ["through-mlflow", "ours"]
    for each in web.received:
        headers = each.headers
        signed = f"{headers['x-mlflow-delivery-id']}.{headers['x-mlflow-timestamp']}.".encode() + each.body
        digest = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
        assert headers["x-mlflow-signature"] == "v1," + base64.b64encode(digest).decode()


def wait_until(is_so) -> None:
    for _ in range(400):
        if is_so():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come about")
