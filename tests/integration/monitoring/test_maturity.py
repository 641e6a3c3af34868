"""The maturity of models on a real server, from what was really recorded."""

import json

import pytest

from boathouse.foundation.errors import NotFound
from boathouse.testing import LocalBoathouse

API = "/api/boathouse/v1"
MLFLOW = "/api/2.0/mlflow"


@pytest.fixture
def model(boathouse: LocalBoathouse) -> str:
    client = boathouse.client()
    if not any(each["name"] == "ripe" for each in client.get("/api/2.1/unity-catalog/catalogs")["catalogs"]):
        client.post("/api/2.1/unity-catalog/catalogs", {"name": "ripe"})
        client.post("/api/2.1/unity-catalog/schemas", {"name": "s", "catalog_name": "ripe"})
        client.post(f"{MLFLOW}/registered-models/create", {"name": "ripe.s.m"})
        experiment = client.post(f"{MLFLOW}/experiments/create", {"name": "/ripe"})["experiment_id"]
        run = client.post(f"{MLFLOW}/runs/create", {"experiment_id": experiment})["run"]["info"]
        version = {"name": "ripe.s.m", "source": f"{run['artifact_uri']}/model", "run_id": run["run_id"]}
        client.post(f"{MLFLOW}/model-versions/create", version)
    return "ripe.s.m"


def test_a_model_of_a_notebook_is_ad_hoc_and_told_what_is_there(boathouse: LocalBoathouse, model: str) -> None:
    found = boathouse.client().get(f"{API}/models/{model}/maturity")
    standing = {each["name"]: each["standing"] for each in found["practices"]}
    assert [scale["level"] for scale in found["scales"]] == [0, 0]
    assert (standing["run_tracked"], standing["trained_by_job"], standing["signature"]) == (
        "met", "not_met", "not_measured",
    )  # fmt: skip
    assert found["version"] == 1


def test_an_alias_moved_by_hand_is_no_decision(boathouse: LocalBoathouse, model: str) -> None:
    boathouse.run("model", "aliases", model, "--set", "champion=1")
    found = boathouse.client().get(f"{API}/models/{model}/maturity")
    (practice,) = [each for each in found["practices"] if each["name"] == "promoted_by_decision"]
    assert "by hand" in practice["evidence"]
    assert practice["next_step"] == f"boathouse model promote {model} instead of moving the alias"


def test_the_command_shows_one_model_or_all(boathouse: LocalBoathouse, model: str) -> None:
    one = boathouse.run("maturity", model)
    assert "Azure MLOps maturity model (0-4): 0 No MLOps" in one.stdout, one.stderr
    assert "Next: Training code is under version control." in one.stdout
    assert "? Tests run in CI: Your CI does not report it yet." in one.stdout
    every = json.loads(boathouse.run("maturity", "-o", "json").stdout)
    assert model in [each["model"] for each in every["models"]]
    assert model in boathouse.run("maturity").stdout


def test_a_model_that_one_may_not_see_is_not_there(boathouse: LocalBoathouse, model: str) -> None:
    client = boathouse.client()
    client.post(f"{API}/principals", {"name": "ripe-stranger", "kind": "user"})
    made = boathouse.run("tokens", "create", "--for", "ripe-stranger", "-o", "json")
    stranger = boathouse.client(json.loads(made.stdout)["token_value"])
    with pytest.raises(NotFound):
        stranger.get(f"{API}/models/{model}/maturity")
    assert stranger.get(f"{API}/maturity") == {"models": [], "left": 0}
