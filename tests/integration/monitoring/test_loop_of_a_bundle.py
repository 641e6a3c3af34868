"""A bundle says how its model is trained again; a killed control plane goes on with what was decided and starts nothing
twice. The figures of parts beside it."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from boathouse.foundation.errors import BoathouseError

if TYPE_CHECKING:
    from boathouse.testing import LocalBoathouse

pytestmark = [pytest.mark.server, pytest.mark.timeout(900)]

SETTLED_SECONDS = 300
MODEL = "dev.loops.late"
BUNDLE = """\
bundle: {name: loops}
resources:
  schemas: {loops: {catalog_name: dev, name: loops}}
  registered_models: {late: {catalog_name: dev, schema_name: "${resources.schemas.loops.name}", name: late}}
  jobs:
    training:
      name: loops_training
      tasks: [{task_key: train, spark_python_task: {python_file: train.py}}]
targets: {dev: {default: true}}
"""
LOOP = """\
retraining:
  late:
    job: ${resources.jobs.training.id}
    triggers: [{table_update: {table: "${resources.schemas.loops.id}.rides"}}]
    brakes: {benefit: {method: none}, freeze_after: 1}
"""


def eventually(is_so: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + SETTLED_SECONDS
    while True:
        try:
            if found := is_so():
                return found
        except BoathouseError:
            pass  # the control plane is starting again
        assert time.monotonic() < deadline
        time.sleep(0.3)


def test_a_bundle_closes_the_loop_and_a_killed_control_plane_goes_on(boathouse: LocalBoathouse, tmp_path: Path) -> None:
    for name, text in (("databricks.yml", BUNDLE), ("boathouse.yml", LOOP), ("train.py", "raise SystemExit(3)\n")):
        (tmp_path / name).write_text(text)
    done = boathouse.run("bundle", "deploy", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    plan = json.loads(boathouse.run("bundle", "plan", "-o", "json", cwd=tmp_path).stdout)
    assert plan["is_empty"], plan
    assert [each for each in plan["warnings"] if "there is no table dev.loops.rides" in each] != []

    client, path = boathouse.client(), f"/api/boathouse/v1/models/{MODEL}/retraining"
    asked = boathouse.run("retraining", "decide", MODEL, "--reason", "a first version")
    assert "started: No brake holds." in asked.stdout, asked.stdout + asked.stderr
    os.kill(boathouse.pids["control-plane"], signal.SIGKILL)

    def decisions() -> list[dict[str, Any]]:
        return client.get(f"{path}/decisions")["decisions"]

    failed = eventually(lambda: (found := decisions()) and found[0]["state"] == "failed" and found)
    assert len(failed) == 1
    job_id = client.get(path)["policy"]["job"]
    assert len(client.get("/api/2.2/jobs/runs/list", job_id=job_id)["runs"]) == 1, "the run was started once"
    shown = boathouse.run("retraining", "show", MODEL).stdout
    assert "Frozen since" in shown
    assert "1 trainings in a row came to nothing" in shown

    gone = boathouse.run("bundle", "destroy", "--auto-approve", cwd=tmp_path)
    assert gone.returncode == 0, gone.stdout + gone.stderr
    left = boathouse.run("retraining", "show")
    assert left.returncode == 0, left.stdout + left.stderr
    assert MODEL not in left.stdout


def test_parts_and_jobs_have_figures_of_each_minute(boathouse: LocalBoathouse) -> None:
    asked = "SELECT kind, bool_and(is_healthy) AS fine FROM system.monitoring.component_metrics GROUP BY kind"

    def parts() -> dict[str, bool]:
        lines = boathouse.run("sql", "--format", "json", asked).stdout.splitlines()
        return {row["kind"]: row["fine"] for row in map(json.loads, filter(None, lines))}

    found = eventually(lambda: (found := parts()) and "job_worker" in found and found)
    assert {"control_plane", "database", "mlflow"} <= set(found)
    assert found["database"]
    text = boathouse.client().send("GET", "/metrics").content.decode()
    assert 'boathouse_up{component="database",kind="database"} 1.0' in text
    for table in ("endpoint_metrics", "job_metrics"):
        done = boathouse.run("sql", f"SELECT count(*) FROM system.monitoring.{table}")
        assert done.returncode == 0, done.stdout + done.stderr
