"""``boathouse model gates | evidence | promote | why | in-production`` against a real Boathouse."""

import json
from pathlib import Path
from typing import Any

import pytest

from boathouse.foundation.errors import Conflict
from boathouse.foundation.ids import new_id
from boathouse.models.evidence import Evaluation, Measurement, Slice, Verdict
from boathouse.models.evidence.client import EvidenceClient
from boathouse.models.gates.catalogue import GATES
from boathouse.models.promotion.client import PromotionClient
from boathouse.models.promotion.nouns import Standing
from boathouse.testing import LocalBoathouse

pytestmark = pytest.mark.server

MLFLOW, ROOT = "/api/2.0/mlflow", "/api/boathouse/v1/models"


def requirements(maximum: float) -> dict[str, Any]:
    gates: dict[str, Any] = {each.name: {"enabled": False, "reason": "not in this test"} for each in GATES}
    return {
        "objective": "Warn of late flights",
        "decision": "The desk rebooks passengers",
        "owner": "ada",
        "success": {"metric": "missed connections", "proxy": "log_loss"},
        "evaluation": {"table": "dev.default.judged", "label": "late"},
        "approval": {"count": 0},
        "deployment": {"start": False},
        "gates": gates | {"metric": {"maximum": maximum}},
    }


@pytest.fixture(scope="module")
def model(boathouse: LocalBoathouse) -> str:
    """Version 1 is good, version 2 is not."""
    client, name = boathouse.client(), f"dev.default.told_{new_id().replace('-', '')[:8]}"
    schemas = client.get("/api/2.1/unity-catalog/schemas", catalog_name="dev")["schemas"]
    if "default" not in {each["name"] for each in schemas}:
        client.post("/api/2.1/unity-catalog/schemas", {"name": "default", "catalog_name": "dev"})
    experiment = client.post(f"{MLFLOW}/experiments/create", {"name": name})["experiment_id"]
    client.post(f"{MLFLOW}/registered-models/create", {"name": name})
    for _ in range(2):
        run = client.post(f"{MLFLOW}/runs/create", {"experiment_id": experiment})["run"]["info"]
        source = {"name": name, "source": f"{run['artifact_uri']}/model", "run_id": run["run_id"]}
        client.post(f"{MLFLOW}/model-versions/create", source)
    client.put(f"{ROOT}/{name}/requirements", {"requirements": requirements(0.5)})
    for version, value in ((1, 0.4), (2, 0.9)):
        measured = [
            Measurement("metric", "log_loss", value, 5000, interval=(value - 0.1, value + 0.1)),
            Measurement("slices", "log_loss", float("nan"), 12, Slice("carrier", "[UA]")),
        ]
        evaluation = Evaluation(new_id(), name, version, "dev.default.judged", 7, champion=None)
        found = EvidenceClient(client).record(evaluation, measured)
        assert found[0].judgement.verdict is (Verdict.PASSED if version == 1 else Verdict.FAILED)
        assert EvidenceClient(client).of(name, version) == found
    return name


def test_gates_shows_each_rule_and_its_exit_code_says_whether_it_passes(boathouse: LocalBoathouse, model: str) -> None:
    good, bad = boathouse.run("model", "gates", f"{model}@1"), boathouse.run("model", "gates", f"{model}/2")

    assert (good.returncode, bad.returncode) == (0, 1), good.stderr + bad.stderr
    assert "may be promoted" in good.stdout
    assert "log_loss 0.9 is above 0.5" in bad.stdout


def test_gates_by_other_rules(boathouse: LocalBoathouse, model: str, tmp_path: Path) -> None:
    file = tmp_path / "stricter.yml"
    file.write_text(json.dumps(requirements(0.3)))

    done = boathouse.run("models", "gates", f"{model}@1", "--policy", str(file), "-o", "json")

    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["standing"] == "blocked"
    file.write_text(json.dumps({**requirements(0.3), "gates": {"metrik": {}}}))
    wrong = boathouse.run("model", "gates", f"{model}@1", "--policy", str(file))
    assert wrong.returncode == 2
    assert "there is no gate 'metrik'" in wrong.stderr


def test_evidence_as_it_was_written(boathouse: LocalBoathouse, model: str) -> None:
    done = boathouse.run("model", "evidence", f"{model}@2")

    assert done.returncode == 0, done.stderr
    assert "rows of dev.default.judged version 7" in done.stdout
    assert "carrier = [UA]" in done.stdout


def test_promote_why_and_in_production(boathouse: LocalBoathouse, model: str) -> None:
    refused = boathouse.run("model", "promote", f"{model}@2")
    assert refused.returncode == 5
    assert "may not go to production (blocked)" in refused.stderr

    done = boathouse.run("model", "promote", f"{model}@1", "--reason", "the first", "--expected", "none")
    assert done.returncode == 0, done.stderr

    why = boathouse.run("model", "why", f"{model}@champion")
    assert why.returncode == 0, why.stderr
    assert "the first" in why.stdout
    assert "requirements revision: 1" in why.stdout
    now = boathouse.run("model", "in-production", model)
    assert f"{model} version 1 was in production (champion)" in now.stdout
    before = boathouse.run("model", "in-production", model, "--at", "2013-01-01T10:00")
    assert "had nothing in production" in before.stdout


def test_tasks_ask_and_promote_by_a_client(boathouse: LocalBoathouse, model: str) -> None:
    client = PromotionClient(boathouse.client())

    decision = client.decision(model, 2)

    assert (decision.standing, decision.evidence[0].judgement.blocks) == (Standing.BLOCKED, True)
    with pytest.raises(Conflict, match="may not go to production"):
        client.promote(model, 2)
    assert client.promote(model, 1, stage="candidate").decision.may_be_promoted
