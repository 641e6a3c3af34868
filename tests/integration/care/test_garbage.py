"""Garbage collected by a running server: on the command line, by administrators, through a kill."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.home import Home
from boathouse.testing.local import start_boathouse, stop_boathouse

if TYPE_CHECKING:
    from pathlib import Path

    from boathouse.testing import LocalBoathouse

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]

RUNS = 150
LONG_AGO = 1_600_000_000_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBoathouse]:
    found = start_boathouse(Home(tmp_path_factory.mktemp("gc") / ".boathouse"))
    yield found
    stop_boathouse(found)


def collected(server: LocalBoathouse, *arguments: str) -> Any:
    done = server.run("gc", "-o", "json", *arguments)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def deleted_runs(server: LocalBoathouse, number: int) -> tuple[str, list[str]]:
    """Runs that were deleted long ago, each with a file; their experiment, and the runs."""
    client = server.client()
    name = f"/gc/{time.monotonic_ns()}"
    experiment = client.post("/api/2.0/mlflow/experiments/create", {"name": name})["experiment_id"]
    first = client.post("/api/2.0/mlflow/runs/create", {"experiment_id": experiment})["run"]["info"]
    client.post("/api/2.0/mlflow/runs/delete", {"run_id": first["run_id"]})
    ids = [f"{int(experiment):04x}{place:028x}" for place in range(number)]
    columns = "name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time, source_version"
    with sqlite3.connect(server.home.databases / "mlflow.db", timeout=60) as database:
        database.executemany(
            f"INSERT INTO runs (run_uuid, artifact_uri, experiment_id, lifecycle_stage, deleted_time, {columns}) "
            f"SELECT ?, ?, experiment_id, 'deleted', {LONG_AGO}, {columns} FROM runs WHERE run_uuid = ?",
            [(id, f"mlflow-artifacts:/{experiment}/{id}/artifacts", first["run_id"]) for id in ids],
        )
    database.close()
    for id in ids:
        folder = server.home.artifacts / experiment / id / "artifacts"
        folder.mkdir(parents=True)
        (folder / "weights.bin").write_bytes(b"x" * 50)
        age(server.home.artifacts / experiment / id)
    return experiment, ids


def age(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, (LONG_AGO / 1000, LONG_AGO / 1000))


def rows(server: LocalBoathouse, ids: list[str]) -> set[str]:
    with sqlite3.connect(server.home.databases / "mlflow.db", timeout=60) as database:
        found = {row[0] for row in database.execute("SELECT run_uuid FROM runs")}
    database.close()
    return found & set(ids)


def test_a_dry_run_and_a_real_one_tell_the_same_list(server: LocalBoathouse) -> None:
    experiment, ids = deleted_runs(server, 3)

    told = collected(server, "--dry-run", "--only", "runs")
    assert rows(server, ids) == set(ids)
    gone = collected(server, "--only", "runs")

    assert [each["what"] for each in told["items"]] == [each["what"] for each in gone["items"]]
    assert {each["what"] for each in gone["items"]} >= set(ids)
    assert gone["total"]["removed"] == gone["total"]["count"]
    assert rows(server, ids) == set()
    assert not any((server.home.artifacts / experiment / id).exists() for id in ids)
    text = server.run("gc", "--dry-run", "--only", "runs").stdout
    assert "There is nothing that nothing refers to." in text
    assert "removed" in server.run("gc", "--status").stdout


def test_only_administrators_may(server: LocalBoathouse) -> None:
    server.run("users", "create", "bob")
    token = json.loads(server.run("tokens", "create", "--for", "bob", "-o", "json").stdout)
    secret = token.get("token") or token.get("secret") or token.get("token_value")

    done = server.run("gc", "--dry-run", token=secret)

    assert done.returncode == 3
    assert "only administrators may" in done.stderr


def test_what_may_be_in_the_making_is_refused(server: LocalBoathouse) -> None:
    done = server.run("gc", "--older-than", "10m")

    assert done.returncode == 2
    assert "in the making" in done.stderr
    assert server.run("gc", "--older-than", "soon").returncode == 2


def test_a_kill_in_the_middle_leaves_nothing_half_known(server: LocalBoathouse) -> None:
    experiment, ids = deleted_runs(server, RUNS)
    client = server.client()
    begun = client.post("/api/boathouse/v1/garbage/passes", {"dry_run": False, "only": ["runs"]})
    path = f"/api/boathouse/v1/garbage/passes/{begun['id']}"
    while client.get(path)["total"]["removed"] < 5:
        time.sleep(0.01)
    os.kill(server.pids["control-plane"], signal.SIGKILL)

    # then a run that is known has its file
    for id in rows(server, ids):
        assert (server.home.artifacts / experiment / id / "artifacts" / "weights.bin").exists()

    # when the server is back
    found = answer(server, path)
    assert "stopped before" in found["error"] or found["ended_at"]
    collected(server, "--only", "runs", "--only", "artifacts", "--only", "leftovers")

    # then all is gone
    assert rows(server, ids) == set()
    assert not list((server.home.artifacts / experiment).glob("*/artifacts/weights.bin"))
    trash = server.home.root / "trash"
    assert not trash.exists() or not list(trash.iterdir())


def answer(server: LocalBoathouse, path: str) -> Any:
    deadline = time.monotonic() + 120
    while True:
        try:
            return server.client().get(path)
        except (BoathouseError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
