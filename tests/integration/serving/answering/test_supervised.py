"""The data plane as a part of a whole Boathouse."""

import os
import signal
import time

import psutil
import pytest
import urllib3

from boathouse.testing import LocalBoathouse

pytestmark = pytest.mark.server


def is_answering(server: LocalBoathouse) -> bool:
    try:
        return urllib3.request("GET", f"{server.serving_url}/ping", retries=False, timeout=5).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def wait_until_answering(server: LocalBoathouse) -> None:
    deadline = time.monotonic() + 60
    while not is_answering(server):
        assert time.monotonic() < deadline, "The data plane does not answer."
        time.sleep(0.1)


def test_up_starts_it_and_status_says_where_it_answers(serving_boathouse: LocalBoathouse) -> None:
    wait_until_answering(serving_boathouse)
    assert {"data-plane", "recorder"} <= set(serving_boathouse.pids)
    assert serving_boathouse.serving_url in serving_boathouse.run("status").stdout
    assert f"BOATHOUSE_SERVING_URL={serving_boathouse.serving_url}" in serving_boathouse.run("env").stdout


def test_a_token_that_was_just_made_is_known_and_one_that_was_revoked_is_not(
    serving_boathouse: LocalBoathouse,
) -> None:
    wait_until_answering(serving_boathouse)
    client = serving_boathouse.client()
    made = client.post("/api/2.0/token/create", {"comment": "short-lived"})

    def status() -> int:
        headers = {"authorization": f"Bearer {made['token_value']}"}
        return urllib3.request("GET", f"{serving_boathouse.serving_url}/health", headers=headers, timeout=5).status

    for expected in (200, 401):
        deadline = time.monotonic() + 20
        while status() != expected:
            assert time.monotonic() < deadline, f"The token is not answered with {expected}."
            time.sleep(0.05)
        if expected == 200:
            client.post("/api/2.0/token/delete", {"token_id": made["token_info"]["token_id"]})


def test_it_goes_on_without_its_control_plane_and_comes_back_when_killed(serving_boathouse: LocalBoathouse) -> None:
    wait_until_answering(serving_boathouse)
    control_plane = psutil.Process(serving_boathouse.pids["control-plane"])
    control_plane.suspend()
    try:
        assert is_answering(serving_boathouse)
        before = serving_boathouse.pids["data-plane"]
        os.kill(before, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while serving_boathouse.pids["data-plane"] == before:
            assert time.monotonic() < deadline, "The data plane is not started again."
            time.sleep(0.1)
        wait_until_answering(serving_boathouse)
    finally:
        control_plane.resume()


def test_a_recorder_that_keeps_dying_ends_no_answers(serving_boathouse: LocalBoathouse) -> None:
    wait_until_answering(serving_boathouse)
    before = serving_boathouse.pids
    for _ in range(6):
        killed = serving_boathouse.pids["recorder"]
        os.kill(killed, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while serving_boathouse.pids["recorder"] == killed:
            assert time.monotonic() < deadline, "The recorder is not started again."
            time.sleep(0.05)
    assert is_answering(serving_boathouse)
    assert {**serving_boathouse.pids, "recorder": 0} == {**before, "recorder": 0}
