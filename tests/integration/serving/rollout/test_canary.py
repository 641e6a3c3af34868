"""Canaries on a real Boathouse: a good version gets the traffic by itself, a bad one loses it, kill or no kill."""

import os
import signal
from typing import Any

import pytest

from .conftest import Served

pytestmark = pytest.mark.server

ABORT: dict[str, Any] = {"prediction_psi": None, "latency_ratio": None}


def canary(**changed: Any) -> dict[str, Any]:
    return {"steps": [20, 60], "bake": "1s", "minimum_requests": 20, "abort": ABORT, **changed}


def test_a_good_version_gets_all_of_the_traffic_by_itself(served: Served) -> None:
    served.add_version(1.0, alias="champion")
    served.begin({"canary": canary()})
    second = served.add_version(10.0, alias="champion")

    done = served.ended("done")

    assert [each["kind"] for each in done["history"]] == ["began", "advanced", "done"]
    assert [each["to_percent"] for each in done["history"]] == [20, 60, 100]
    assert served.ask_until(lambda: served.ask(1.0)[1] == pytest.approx([11.0]))
    evidence = served.client.get(f"/api/boathouse/v1/models/{served.model}/versions/{second}/evidence")
    assert {each["measurement"]["gate"] for each in evidence["evidence"]} >= {"canary"}
    events = served.client.get("/api/boathouse/v1/events", subject=served.name)["events"]
    assert {"rollout.stepped", "rollout.done"} <= {each["type"] for each in events}


def test_a_version_that_fails_loses_its_traffic_and_the_alias_goes_back(served: Served) -> None:
    first = served.add_version(1.0, alias="champion")
    served.begin({"canary": canary(roll_back_alias=True)})
    served.add_raising(alias="champion")

    ended = served.ended("aborted")

    assert "of the canary failed or fell" in ended["history"][-1]["reason"]
    aliases = served.wait_until(
        lambda: (
            (found := served.client.get(f"/api/boathouse/v1/models/{served.model}")["model"]["aliases"])
            and found["champion"] == first
            and found
        )
    )
    assert aliases["champion"] == first
    served.ask_until(lambda: all(served.ask(1.0)[:2] == (200, pytest.approx([2.0])) for _ in range(20)))


def test_people_step_and_end_by_the_command_line(served: Served) -> None:
    served.add_version(1.0, alias="champion")
    served.begin({"canary": canary(automatic=False)})
    served.add_version(10.0, alias="champion")
    served.wait_until(served.rollout)

    shown = served.boathouse.run("endpoint", "rollout", served.name)
    assert "1 → 2" in shown.stdout, shown.stderr
    advanced = served.boathouse.run("endpoint", "advance", served.name)
    assert "60 % of the traffic" in advanced.stdout, advanced.stderr
    aborted = served.boathouse.run("endpoint", "abort", served.name, "--reason", "not today")
    assert "version 2 has none" in aborted.stdout, aborted.stderr
    served.ask_until(lambda: all(served.ask(1.0)[1] == pytest.approx([2.0]) for _ in range(20)))
    retried = served.boathouse.run("endpoint", "retry", served.name)
    assert "20 % of the traffic" in retried.stdout, retried.stderr


def test_a_fall_to_a_constant_is_answered_and_told(served: Served) -> None:
    served.add_raising(alias="champion")
    served.begin({"fallback": [{"kind": "constant", "value": 0.5}]})

    status, predictions, headers = served.ask(1.0)
    assert (status, predictions, headers["x-fallback"]) == (200, [0.5], "constant")

    def told() -> list[dict[str, Any]]:
        events = served.client.get("/api/boathouse/v1/events", subject=served.name)["events"]
        return [each for each in events if each["type"] == "endpoint.fell"]

    (fell,) = served.ask_until(told)
    assert fell["data"]["rung"] == "constant"
    assert "knows nothing above zero" in fell["data"]["why"]


def test_a_control_plane_that_is_killed_goes_on_where_it_was(served: Served) -> None:
    served.add_version(1.0, alias="champion")
    served.begin({"canary": canary(minimum_requests=60)})
    served.add_version(10.0, alias="champion")
    before = served.wait_until(served.rollout)
    killed = served.boathouse.pids["control-plane"]
    os.kill(killed, signal.SIGKILL)

    # Answers go on meanwhile; nobody notices.
    assert all(served.ask(1.0)[0] == 200 for _ in range(200))
    served.wait_until(lambda: served.boathouse.pids["control-plane"] != killed)
    served.wait_until(lambda: _is_there(served))
    done = served.ended("done")
    assert done["rollout_id"] == before["rollout_id"]
    assert [each["kind"] for each in done["history"]] == ["began", "advanced", "done"]


def _is_there(served: Served) -> bool:
    from boathouse.foundation.errors import BoathouseError

    try:
        return bool(served.rollout())
    except BoathouseError:
        return False
