"""A playbook on a real server: its job does the steps, stops where one fails or waits, and goes on from there."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from boathouse.testing import LocalBoathouse

PLAYBOOKS = """
playbooks:
  repair:
    steps:
      - run_job: {job: repair the feed}
      - name: Tell the desk
        page: {tell: [desk@example.org], message: The feed is repaired.}
        approval: {groups: [desk]}
"""
BUNDLE = "bundle: {name: keepers}\ntargets: {dev: {default: true}}\n"
JOB = {
    "name": "repair the feed",
    "tasks": [{"task_key": "one", "condition_task": {"op": "EQUAL_TO", "left": "1", "right": "1"}}],
}


def wait_for(look: Callable[[], Any]) -> Any:
    for _ in range(1200):
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come about")


def done(result: Any) -> str:
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_a_playbook_stops_where_a_step_fails_and_goes_on_from_there(boathouse: LocalBoathouse, tmp_path: Path) -> None:
    client = boathouse.client()
    done(boathouse.run("groups", "create", "desk"))
    (tmp_path / "databricks.yml").write_text(BUNDLE)
    (tmp_path / "boathouse.yml").write_text(PLAYBOOKS)
    done(boathouse.run("bundle", "deploy", cwd=tmp_path))
    assert json.loads(done(boathouse.run("bundle", "plan", "-o", "json", cwd=tmp_path)))["steps"] == []
    opened = json.loads(
        done(boathouse.run("incident", "open", "no wind", "--about", "feed", "--playbook", "repair", "-o", "json"))
    )
    number = str(opened["number"])

    def step(position: int) -> dict[str, Any]:
        return client.get(f"/api/boathouse/v1/incidents/{number}")["steps"][position - 1]

    def is_over() -> bool:
        return client.get(f"/api/boathouse/v1/incidents/{number}")["run_state"] in ("FAILED", "SUCCESS")

    done(boathouse.run("incident", "start", number))
    wait_for(lambda: step(1)["state"] == "FAILED" and is_over())
    assert "There is no job 'repair the feed'" in step(1)["detail"]
    assert step(2)["state"] == "WAITING"

    client.post("/api/2.2/jobs/create", JOB)
    done(boathouse.run("incident", "resume", number))
    wait_for(lambda: step(2)["state"] == "AWAITS_APPROVAL" and is_over())
    assert (step(1)["state"], step(1)["attempts"]) == ("DONE", 2)

    done(boathouse.run("incident", "approve", number, "2", "--reason", "seen"))
    wait_for(lambda: step(2)["state"] == "DONE")
    runs = client.get("/api/2.2/jobs/runs/list", limit=25)["runs"]
    assert len([each for each in runs if each["run_name"] == "repair the feed"]) == 1

    done(boathouse.run("incident", "note", number, "the vendor was called"))
    done(boathouse.run("incident", "close", number, "--because", "a broken sensor"))
    shown = done(boathouse.run("incident", "show", number))
    assert "Closed: a broken sensor" in shown
    assert "approved step 2, Tell the desk: seen" in shown
    review = tmp_path / "review.md"
    done(boathouse.run("incident", "review", number, "--to", str(review)))
    assert "a broken sensor" in review.read_text()
    assert boathouse.run("incident", "review", number, "--to", str(review)).returncode == 2
    assert "repair" in done(boathouse.run("playbook", "list"))
    done(boathouse.run("bundle", "destroy", "--auto-approve", cwd=tmp_path))
    assert boathouse.run("playbook", "show", "repair").returncode == 4
