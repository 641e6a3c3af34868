"""What a model has to meet, on a real server: over REST and on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from boathouse.foundation.errors import Denied, InvalidInput, NotFound
from boathouse.testing import LocalBoathouse

pytestmark = pytest.mark.server
SCHEMA = "dev.requirements_of_models"
MODEL = f"{SCHEMA}.delay"
PATH = f"/api/boathouse/v1/models/{MODEL}"


def requirements(**said: Any) -> dict[str, Any]:
    return {
        "objective": "Warn of late flights",
        "decision": "The desk rebooks passengers",
        "owner": "ada",
        "success": {"metric": "missed connections", "proxy": "log_loss"},
        "evaluation": {"table": f"{SCHEMA}.judged", "label": "late"},
        **said,
    }


@pytest.fixture(scope="module")
def server(boathouse: LocalBoathouse) -> LocalBoathouse:
    client = boathouse.client()
    catalog, _, schema = SCHEMA.partition(".")
    client.post("/api/2.1/unity-catalog/schemas", {"name": schema, "catalog_name": catalog})
    client.post("/api/2.0/mlflow/registered-models/create", {"name": MODEL})
    return boathouse


def test_requirements_are_put_looked_at_and_withdrawn(server: LocalBoathouse) -> None:
    client = server.client()
    with pytest.raises(NotFound, match="has no requirements"):
        client.get(f"{PATH}/requirements")
    first = client.put(f"{PATH}/requirements", {"requirements": requirements(), "card_text": "Limits"})
    assert (first["revision"], first["card_text"], first["valid_to"]) == (1, "Limits", None)
    assert client.put(f"{PATH}/requirements", {"requirements": requirements(), "card_text": "Limits"}) == first
    second = client.put(f"{PATH}/requirements", {"requirements": requirements(risk_tier="low")})
    assert client.get(f"{PATH}/requirements") == second
    assert client.get(f"{PATH}/policy")["tier"] == "low"
    history = client.get(f"{PATH}/requirements/history")["revisions"]
    assert [each["revision"] for each in history] == [2, 1]

    shown = server.run("model", "requirements", MODEL)
    assert "risk_tier: low" in shown.stdout, shown.stderr
    assert "by hand" in server.run("model", "requirements", MODEL, "--history").stdout
    assert json.loads(server.run("models", "policy", MODEL, "-o", "json").stdout)["revision"] == 2

    client.delete(f"{PATH}/requirements")
    gone = server.run("model", "requirements", MODEL)
    assert gone.returncode != 0 and "boathouse bundle deploy" in gone.stderr


def test_what_does_not_fit_is_refused_with_everything_that_is_wrong(server: LocalBoathouse) -> None:
    wrong = requirements(risk_tier="huge", evaluation={"table": "judged"})
    with pytest.raises(InvalidInput, match=r"risk_tier(.|\n)*evaluation\.table(.|\n)*evaluation\.label"):
        server.client().put(f"{PATH}/requirements", {"requirements": wrong})
    with pytest.raises(InvalidInput, match=r"gates\.metrics: there is no gate 'metrics'. Did you mean metric"):
        server.client().put(f"{PATH}/requirements", {"requirements": requirements(gates={"metrics": {}})})


def test_a_stranger_learns_nothing_and_changes_nothing(server: LocalBoathouse) -> None:
    client = server.client()
    client.post("/api/2.0/preview/scim/v2/Users", {"userName": "stranger-to-requirements"})
    made = server.run("tokens", "create", "--for", "stranger-to-requirements", "-o", "json")
    token = json.loads(made.stdout)["token_value"] if made.returncode == 0 else ""
    assert token, made.stdout + made.stderr
    with pytest.raises((Denied, NotFound)):
        server.client(token).get(f"{PATH}/requirements")
    with pytest.raises((Denied, NotFound)):
        server.client(token).put(f"{PATH}/requirements", {"requirements": requirements()})


def test_a_policy_of_a_file_needs_no_server(server: LocalBoathouse, tmp_path: Path) -> None:
    file = tmp_path / "stricter.yml"
    file.write_text(json.dumps(requirements(risk_tier="medium", gates={"metric": {"maximum": 0.4}})))
    shown = server.run("model", "policy", str(file))
    assert "log_loss ≤ 0.4" in shown.stdout, shown.stderr
    file.write_text(json.dumps(requirements(gates={"metric": {"maximun": 0.4}})))
    refused = server.run("model", "policy", str(file))
    assert refused.returncode == 2
    assert "stricter.yml:1: gates.metric.maximun: unknown field 'maximun'. Did you mean maximum" in refused.stderr
