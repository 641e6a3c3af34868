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


def test_a_refresh_that_finds_nulls_fires_opens_an_incident_and_leads_to_the_rows(
    boathouse: LocalBoathouse, tmp_path: Path
) -> None:
    client = boathouse.client()
    client.post("/api/2.1/unity-catalog/catalogs", {"name": "noticed"})
    done(boathouse.run("sql", "CREATE SCHEMA noticed.lab"))
    days = "explode(sequence(0, 23)) AS t(hour)"
    rows = f"timestamp '2026-03-0{{day}}' + make_interval(0, 0, 0, 0, hour) AS at, {{value}} AS wind_speed FROM {days}"
    first = rows.format(day=1, value="CAST(hour AS DOUBLE)")
    done(boathouse.run("sql", f"CREATE TABLE noticed.lab.weather AS SELECT {first}"))
    done(
        boathouse.run(
            "sql", "CREATE TABLE noticed.lab.gusts AS SELECT max(wind_speed) AS gust FROM noticed.lab.weather"
        )
    )
    monitor = tmp_path / "monitor.yml"
    monitor.write_text("output_schema_name: noticed.lab\ntime_series: {timestamp_col: at, granularities: [1 day]}\n")
    done(boathouse.run("monitor", "put", "noticed.lab.weather", "--file", str(monitor)))
    done(boathouse.run("monitor", "refresh", "noticed.lab.weather"))
    rule = tmp_path / "rule.yml"
    rule.write_text("table: noticed.lab.weather\nmetric: num_nulls\ncolumns: [wind_speed]\nabove: 5\nincident: {}\n")
    done(boathouse.run("alert", "put", "noticed", "--rule", str(rule)))

    broken = rows.format(day=2, value="CASE WHEN hour < 12 THEN NULL ELSE CAST(hour AS DOUBLE) END")
    done(boathouse.run("sql", f"INSERT INTO noticed.lab.weather SELECT {broken}"))
    done(boathouse.run("monitor", "refresh", "noticed.lab.weather"))
    (incident,) = wait_for(
        lambda: client.get("/api/boathouse/v1/incidents", subject="noticed.lab.weather")["incidents"]
    )
    assert (incident["alert"], incident["title"]) == ("noticed", "num_nulls of wind_speed")

    def changes() -> list[str]:
        timeline = client.get(f"/api/boathouse/v1/incidents/{incident['number']}")["timeline"]
        return [each["text"] for each in timeline if each["kind"] == "change"]

    assert any("wrote noticed.lab.weather" in text for text in wait_for(changes))

    told = json.loads(
        done(boathouse.run("monitor", "rows", "noticed.lab.weather", "--column", "wind_speed", "-o", "json"))
    )
    assert (told["count"], told["figure"]["num_nulls"], told["version"]) == (24, 12, 1)
    touched = json.loads(done(boathouse.run("impact", "noticed.lab.weather.wind_speed", "-o", "json")))
    found = {(each["name"], each["column"]) for each in touched["touched"]}
    assert {("noticed.lab.gusts", "gust"), ("noticed.lab.weather_profile_metrics", None)} <= found
    review = done(boathouse.run("incident", "review", str(incident["number"])))
    assert "table noticed.lab.gusts.gust" in review
