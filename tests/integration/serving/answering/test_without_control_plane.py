"""A control plane that keeps dying takes nobody's answers away."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import urllib3
from tests.integration.serving.batch.registering import register_line

from boathouse.foundation.health import read_health
from boathouse.testing import LocalBoathouse, running_boathouse
from boathouse.wiring.supervisor import HOPELESS_DEATHS

pytestmark = pytest.mark.server

MODEL = "dev.served.alone"
DEATHS = 6


def wait_until(fits: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 240
    while not fits():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def ask(server: LocalBoathouse) -> int:
    url = f"{server.serving_url}/serving-endpoints/alone/invocations"
    headers = {"authorization": f"Bearer {server.token}"}
    return urllib3.request("POST", url, json={"dataframe_records": [{"x": 1.0}]}, headers=headers, retries=False).status


def is_ready(server: LocalBoathouse) -> bool:
    found = server.client().get("/api/2.0/serving-endpoints/alone")["state"]
    return found == {"ready": "READY", "config_update": "NOT_UPDATING"}


def serve(server: LocalBoathouse) -> None:
    client = server.client()
    client.post("/api/2.1/unity-catalog/schemas", {"name": "served", "catalog_name": "dev"})
    register_line(server, MODEL)
    config = {"served_entities": [{"entity_name": MODEL, "entity_version": "champion"}]}
    client.post("/api/2.0/serving-endpoints", {"name": "alone", "config": config})
    wait_until(lambda: is_ready(server), "the endpoint is not ready")


def answers(server: LocalBoathouse) -> bool:
    try:
        return ask(server) == 200
    except (KeyError, urllib3.exceptions.HTTPError):  # not yet
        return False


def test_the_data_plane_and_the_worker_stay_and_it_is_tried_again(tmp_path: Path) -> None:
    with running_boathouse(tmp_path, variables={"BOATHOUSE_SERVING_WORKERS": "1"}) as server:
        serve(server)
        before = server.pids

        for death in range(1, DEATHS + 1):
            killed = server.pids["control-plane"]
            os.kill(killed, signal.SIGKILL)
            wait_until(lambda: "control-plane" in server.waiting, "its death is not noticed")
            assert server.waiting["control-plane"]["deaths"] == death
            assert ask(server) == 200
            if death < DEATHS:
                wait_until(lambda: "control-plane" not in server.waiting, "it is not started again")

        status = server.run("status")
        assert status.returncode == 6
        assert f"ended {DEATHS} times in a row, last with code -9; it is started again at" in status.stdout
        assert "1 of 1 endpoints ready" in status.stdout
        wait_until(lambda: read_health(server.url) is not None, "it is not started again")
        assert ask(server) == 200
        wait_until(lambda: is_ready(server), "the endpoint is not ready")
        assert {**server.pids, "control-plane": 0} == {**before, "control-plane": 0}
        assert f"ended with code -9 ({DEATHS} in a row)" in (server.home.logs / "supervisor.log").read_text()


def test_a_start_without_a_control_plane_is_not_given_up_where_predictions_are_answered(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with running_boathouse(tmp_path, variables={"BOATHOUSE_SERVING_WORKERS": "1"}) as server:
        serve(server)
    home = server.home
    request.getfixturevalue("no_control_plane")
    command = [sys.executable, "-m", "boathouse", "up", "--home", str(home.root), "--port", "0", "--serving-port", "0"]
    with (home.logs / "again.log").open("wb") as output:
        process = subprocess.Popen([*command, "--serving-workers", "1"], stdout=output, stderr=output)
    try:
        again = LocalBoathouse(home, process)
        wait_until(lambda: home.running() is not None and answers(again), "nothing answers")
        died = f"ended with code 7 ({HOPELESS_DEATHS} in a row)"
        wait_until(lambda: f"control-plane {died}" in (home.logs / "again.log").read_text(), "it is not tried again")
        assert process.poll() is None
        assert ask(again) == 200
    finally:
        process.terminate()
        process.wait(60)
