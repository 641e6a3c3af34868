"""From an empty folder to a finished run, and what survives when the server is killed."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from boathouse.foundation.home import Home
from boathouse.foundation.rest import RestClient
from boathouse.testing import LocalBoathouse
from boathouse.testing.local import start_boathouse, stop_boathouse

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def project(boathouse: LocalBoathouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("projects")
    done = boathouse.run("bundle", "init", "bike-rides", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "bike-rides"


def bundle(boathouse: LocalBoathouse, folder: Path, *arguments: str, token: str | None = None) -> str:
    done = boathouse.run("bundle", *arguments, cwd=folder, token=token)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_new_project_deploys_and_runs(boathouse: LocalBoathouse, project: Path) -> None:
    # when
    bundle(boathouse, project, "validate")
    assert "7 created" in bundle(boathouse, project, "deploy")
    output = bundle(boathouse, project, "run", "pipeline", "--params", "test_days=110")

    # then
    assert output.rstrip().endswith("SUCCESS")
    summary = json.loads(bundle(boathouse, project, "summary", "-o", "json"))
    found = {one["resource"]: one for one in summary["resources"]}
    schema = found["schemas.main"]["name"]
    client = boathouse.client()
    for one in found.values():
        assert client.send("GET", one["url"].removeprefix(boathouse.url)).content
    model = client.get(f"/api/boathouse/v1/models/{schema}.rides")
    assert model["model"]["aliases"] == {"champion": 1}
    tables = client.get("/api/2.1/unity-catalog/tables", catalog_name="dev", schema_name=schema.split(".")[1])
    assert {table["name"] for table in tables["tables"]} == {
        "rides", "features", "training", "evaluation", "predictions",
    }  # fmt: skip

    # when everything is there, nothing is to do
    assert json.loads(bundle(boathouse, project, "plan", "-o", "json"))["is_empty"]
    assert "Nothing to do" in bundle(boathouse, project, "deploy")

    # when its version is judged by what a higher tier asks, it passes, and waits for a signature
    settings = project / "boathouse.yml"
    settings.write_text(settings.read_text().replace("risk_tier: low", "risk_tier: medium"))
    assert "requirements.risk_tier: low" in bundle(boathouse, project, "deploy")
    started = boathouse.run("model", "deploy", f"{schema}.rides@1")
    assert "Follow it: boathouse jobs logs" in started.stdout, started.stderr
    ended(client, int(started.stdout.removeprefix("Started run ").partition(" ")[0]))
    judged = boathouse.run("model", "gates", f"{schema}.rides@1")
    assert judged.returncode == 0 and "awaits approval" in judged.stdout, judged.stdout + judged.stderr

    # when it is destroyed, the data stays
    destroyed = bundle(boathouse, project, "destroy", "--auto-approve")
    assert "kept schemas.main" in destroyed and "--delete-data" in destroyed
    assert client.get(f"/api/2.1/unity-catalog/tables/{schema}.predictions")["name"] == "predictions"

    # when it is named, it goes
    bundle(boathouse, project, "destroy", "--auto-approve", "--delete-data", schema)
    schemas = client.get("/api/2.1/unity-catalog/schemas", catalog_name="dev")["schemas"]
    assert schema not in {one["full_name"] for one in schemas}


def ended(client: RestClient, run_id: int) -> str:
    """How a run has ended."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        state = client.get("/api/2.2/jobs/runs/get", run_id=run_id)["state"]
        if "result_state" in state:
            return str(state["result_state"])
        time.sleep(0.5)
    raise AssertionError(f"run {run_id} has not ended")


def small(folder: Path, name: str, body: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.py").write_text(body)
    (folder / "databricks.yml").write_text(
        f"""\
bundle: {{name: {name}}}
resources:
  schemas:
    main: {{catalog_name: dev, name: {name}}}
  jobs:
    go:
      name: {name}-go
      parameters: [{{name: who, default: nobody}}]
      tasks:
        - task_key: main
          spark_python_task:
            python_file: main.py
            parameters: ["{{{{job.parameters.who}}}}"]
"""
    )
    return folder


def test_a_failed_run_shows_its_log_and_says_so(boathouse: LocalBoathouse, tmp_path: Path) -> None:
    # given
    folder = small(tmp_path / "p", "failing", "import sys; print('hello', sys.argv[1]); raise SystemExit(3)")
    bundle(boathouse, folder, "deploy")

    # when
    done = boathouse.run("bundle", "run", "go", "--params", "who=ada", cwd=folder)

    # then
    assert done.returncode == 1
    assert "hello ada" in done.stderr
    assert "FAILED" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (("run", "goo"), 4, "Did you mean go?"),
        (("run", "go", "--params", "whoo=x"), 2, "who"),
        (("run", "go", "--params", "who"), 2, "Write it as name=value."),
        (("deploy", "-t", "nowhere"), 2, "there is no target 'nowhere'"),
        (("plan", "--delete-data", "dev.x"), 2, "nothing of that name leaves the bundle"),
        (("deploy", "--var", "x=1"), 2, "the variable x is not declared"),
    ],
)
def test_what_is_wrong_is_said_with_its_exit_code(
    boathouse: LocalBoathouse, tmp_path: Path, arguments: tuple[str, ...], code: int, expected: str
) -> None:
    folder = small(tmp_path / "p", "wrong", "")
    bundle(boathouse, folder, "deploy")
    done = boathouse.run("bundle", *arguments, cwd=folder)
    assert (done.returncode, expected in done.stderr) == (code, True), done.stderr


def test_validation_needs_no_server(tmp_path: Path) -> None:
    folder = small(tmp_path / "p", "alone", "")
    (folder / "databricks.yml").write_text("bundle: {name: alone}\nrsources: {}\n")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("BOATHOUSE")}
    command = [os.sys.executable, "-m", "boathouse", "bundle", "validate"]  # type: ignore[attr-defined]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert "databricks.yml:2: rsources: unknown field 'rsources'. Did you mean resources?" in done.stderr


def test_a_principal_without_rights_is_refused_and_nothing_is_made(boathouse: LocalBoathouse, tmp_path: Path) -> None:
    # given
    client = boathouse.client()
    client.post("/api/2.0/preview/scim/v2/Users", {"userName": "bob@lake.org"})
    token = issue(boathouse, "bob@lake.org")
    folder = small(tmp_path / "p", "forbidden", "")

    # when
    done = boathouse.run("bundle", "deploy", cwd=folder, token=token)

    # then
    assert done.returncode in (3, 4), done.stderr
    names = [job["settings"]["name"] for job in client.get("/api/2.2/jobs/list", limit=100).get("jobs", [])]
    assert "forbidden-go" not in names


def issue(boathouse: LocalBoathouse, name: str) -> str:
    return str(boathouse.client().post("/api/2.0/token/create", {"user_name": name, "comment": "test"})["token_value"])


def test_a_wheel_is_built_and_shipped(boathouse: LocalBoathouse, tmp_path: Path) -> None:
    # given
    folder = small(tmp_path / "p", "wheels", "")
    (folder / "build.sh").write_text("mkdir -p dist && echo built > dist/mine-1-py3-none-any.whl\n")
    (folder / ".gitignore").write_text("dist/\n")
    text = (folder / "databricks.yml").read_text()
    text += "          libraries: [{whl: dist/*.whl}]\nartifacts: {mine: {type: whl, build: sh build.sh}}\n"
    (folder / "databricks.yml").write_text(text)

    # when
    bundle(boathouse, folder, "deploy")

    # then
    (job,) = [
        job
        for job in boathouse.client().get("/api/2.2/jobs/list", limit=100, expand_tasks=True)["jobs"]
        if job["settings"]["name"] == "wheels-go"
    ]
    assert job["settings"]["tasks"][0]["libraries"] == [{"whl": "dist/mine-1-py3-none-any.whl"}]
    deployed = boathouse.home.bundles / "wheels" / "default" / "shared"
    assert [file.name for file in deployed.rglob("*.whl")] == ["mine-1-py3-none-any.whl"]


def test_a_build_that_fails_says_what_it_printed(boathouse: LocalBoathouse, tmp_path: Path) -> None:
    folder = small(tmp_path / "p", "broken", "")
    text = (folder / "databricks.yml").read_text()
    (folder / "databricks.yml").write_text(text + "artifacts: {mine: {type: whl, build: 'echo no compiler; exit 7'}}\n")
    done = boathouse.run("bundle", "deploy", cwd=folder)
    assert done.returncode != 0
    assert "Building the artifact mine failed (exit code 7):\nno compiler" in done.stderr


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[dict[str, Any]]:
    holder: dict[str, Any] = {"server": start_boathouse(Home(tmp_path / "own" / ".boathouse"))}
    yield holder
    stop_boathouse(holder["server"])


def test_a_deployment_survives_the_death_of_the_server(own_server: dict[str, Any], tmp_path: Path) -> None:
    """Killed again and again while it deploys thirty schemas; in the end each is there once, and nothing is to do."""
    # given
    folder = small(tmp_path / "p", "killed", "")
    schemas = "".join(f"    s{number}: {{catalog_name: dev, name: killed_{number}}}\n" for number in range(30))
    text = (folder / "databricks.yml").read_text().replace("  schemas:\n", f"  schemas:\n{schemas}")
    (folder / "databricks.yml").write_text(text)

    # when
    for delay in (0.02, 0.1, 0.25):
        server: LocalBoathouse = own_server["server"]
        with ThreadPoolExecutor(1) as pool:
            deploying = pool.submit(server.run, "bundle", "deploy", cwd=folder)
            wait_for_deployment(server)
            time.sleep(delay)
            for pid in server.pids.values():
                os.kill(pid, signal.SIGKILL)
            server.process.wait(20)
            deploying.result()
        own_server["server"] = start_boathouse(server.home)
    server = own_server["server"]
    bundle(server, folder, "deploy")

    # then
    assert json.loads(bundle(server, folder, "plan", "-o", "json"))["is_empty"]
    listed = server.client().get("/api/2.1/unity-catalog/schemas", catalog_name="dev")["schemas"]
    assert len([one for one in listed if one["name"].startswith("killed_")]) == 30
    jobs = server.client().get("/api/2.2/jobs/list", limit=100)["jobs"]
    assert [job["settings"]["name"] for job in jobs] == ["killed-go"]
    query = {"bundle": "killed", "target": "default"}
    history = server.client().get("/api/boathouse/v1/bundles/deployments", **query)["deployments"]
    assert "APPLYING" not in {one["status"] for one in history}


def wait_for_deployment(server: LocalBoathouse) -> None:
    """Until the command has reached the server: its code has arrived."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not any((server.home.bundles / "killed").rglob("main.py")):
        time.sleep(0.005)
