"""A new version starts its deployment job once, whatever dies in between."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from boathouse.foundation.errors import Unavailable
from boathouse.foundation.home import Home
from boathouse.foundation.rest import RestClient
from boathouse.testing.local import LocalBoathouse, start_boathouse, stop_boathouse

pytestmark = [pytest.mark.server, pytest.mark.timeout(900)]

MLFLOW = "/api/2.0/mlflow"
MODEL = "dev.rides.late"
SETTLED_SECONDS = 120
JOB = {
    "name": "own deployment",
    "parameters": [{"name": "model_name", "default": ""}, {"name": "model_version", "default": ""}],
    "tasks": [{"task_key": "look", "sql_task": {"query": {"query_text": "SELECT 1"}}}],
    "max_concurrent_runs": 1,
}


def version(client: RestClient, experiment: str) -> int:
    run = client.post(f"{MLFLOW}/runs/create", {"experiment_id": experiment})["run"]["info"]["run_id"]
    body = {"name": MODEL, "source": f"runs:/{run}/model", "run_id": run}
    return int(client.post(f"{MLFLOW}/model-versions/create", body)["model_version"]["version"])


def eventually(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + SETTLED_SECONDS
    while True:
        try:
            if found := look():
                return found
        except Unavailable:
            pass  # it is just starting again
        if time.monotonic() > deadline:
            raise AssertionError("It did not come about.")
        time.sleep(0.1)


def test_versions_that_were_made_before_a_kill_start_their_job_once(tmp_path: Path) -> None:
    # given a model whose own job MLflow's API names
    home = Home(tmp_path / ".boathouse")
    server = start_boathouse(home)
    try:
        client = server.client()
        assert server.run("sql", "CREATE SCHEMA dev.rides").returncode == 0
        job_id = client.post("/api/2.2/jobs/create", JOB)["job_id"]
        client.post(f"{MLFLOW}/registered-models/create", {"name": MODEL, "deployment_job_id": str(job_id)})
        experiment = client.post(f"{MLFLOW}/experiments/create", {"name": "/late"})["experiment_id"]

        # when the control plane is killed right after each version
        made = [killed_after(server, lambda: version(server.client(), experiment)) for _ in range(2)]

        # then each has its run, and only one
        client = server.client()
        starts = eventually(
            lambda: (
                (found := client.get(f"/api/boathouse/v1/models/{MODEL}/deployments")["starts"])
                and all(each["state"] == "started" for each in found)
                and found
            )
        )
        assert sorted(each["version"] for each in starts) == sorted(made)
        runs = client.get("/api/2.2/jobs/runs/list", job_id=job_id)["runs"]
        given = [{each["name"]: each["value"] for each in run["job_parameters"]} for run in runs]
        assert sorted(each["model_version"] for each in given) == sorted(str(each) for each in made)
        assert {each["model_name"] for each in given} == {MODEL}
    finally:
        stop_boathouse(server)


def killed_after(server: LocalBoathouse, act: Callable[[], int]) -> int:
    """Kill the control plane as soon as ``act`` is done; wait for the supervisor to bring it back."""
    before = server.pids["control-plane"]
    done = act()
    os.kill(before, signal.SIGKILL)
    eventually(lambda: server.pids["control-plane"] != before)
    eventually(lambda: server.client().get("/api/boathouse/v1/models") is not None)
    return done
