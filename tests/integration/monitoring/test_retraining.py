"""The loop on a real server: a trial, a training, a version that comes of it; and drift without benefit is told."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from boathouse.foundation.ids import new_id

if TYPE_CHECKING:
    from boathouse.testing import LocalBoathouse

pytestmark = [pytest.mark.server, pytest.mark.timeout(900)]

MODELS = "/api/boathouse/v1/models"
SETTLED_SECONDS = 600

TRAIN = """\
import sys, warnings
warnings.simplefilter("ignore")
import boathouse as bh, mlflow
from sklearn.linear_model import LogisticRegression

schema, rides = sys.argv[1], sys.argv[2]
frame = bh.sql(f"SELECT wind, hour, late FROM {schema}.rides WHERE {rides}").df()
mlflow.set_experiment(f"/retraining/{schema}")
with mlflow.start_run():
    model = LogisticRegression().fit(frame[["wind", "hour"]], frame.late)
    some = frame[["wind", "hour"]].head(3)
    mlflow.sklearn.log_model(model, name="m", registered_model_name=f"{schema}.late", input_example=some)
"""
RIDES = """
CREATE TABLE {schema}.rides AS
SELECT id AS ride, CAST('2026-01-01' AS TIMESTAMP) + make_interval(0, 0, 0, 0, CAST(id AS INT)) AS at,
  sin(id * 12.9898) AS wind, CAST(id % 24 AS DOUBLE) AS hour,
  CAST((sin(id * 12.9898) * (CASE WHEN id < 1000 THEN 1 ELSE -1 END) + 0.6 * sin(id * 78.233)) > 0 AS INT) AS late
FROM range(2000)
"""


def requirements(schema: str) -> dict[str, Any]:
    return {
        "objective": "Tell whether a ride is late",
        "decision": "The desk calls another car",
        "owner": "rides@example.org",
        "success": {"metric": "late rides", "proxy": "log_loss"},
        "risk_tier": "low",
        "evaluation": {"table": f"{schema}.rides", "label": "late", "timestamp": "at"},
        "deployment": {"start": False},
    }


def eventually(is_so: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + SETTLED_SECONDS
    while not (found := is_so()):
        assert time.monotonic() < deadline
        time.sleep(0.3)
    return found


def test_a_trial_decides_whether_a_training_is_worth_it(boathouse: LocalBoathouse, tmp_path: Path) -> None:
    client, schema = boathouse.client(), f"dev.r{new_id().replace('-', '')[-10:]}"
    model, script = f"{schema}.late", tmp_path / "train.py"
    script.write_text(TRAIN)
    for text in (f"CREATE SCHEMA {schema}", RIDES.format(schema=schema)):
        done = boathouse.run("sql", text)
        assert done.returncode == 0, done.stdout + done.stderr
    client.post("/api/2.0/mlflow/registered-models/create", {"name": model})
    task = {
        "task_key": "train",
        "spark_python_task": {"python_file": str(script), "parameters": [schema, "{{job.parameters.rides}}"]},
    }
    job = {"name": f"train {schema}", "tasks": [task], "parameters": [{"name": "rides", "default": "ride < 1000"}]}
    job_id = client.post("/api/2.2/jobs/create", job)["job_id"]
    path = f"{MODELS}/{model}"

    first = client.post("/api/2.2/jobs/run-now", {"job_id": job_id})["run_id"]
    eventually(lambda: client.get("/api/2.2/jobs/runs/get", run_id=first)["state"].get("result_state") == "SUCCESS")
    client.put(f"{path}/aliases/champion", {"version": 1})
    client.put(f"{path}/requirements", {"requirements": requirements(schema)})
    benefit = {"train_rows": 500, "test_rows": 300, "minimum_improvement": 0.01}
    policy = {
        "job": job_id,
        "parameters": {"rides": "ride >= 1000 AND ride < 1700"},
        "triggers": [{"table_update": {"table": f"{schema}.rides"}}],
        "brakes": {"cool_down": None, "benefit": benefit},
    }
    assert client.put(f"{path}/retraining", policy)["revision"] == 1

    def newest() -> dict[str, Any]:
        found = client.get(f"{path}/retraining/decisions")["decisions"]
        return found[0] if found else {}

    # The world has turned: a table update asks, the trial beats the champion, and a version comes of the training.
    eventually(lambda: client.get(f"{path}/retraining")["triggers"][0]["looked"])
    copied = f"SELECT ride + 5000, at, wind, hour, late FROM {schema}.rides WHERE ride = 1999"
    done = boathouse.run("sql", f"INSERT INTO {schema}.rides {copied}")
    assert done.returncode == 0, done.stdout + done.stderr
    started = eventually(lambda: (found := newest()) and found["state"] == "registered" and found)
    assert started["decision"] == "started", started
    assert started["trigger"] == "table_update"
    assert (started["version"], started["benefit"]["champion"]) == (2, 1)
    assert started["benefit"]["lower"] > 0.01

    # With what the trial has learned in production, another trial is no better.
    client.delete(f"{path}/requirements")
    client.put(f"{path}/aliases/champion", {"version": 2})
    client.put(f"{path}/requirements", {"requirements": requirements(schema)})
    shown = boathouse.run("retraining", "decide", model, "--reason", "once more")
    assert "checking: A trial finds out" in shown.stdout, shown.stdout + shown.stderr
    declined = eventually(lambda: (found := newest()) and found["decision"] == "declined" and found)
    assert (declined["brake"], declined["run_id"]) == ("benefit", None)
    assert declined["reason"].startswith("Drift without benefit"), declined["reason"]

    told = boathouse.run("retraining", "history", model)
    assert "benefit" in told.stdout, told.stdout + told.stderr
    assert "no cool-down" in boathouse.run("retraining", "show", model).stdout
    table = "system.monitoring.retraining_decisions"
    asked = f"SELECT decision, brake FROM {table} WHERE model_name = '{model}' ORDER BY 1"
    lines = boathouse.run("sql", "--format", "json", asked).stdout.splitlines()
    rows = [json.loads(line) for line in lines if line.strip()]
    assert [(row["decision"], row["brake"]) for row in rows] == [("declined", "benefit"), ("started", None)]
    events = client.get("/api/boathouse/v1/events", type="retraining.decided", subject=model)["events"]
    assert [each["data"]["decision"] for each in events] == ["declined", "started"]
