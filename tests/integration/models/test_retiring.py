"""Versions that are used stay; those that nobody uses go into an archive. Copies bring along what is known."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from boathouse.foundation.errors import BoathouseError, Conflict, InvalidInput, NotFound
from boathouse.foundation.rest import RestClient
from boathouse.testing import LocalBoathouse

pytestmark = pytest.mark.server

ROOT = "/api/boathouse/v1/models"
REGISTER = """
import json, sys, warnings
warnings.simplefilter("ignore")
import mlflow

class_name, name = "model.json", sys.argv[1]
client = mlflow.MlflowClient()
try:
    client.create_registered_model(name)
except mlflow.exceptions.MlflowException:
    pass
found = []
for number in range(int(sys.argv[2])):
    with mlflow.start_run() as run:
        mlflow.log_metric("auc", 0.7 + number / 100)
        mlflow.log_text("flavors: {}", "model/MLmodel")
        mlflow.log_dict({"weight": number}, "model/weights.json")
        mlflow.log_text("kept", "notes.txt")
        source = f"{run.info.artifact_uri}/model"
        found.append(client.create_model_version(name, source, run.info.run_id, tags={"team": "flights"}).run_id)
print(json.dumps(found))
"""
COPY = """
import sys, warnings
warnings.simplefilter("ignore")
import mlflow

client = mlflow.MlflowClient()
print(client.copy_model_version(f"models:/{sys.argv[1]}/1", sys.argv[2]).version)
"""


@pytest.fixture
def client(boathouse: LocalBoathouse) -> RestClient:
    boathouse.run("sql", "CREATE SCHEMA IF NOT EXISTS dev.retiring")
    return boathouse.client()


@pytest.fixture
def register(boathouse: LocalBoathouse, client: RestClient, tmp_path: Path) -> Callable[[str, int], list[str]]:
    """Make a model with versions; the ids of their runs."""

    def make(name: str, versions: int) -> list[str]:
        return json.loads(python(boathouse, tmp_path, REGISTER, name, str(versions)))

    return make


def python(boathouse: LocalBoathouse, folder: Path, text: str, *arguments: str) -> str:
    file = folder / "script.py"
    file.write_text(text)
    command = [sys.executable, "-W", "ignore", str(file), *arguments]
    done = subprocess.run(command, env=boathouse.environment(), capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip().splitlines()[-1]


def retire(client: RestClient, name: str, version: str | None, reason: str = "replaced") -> Any:
    return client.post(f"{ROOT}/{name}/retire", {"version": version, "reason": reason})


def test_a_version_that_an_alias_points_at_stays(
    boathouse: LocalBoathouse,
    client: RestClient,
    register: Callable[[str, int], list[str]],
    new_name: Callable[[str], str],
) -> None:
    name = f"dev.retiring.{new_name('used')}"
    register(name, 2)
    client.put(f"{ROOT}/{name}/aliases/champion", {"version": 1})

    with pytest.raises(Conflict, match="alias champion points at it"):
        retire(client, name, None)
    assert [each["version"] for each in client.get(f"{ROOT}/{name}")["versions"]] == [2, 1]
    told = boathouse.run("model", "retire", f"{name}@1", "--dry-run").stdout
    assert "2 files" in told
    assert "in the way: alias champion points at it" in told


def test_a_retired_version_leaves_its_archive_its_card_and_its_run(
    boathouse: LocalBoathouse,
    client: RestClient,
    register: Callable[[str, int], list[str]],
    new_name: Callable[[str], str],
) -> None:
    name = f"dev.retiring.{new_name('gone')}"
    run_id = register(name, 2)[0]
    folder = boathouse.home.artifacts / client.get("/api/2.0/mlflow/runs/get", run_id=run_id)["run"]["info"][
        "artifact_uri"
    ].removeprefix("mlflow-artifacts:/")
    evidence = {"measurements": [{"gate": "metric", "metric": "auc", "value": 0.7, "rows": 500}]}
    client.post(f"{ROOT}/{name}/versions/1/evaluations", evidence)

    done = boathouse.run("model", "retire", f"{name}@1", "--reason", "replaced by the next season's")

    assert done.returncode == 0, done.stderr
    found = client.get(f"{ROOT}/{name}/retired")["retired"][0]
    archive = boathouse.home.archives / found["archive"]
    assert (found["version"], found["reason"], found["run_id"]) == (1, "replaced by the next season's", run_id)
    assert [each["version"] for each in client.get(f"{ROOT}/{name}")["versions"]] == [2]
    assert not (folder / "model").exists()
    assert (folder / "notes.txt").read_text() == "kept"
    assert "version 1" in boathouse.run("model", "card", f"{name}@1").stdout
    assert client.send("GET", f"{ROOT}/{name}/versions/1/card").content.startswith(b"<!DOCTYPE html>")
    rows = boathouse.run("sql", f"SELECT metric, value FROM system.models.evidence WHERE model_name = '{name}'").stdout
    assert "auc" in rows
    events = client.get("/api/boathouse/v1/events", type="model.retired")["events"]
    assert name in {each["subject"] for each in events}
    back = boathouse.run("model", "import", str(archive), "--as", f"{name}_back", "--allow-pickle")
    assert back.returncode == 0, back.stderr


def test_a_model_may_have_a_longer_name_than_files_may(
    boathouse: LocalBoathouse, client: RestClient, register: Callable[[str, int], list[str]]
) -> None:
    name = "dev.retiring." + "é" * 200
    register(name, 1)

    [done] = retire(client, name, None)["retired"]

    assert (boathouse.home.archives / done["archive"]).exists()
    assert done["archive"].startswith("dev.retiring.éé")


def test_the_next_version_of_a_model_whose_versions_are_all_retired_counts_on(
    client: RestClient, register: Callable[[str, int], list[str]], new_name: Callable[[str], str]
) -> None:
    name = f"dev.retiring.{new_name('all')}"
    register(name, 2)

    assert [each["version"] for each in retire(client, name, None)["retired"]] == [1, 2]
    register(name, 1)
    assert [each["version"] for each in client.get(f"{ROOT}/{name}")["versions"]] == [3]


def test_retiring_needs_a_reason_and_a_version(
    client: RestClient, register: Callable[[str, int], list[str]], new_name: Callable[[str], str]
) -> None:
    name = f"dev.retiring.{new_name('reason')}"
    register(name, 1)

    with pytest.raises(InvalidInput, match="needs a reason"):
        retire(client, name, "1", reason=" ")
    with pytest.raises(NotFound):
        retire(client, name, "7")


def test_a_copy_has_run_and_tags_and_outlives_its_source(
    boathouse: LocalBoathouse,
    client: RestClient,
    register: Callable[[str, int], list[str]],
    new_name: Callable[[str], str],
) -> None:
    name = f"dev.retiring.{new_name('source')}"
    run_id = register(name, 1)[0]
    evidence = {"measurements": [{"gate": "metric", "metric": "auc", "value": 0.7, "rows": 500}]}
    client.post(f"{ROOT}/{name}/versions/1/evaluations", evidence)

    done = boathouse.run("model", "copy", f"{name}@1", f"{name}_copy")

    assert done.returncode == 0, done.stderr
    made = client.get(f"{ROOT}/{name}_copy")["versions"][0]
    assert (made["run_id"], made["tags"]["team"], made["tags"]["boathouse.copied_from"]) == (
        run_id,
        "flights",
        f"{name}@1",
    )
    found = client.get(f"{ROOT}/{name}_copy/versions/1/evidence")["evidence"]
    assert [each["measurement"]["value"] for each in found] == [0.7]
    lines = boathouse.run("lineage", f"{name}_copy@1").stdout
    assert name in lines
    retire(client, name, "1")
    assert client.send("GET", f"{ROOT}/{name}_copy/versions/1/archive").content
    with pytest.raises(BoathouseError):
        client.get(f"{ROOT}/{name}/versions/1/evidence")


def test_the_copy_of_mlflows_own_client_works_too(
    boathouse: LocalBoathouse, client: RestClient, register: Callable[[str, int], list[str]], tmp_path: Path,
    new_name: Callable[[str], str],
) -> None:  # fmt: skip
    name = f"dev.retiring.{new_name('mlflow')}"
    run_id = register(name, 1)[0]

    assert python(boathouse, tmp_path, COPY, name, f"{name}_copy") == "1"
    assert client.get(f"{ROOT}/{name}_copy")["versions"][0]["run_id"] == run_id
