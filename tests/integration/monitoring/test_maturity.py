"""The maturity of models on a real server, from what was really recorded."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from boathouse.foundation.errors import NotFound
from boathouse.models.gates.catalogue import GATES
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
    assert practice["next_step"] == f"boathouse model promote {model}@VERSION instead of moving the alias"


def test_the_command_shows_one_model_or_all(boathouse: LocalBoathouse, model: str) -> None:
    one = boathouse.run("maturity", model)
    assert "Azure MLOps maturity model (0-4): 0 No MLOps" in one.stdout, one.stderr
    assert "→ Training code is under version control: Commit, deploy" in one.stdout
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


def test_what_is_in_production_was_judged_however_many_came_after_it(boathouse: LocalBoathouse, model: str) -> None:
    client, name = boathouse.client(), "ripe.s.old"
    run = client.get(f"{MLFLOW}/model-versions/get", name=model, version="1")["model_version"]
    client.post(f"{MLFLOW}/registered-models/create", {"name": name})
    for number in range(1, 23):
        client.post(f"{MLFLOW}/model-versions/create", {"name": name, "source": run["source"], "run_id": run["run_id"]})
        measured = {"gate": "metric", "metric": "auc", "value": 0.7, "rows": 500}
        client.post(f"{API}/models/{name}/versions/{number}/evaluations", {"measurements": [measured]})
    client.put(f"{API}/models/{name}/aliases/champion", {"version": 1})

    found = client.get(f"{API}/models/{name}/maturity")

    (practice,) = [each for each in found["practices"] if each["name"] == "gated"]
    assert practice["evidence"].startswith("Version 1 went through its gates on")


REGISTER = """\
import sys, warnings
warnings.simplefilter("ignore")
import mlflow, pandas
from sklearn.linear_model import LogisticRegression

frame = pandas.DataFrame({"x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 0.0, 1.0, 0.0]})
mlflow.set_experiment("/ripe-whole")
for _ in range(2):
    with mlflow.start_run():
        info = mlflow.sklearn.log_model(LogisticRegression().fit(frame, [0, 0, 1, 1]), name="m", input_example=frame)
    mlflow.register_model(info.model_uri, sys.argv[1])
"""
REQUIREMENTS: dict[str, Any] = {
    "objective": "Warn of late flights",
    "decision": "The desk rebooks passengers",
    "owner": "ada",
    "success": {"metric": "missed connections", "proxy": "log_loss"},
    "evaluation": {"table": "ripe.s.judged", "label": "late"},
    "approval": {"count": 0},
    "deployment": {"start": False},
    "gates": {each.name: {"enabled": False, "reason": "not in this test"} for each in GATES}
    | {"metric": {"maximum": 0.5}},
}


def evaluate(boathouse: LocalBoathouse, name: str, version: int, value: float) -> None:
    measured = {"gate": "metric", "metric": "log_loss", "value": value, "rows": 5000}
    body = {"data_table": "ripe.s.judged", "data_version": 7, "measurements": [measured]}
    boathouse.client().post(f"{API}/models/{name}/versions/{version}/evaluations", body)


def test_a_gate_that_could_not_measure_has_kept_no_bad_version_back(boathouse: LocalBoathouse, model: str) -> None:
    name, client = "ripe.s.unsure", boathouse.client()
    version = client.get(f"{MLFLOW}/model-versions/get", name=model, version="1")["model_version"]
    client.post(f"{MLFLOW}/registered-models/create", {"name": name})
    source = {"name": name, "source": version["source"], "run_id": version["run_id"]}
    client.post(f"{MLFLOW}/model-versions/create", source)
    client.put(f"{API}/models/{name}/requirements", {"requirements": REQUIREMENTS})

    def standing() -> str:
        found = client.get(f"{API}/models/{name}/maturity")
        return next(each["standing"] for each in found["practices"] if each["name"] == "gates_block")

    unmeasured = {"gate": "metric", "metric": "log_loss", "value": None, "rows": 0, "problem": "one class only"}
    body = {"data_table": "ripe.s.judged", "measurements": [unmeasured]}
    client.post(f"{API}/models/{name}/versions/1/evaluations", body)
    assert standing() == "not_met"

    evaluate(boathouse, name, 1, 0.9)
    assert standing() == "met"


def test_gates_decisions_and_drills_are_seen_where_they_happened(
    boathouse: LocalBoathouse, model: str, tmp_path: Path
) -> None:
    name, client = "ripe.s.whole", boathouse.client()
    client.post(f"{MLFLOW}/registered-models/create", {"name": name})
    client.put(f"{API}/models/{name}/requirements", {"requirements": REQUIREMENTS})
    script = tmp_path / "register.py"
    script.write_text(REGISTER)
    subprocess.run([sys.executable, "-W", "ignore", str(script), name], env=boathouse.environment(), check=True)
    for version, value in ((1, 0.9), (1, 0.4), (2, 0.4)):
        evaluate(boathouse, name, version, value)
    for version in (1, 2):
        client.post(f"{API}/models/{name}/versions/{version}/promote", {})
    drill = boathouse.run("model", "rollback-drill", name, "--within", "60")
    assert drill.returncode == 0, drill.stderr

    found = client.get(f"{API}/models/{name}/maturity")

    evidence = {each["name"]: (each["standing"], each["evidence"]) for each in found["practices"]}
    assert found["version"] == 2
    assert evidence["signature"] == ("met", "Version 2 has a signature.")
    assert evidence["gated"][0] == "met"
    assert evidence["gates_block"][0] == "met" and "Version 1 was blocked" in evidence["gates_block"][1]
    assert evidence["promoted_by_decision"][0] == "met" and "Version 2" in evidence["promoted_by_decision"][1]
    assert evidence["approved"][1].endswith("its policy asks for no signature.")
    assert evidence["rollback_exercised"][0] == "met" and "drill" in evidence["rollback_exercised"][1]
    assert evidence["reproduced"][0] == "not_met"
    assert evidence["deployed_by_pipeline"] == ("not_met", "The code of its training was not deployed as a bundle.")
