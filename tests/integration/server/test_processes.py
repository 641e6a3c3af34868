"""``boathouse up``, ``down`` and everything that can go wrong between them."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from boathouse.foundation.home import Home
from boathouse.testing import LocalBoathouse, running_boathouse
from boathouse.testing.local import start_boathouse, stop_boathouse

pytestmark = pytest.mark.server


def boathouse_command(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    hidden = {"BOATHOUSE_URL", "BOATHOUSE_TOKEN"}
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    return subprocess.run(
        [sys.executable, "-m", "boathouse", *arguments],
        env={**environment, "BOATHOUSE_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def wait_until_gone(pids: list[int], seconds: float = 20) -> list[int]:
    deadline = time.monotonic() + seconds
    while (left := [pid for pid in pids if psutil.pid_exists(pid)]) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def test_up_detach_serves_status_tells_and_down_stops_everything(tmp_path: Path) -> None:
    home = tmp_path / "home"
    up = boathouse_command(home, "up", "--detach", "--port", "0")
    assert up.returncode == 0, up.stderr
    pids = list(Home(home).running()["pids"].values())

    status = boathouse_command(home, "status")
    assert status.returncode == 0, status.stderr
    assert "control-plane" in status.stdout

    assert boathouse_command(home, "down").returncode == 0
    assert wait_until_gone(pids) == []
    assert boathouse_command(home, "status").returncode == 6
    assert "is not running" in boathouse_command(home, "down").stdout


def test_a_second_up_on_the_same_home_says_so(boathouse: LocalBoathouse) -> None:
    for arguments in (["up", "--port", "0"], ["up", "--detach", "--port", "0"]):
        second = boathouse_command(boathouse.home.root, *arguments)
        assert second.returncode == 5
        assert f"already running on {boathouse.home.root} at {boathouse.url}" in second.stderr


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        up = boathouse_command(tmp_path / "home", "up", "--port", str(port))
    assert up.returncode == 6
    assert f"Port {port} of 127.0.0.1 cannot be used" in up.stderr
    assert "--port" in up.stderr


def test_an_impossible_port_is_refused(tmp_path: Path) -> None:
    assert boathouse_command(tmp_path / "home", "up", "--port", "99999").returncode == 2


def test_a_process_that_dies_is_started_again(tmp_path: Path) -> None:
    with running_boathouse(tmp_path) as server:
        before = server.pids["worker"]
        os.kill(before, signal.SIGKILL)
        deadline = time.monotonic() + 20
        while server.pids["worker"] == before and time.monotonic() < deadline:
            time.sleep(0.1)
        assert server.pids["worker"] != before
        assert psutil.pid_exists(server.pids["worker"])


def test_a_control_plane_that_never_starts_is_given_up(tmp_path: Path, no_control_plane: None) -> None:
    home = Home(tmp_path / "home")
    up = boathouse_command(home.root, "up", "--port", "0", "--serving-port", "0")
    assert up.returncode == 6
    assert "The control-plane died 5 times in a row (last exit code 7)" in up.stderr
    assert str(home.logs / "control-plane.log") in up.stderr
    assert home.running() is None


def test_when_the_supervisor_is_killed_its_processes_end_and_up_works_again(tmp_path: Path) -> None:
    server = start_boathouse(Home(tmp_path / "home"))
    pids = [server.pids["control-plane"], server.pids["worker"]]
    server.process.kill()
    server.process.wait()
    assert wait_until_gone(pids) == []

    again = start_boathouse(server.home)
    stop_boathouse(again)
    assert again.process.returncode == 0


def test_the_token_file_is_its_owners_alone(boathouse: LocalBoathouse) -> None:
    assert boathouse.home.token_file.stat().st_mode & 0o777 == 0o600


def test_a_lost_token_file_is_made_anew(tmp_path: Path) -> None:
    with running_boathouse(tmp_path) as server:
        first = server.token
    server.home.token_file.unlink()
    with running_boathouse(tmp_path) as server:
        assert server.token
        assert server.token != first
        assert server.client().get("/api/2.1/unity-catalog/catalogs")["catalogs"]


def test_health_needs_no_token_and_everything_else_does(boathouse: LocalBoathouse) -> None:
    import urllib3

    http = urllib3.PoolManager(retries=False)
    assert http.request("GET", f"{boathouse.url}/health").status == 200
    for path in (
        "/api/2.1/unity-catalog/catalogs",
        "/api/2.0/mlflow/experiments/search",
        "/api/2.2/jobs/list",
        "/nowhere",
    ):
        assert http.request("GET", f"{boathouse.url}{path}").status == 401, path


def test_env_prints_what_other_clients_look_for(boathouse: LocalBoathouse) -> None:
    printed = boathouse_command(boathouse.home.root, "env").stdout
    for name in (
        "BOATHOUSE_SERVING_URL",
        "MLFLOW_TRACKING_URI",
        "MLFLOW_TRACKING_TOKEN",
        "DATABRICKS_HOST",
        "DATABRICKS_TOKEN",
    ):
        assert f"export {name}=" in printed


def test_doctor_finds_nothing_on_a_healthy_home(boathouse: LocalBoathouse) -> None:
    done = boathouse_command(boathouse.home.root, "doctor")
    assert "boathouse.db" in done.stdout
    assert "ok," in done.stdout


def test_logs_shows_one_process_and_suggests_for_an_unknown_one(boathouse: LocalBoathouse) -> None:
    assert boathouse_command(boathouse.home.root, "logs", "control-plane").returncode == 0
    unknown = boathouse_command(boathouse.home.root, "logs", "controlplane")
    assert unknown.returncode == 4
    assert "Did you mean control-plane?" in unknown.stderr
