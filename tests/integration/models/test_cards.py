"""The card of a version on a real server: from what is deployed and recorded, as far as the reader may know."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from boathouse.foundation.errors import Denied, NotFound
from boathouse.testing import LocalBoathouse

pytestmark = pytest.mark.server

ROOT = "/api/boathouse/v1/models"
REGISTER = """
import json, sys, warnings
warnings.simplefilter("ignore")
import mlflow

mlflow.set_experiment(f"/{sys.argv[1]}")
client = mlflow.MlflowClient()
client.create_registered_model(sys.argv[1], description="Arrival delay")
with mlflow.start_run() as run:
    mlflow.log_param("num_leaves", 31)
    mlflow.log_text("flavors: {onnx: {data: model.onnx}}", "model/MLmodel")
version = client.create_model_version(sys.argv[1], f"{run.info.artifact_uri}/model", run.info.run_id)
print(json.dumps(run.info.run_id))
"""
REQUIREMENTS: dict[str, Any] = {
    "objective": "Will it be late?",
    "decision": "Rebook passengers.",
    "owner": "flights-team",
    "success": {"metric": "missed connections", "proxy": "log_loss"},
    "risk_tier": "low",
    "evaluation": {"table": "dev.cards.flights", "label": "late"},
}


def test_a_card_tells_what_is_deployed_and_recorded_to_each_reader_what_they_may_know(
    boathouse: LocalBoathouse, tmp_path: Path, new_name: Callable[[str], str]
) -> None:
    boathouse.run("sql", "CREATE SCHEMA IF NOT EXISTS dev.cards")
    client, name, reader = boathouse.client(), f"dev.cards.{new_name('m')}", new_name("reader")
    file = tmp_path / "register.py"
    file.write_text(REGISTER)
    command = [sys.executable, "-W", "ignore", str(file), name]
    done = subprocess.run(command, env=boathouse.environment(), capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    run_id = json.loads(done.stdout.splitlines()[-1])
    client.put(f"{ROOT}/{name}/requirements", {"requirements": REQUIREMENTS})
    found = {"gate": "metric", "metric": "log_loss", "value": 0.4, "rows": 5000, "interval": [0.39, 0.41]}
    sent = {"measurements": [found], "data_table": "dev.cards.flights", "data_version": 3}
    client.post(f"{ROOT}/{name}/versions/1/evaluations", sent)

    page = client.send("GET", f"{ROOT}/{name}/versions/1/card")
    text = boathouse.run("model", "card", f"{name}@1").stdout

    assert page.headers["content-type"].startswith("text/html")
    assert "sandbox" in page.headers["content-security-policy"]
    for told in ("Will it be late?", "0.39 to 0.41", "dev.cards.flights", "num", run_id):
        assert told in text.replace("\\", "")
        assert told in page.content.decode()
    assert boathouse.run("model", "card", f"{name}@1", "--html", str(tmp_path / "card.html")).returncode == 0
    assert (tmp_path / "card.html").read_bytes() == page.content
    with pytest.raises(NotFound):
        client.send("GET", f"{ROOT}/{name}/versions/2/card")

    boathouse.run("users", "create", reader)
    token = boathouse.run("tokens", "create", "--for", reader).stdout.strip().split()[-1]
    with pytest.raises((Denied, NotFound)):
        boathouse.client(token).send("GET", f"{ROOT}/{name}/versions/1/card")
    for statement in (
        f"GRANT USE CATALOG ON CATALOG dev TO `{reader}`",
        f"GRANT USE SCHEMA ON SCHEMA dev.cards TO `{reader}`",
    ):
        assert boathouse.run("sql", statement).returncode == 0
    path = f"/api/2.1/unity-catalog/permissions/registered_model/{name}"
    client.patch(path, {"changes": [{"principal": reader, "add": ["EXECUTE"]}]})
    seen = boathouse.client(token).send("GET", f"{ROOT}/{name}/versions/1/card", params={"form": "md"}).content.decode()
    assert "Will it be late?" in seen
    assert "num\\_leaves" not in seen
    assert "What this card could not say" in seen
