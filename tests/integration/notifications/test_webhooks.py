"""A real server tells a real receiver what has happened, also after it was killed."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.home import Home
from boathouse.testing import LocalBoathouse
from boathouse.testing.local import start_boathouse, stop_boathouse

_file = Path(__file__).parents[2] / "unit" / "notifications" / "servers.py"
_spec = importlib.util.spec_from_file_location("servers", _file)
assert _spec is not None and _spec.loader is not None
servers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(servers)

API = "/api/boathouse/v1"
MLFLOW = "/api/2.0/mlflow"


@pytest.fixture
def web() -> Iterator[Any]:
    with servers.web_server() as found:
        yield found


def wait_for(look: Callable[[], Any]) -> Any:
    for _ in range(3000):
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come about")


def model_with_version(server: LocalBoathouse, name: str) -> None:
    client = server.client()
    if not any(each["name"] == "hooks" for each in client.get("/api/2.1/unity-catalog/catalogs")["catalogs"]):
        client.post("/api/2.1/unity-catalog/catalogs", {"name": "hooks"})
        client.post("/api/2.1/unity-catalog/schemas", {"name": "s", "catalog_name": "hooks"})
    client.post(f"{MLFLOW}/registered-models/create", {"name": name})
    experiment = client.post(f"{MLFLOW}/experiments/create", {"name": f"/{name}"})["experiment_id"]
    run = client.post(f"{MLFLOW}/runs/create", {"experiment_id": experiment})["run"]["info"]
    source = f"{run['artifact_uri']}/model"
    client.post(f"{MLFLOW}/model-versions/create", {"name": name, "source": source, "run_id": run["run_id"]})


def destination(server: LocalBoathouse, name: str, url: str) -> None:
    body = {"display_name": name, "config": {"generic_webhook": {"url": url}}}
    server.client().post("/api/2.0/notification-destinations", body)


def test_a_new_version_and_a_moved_alias_are_told(boathouse: LocalBoathouse, web) -> None:
    destination(boathouse, "told", web.url)
    made = boathouse.run("webhooks", "create", "told", "--to", "told", "--subject", "hooks.s.told")
    assert made.stdout == "told is told of events by told.\n", made.stderr
    model_with_version(boathouse, "hooks.s.told")
    boathouse.run("model", "aliases", "hooks.s.told", "--set", "candidate=1", "--reason", "first")

    wait_for(lambda: len(web.received) >= 2)
    created, moved = [each.json for each in web.received]
    assert (created["event_type"], created["data"]["version"]) == ("model_version.created", 1)
    assert (moved["event_type"], moved["data"]["alias"], moved["data"]["reason"], moved["data"]["through"]) == (
        "model_version_alias.moved", "candidate", "first", "boathouse",
    )  # fmt: skip

    replayed = boathouse.run("webhooks", "replay", "told", "--event", created["event_id"])
    assert replayed.stdout == "1 event on the way again.\n", replayed.stderr
    assert wait_for(lambda: web.received[2:])[0].json == {**created, "replayed": True}
    listed = boathouse.run("webhooks", "deliveries", "told", "-o", "json")
    assert [each["event_type"] for each in json.loads(listed.stdout)] == [
        "model_version.created", "model_version_alias.moved", "model_version.created",
    ]  # fmt: skip
    shown = boathouse.run("events", "--subject", "hooks.s.told", "-o", "json")
    assert [each["event_id"] for each in json.loads(shown.stdout)] == [created["event_id"], moved["event_id"]]
    assert "told" not in boathouse.run("webhooks", "delete", "told").stderr


def test_what_happens_can_be_followed(boathouse: LocalBoathouse) -> None:
    model_with_version(boathouse, "hooks.s.followed")
    command = [sys.executable, "-m", "boathouse", "events", "--follow", "--subject", "hooks.s.followed", "-o", "json"]
    with subprocess.Popen(command, env=boathouse.environment(), stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        try:
            first = json.loads(following.stdout.readline())
            boathouse.run("model", "aliases", "hooks.s.followed", "--set", "now=1")
            second = json.loads(following.stdout.readline())
        finally:
            following.terminate()
    assert (first["type"], second["type"]) == ("model_version.created", "model_version_alias.moved")
    assert second["sequence"] > first["sequence"]


def test_a_job_starts_by_what_happens_and_can_ask_what_it_was(boathouse: LocalBoathouse) -> None:
    client, name = boathouse.client(), "hooks.s.started"
    wanted = {"types": ["model_version_alias.moved"], "subject": name, "fields": {"alias": "champion"}}
    condition = {"op": "EQUAL_TO", "left": "{{job.trigger.event.subject}}@{{job.trigger.event.version}}"}
    task = {"task_key": "is_it", "condition_task": {**condition, "right": f"{name}@1"}}
    job = client.post("/api/2.2/jobs/create", {"name": "by event", "tasks": [task], "trigger": {"event": wanted}})
    model_with_version(boathouse, name)
    for alias in ("other", "champion"):
        boathouse.run("model", "aliases", name, "--set", f"{alias}=1")

    def ended() -> list[dict[str, Any]]:
        runs = client.get("/api/2.2/jobs/runs/list", job_id=job["job_id"], expand_tasks=True).get("runs", [])
        return [each for each in runs if "result_state" in each["state"]]

    (run,) = wait_for(ended)
    assert (run["trigger"], run["state"]["result_state"]) == ("EVENT", "SUCCESS")
    assert run["tasks"][0]["condition_task"]["outcome"] == "true"
    assert run["trigger_info"]["event"]["data"]["alias"] == "champion"


def test_a_wrong_type_or_destination_says_what_there_is(boathouse: LocalBoathouse, web) -> None:
    destination(boathouse, "right", web.url)
    wrong = boathouse.run("webhooks", "create", "wrong", "--to", "right", "--type", "gate.faild")
    assert (wrong.returncode, "Did you mean gate.failed" in wrong.stderr) == (2, True)
    wrong = boathouse.run("webhooks", "create", "wrong", "--to", "rigth")
    assert (wrong.returncode, "Did you mean right" in wrong.stderr) == (4, True)
    wrong = boathouse.run("events", "--type", "nothing.*")
    assert (wrong.returncode, "There are: " in wrong.stderr) == (2, True)


def test_nothing_is_lost_when_the_control_plane_is_killed(tmp_path: Path, web) -> None:
    home = Home(tmp_path / ".boathouse")
    server = start_boathouse(home)
    try:
        destination(server, "hook", web.url)
        server.run("webhooks", "create", "all", "--to", "hook", "--type", "model_version_alias.moved")
        model_with_version(server, "hooks.s.killed")
        for alias in "abc":
            server.run("model", "aliases", "hooks.s.killed", "--set", f"{alias}=1")
        os.kill(server.pids["control-plane"], signal.SIGKILL)
        wait_for(lambda: {each.json["data"]["alias"] for each in web.received} == set("abc"))
    finally:
        stop_boathouse(server)
    assert len({each.json["event_id"] for each in web.received}) == 3


def test_targets_that_hang_fail_redirect_or_never_end_lose_nothing_and_keep_nobody_waiting(tmp_path: Path) -> None:
    server = start_boathouse(Home(tmp_path / ".boathouse"))
    with (
        servers.web_server() as good,
        servers.web_server() as failing,
        servers.web_server() as leading_away,
        servers.endless_server() as endless,
        servers.hanging_server() as hanging,
    ):
        failing.answers[:], leading_away.answers[:] = [500, 503], [302]  # to an address within the own network
        targets = {
            "good": good, "failing": failing, "away": leading_away, "endless": endless, "hanging": hanging,
        }  # fmt: skip
        try:
            for name, target in targets.items():
                destination(server, name, f"{target.url}/in")
                body = {"name": name, "destination": name, "filter": {"types": ["model_version_alias.moved"]}}
                server.client().post(f"{API}/webhooks", body)
            model_with_version(server, "hooks.s.attacked")
            for number, alias in enumerate("abcd"):
                wait_for(lambda: try_to(lambda: set_alias(server, "hooks.s.attacked", alias)))  # noqa: B023
                if number % 2:
                    os.kill(server.pids["control-plane"], signal.SIGKILL)
                    wait_for(lambda: try_to(lambda: server.client().get("/health")))
                wait_for(lambda: alias in aliases_told(good))  # noqa: B023

            for target in (failing, leading_away, endless):
                wait_for(lambda: aliases_told(target) == set("abcd"))  # noqa: B023
            assert {each.path for each in leading_away.received} == {"/in"}
            # what has come there is written down a moment later
            wait_for(lambda: {each["state"] for each in deliveries(server, "endless")} == {"DELIVERED"})
            left = wait_for(lambda: [each for each in deliveries(server, "hanging") if each["error"]])
            assert {each["state"] for each in left} == {"PENDING"}
            assert all(each["attempts"] >= 1 for each in left)
            assert len(deliveries(server, "hanging")) == 4

            before = {each.json["event_id"] for each in good.received}
            replayed = server.run("webhooks", "replay", "good", "--since", "1h")
            assert replayed.stdout == "4 events on the way again.\n", replayed.stderr
            wait_for(lambda: sum("replayed" in each.json for each in good.received) == 4)
            again = [each for each in good.received if "replayed" in each.json]
            assert {each.json["event_id"] for each in again} == before
        finally:
            stop_boathouse(server)


def set_alias(server: LocalBoathouse, name: str, alias: str) -> bool:
    server.client().put(f"{API}/models/{name}/aliases/{alias}", {"version": 1})
    return True


def aliases_told(target: Any) -> set[str]:
    return {each.json["data"]["alias"] for each in target.received}


def deliveries(server: LocalBoathouse, name: str) -> list[dict[str, Any]]:
    return server.client().get(f"{API}/webhooks/{name}/deliveries")["deliveries"]


def try_to(ask: Callable[[], Any]) -> Any:
    """What is answered; nothing while the server is away."""
    try:
        return ask()
    except (BoathouseError, OSError):
        return None
