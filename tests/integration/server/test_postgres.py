"""All three databases on one Postgres: everything works as it does on files."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from boathouse.testing import running_boathouse

pytestmark = pytest.mark.server

TRAINING = """
import mlflow
mlflow.set_experiment("/delays")
with mlflow.start_run() as run:
    mlflow.log_metric("auc", 0.75)
    mlflow.log_text("late", "notes.txt")
assert mlflow.artifacts.load_text(run.info.artifact_uri + "/notes.txt") == "late"
print(mlflow.get_run(run.info.run_id).data.metrics["auc"])
"""


def test_tables_jobs_and_mlflow_work_on_postgres_with_two_workers(tmp_path: Path, postgres: Callable[[], str]) -> None:
    (tmp_path / "train.py").write_text(TRAINING)
    variables = {"BOATHOUSE_DATABASE_URL": postgres(), "BOATHOUSE_WORKERS": "2"}
    with running_boathouse(tmp_path, variables=variables) as server:
        client = server.client()
        for statement in ("CREATE CATALOG c", "CREATE SCHEMA c.s", "CREATE TABLE c.s.t AS SELECT 1 AS a"):
            assert server.run("sql", statement).returncode == 0
        task = {"task_key": "train", "spark_python_task": {"python_file": str(tmp_path / "train.py")}}
        job_id = client.post("/api/2.2/jobs/create", {"name": "train", "tasks": [task], "max_concurrent_runs": 2})[
            "job_id"
        ]
        runs = [client.post("/api/2.2/jobs/run-now", {"job_id": job_id})["run_id"] for _ in range(2)]
        deadline = time.monotonic() + 120
        states = [""]
        while not all(states) and time.monotonic() < deadline:
            found = [client.get("/api/2.2/jobs/runs/get", run_id=run_id) for run_id in runs]
            states = [each["state"].get("result_state", "") for each in found]
            time.sleep(0.1)
        assert states == ["SUCCESS", "SUCCESS"], found
        status = server.run("status")
        assert status.stdout.count("lease") == 2, status.stdout
        assert "1" in server.run("sql", "SELECT a FROM c.s.t").stdout
    assert not list((tmp_path / ".boathouse" / "db").iterdir())
