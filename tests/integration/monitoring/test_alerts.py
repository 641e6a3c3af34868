"""Alerts of a bundle on a real server: from a metric row to the message, by the command line."""

import importlib.util
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from boathouse.testing import LocalBoathouse

_file = Path(__file__).parents[2] / "unit" / "notifications" / "servers.py"
_spec = importlib.util.spec_from_file_location("servers", _file)
assert _spec is not None and _spec.loader is not None
servers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(servers)

NAME = "watched.lab.weather.nulls"
BUNDLE = """
bundle: {name: watchers}
resources:
  schemas:
    lab: {catalog_name: watched, name: lab}
targets:
  dev: {default: true}
"""
SETTINGS = """
alerts:
  nulls:
    table: ${resources.schemas.lab.id}.weather
    metric: percent_null
    above: 10
    severity: critical
    tell: [pager]
  fell:
    name: watched-fell
    events: {types: [endpoint.fell]}
"""


@pytest.fixture
def web() -> Iterator[Any]:
    with servers.web_server() as found:
        yield found


def wait_for(look: Callable[[], Any]) -> Any:
    for _ in range(600):
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come about")


def measured(day: int, value: float) -> str:
    start, end = f"timestamp '2026-03-{day:02}'", f"timestamp '2026-03-{day + 1:02}'"
    return (
        f"SELECT named_struct('start', {start}, 'end', {end}) AS `window`, 'INPUT' AS log_type, "
        "'1 day' AS granularity, "
        "CAST(NULL AS STRING) AS slice_key, CAST(NULL AS STRING) AS slice_value, '*' AS model_id, "
        f"'wind_speed' AS column_name, CAST(100 AS BIGINT) AS count, {value}D AS percent_null"
    )


def done(result: Any) -> str:
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_a_bundle_watches_a_table_and_somebody_is_told(boathouse: LocalBoathouse, web, tmp_path: Path) -> None:
    client = boathouse.client()
    client.post("/api/2.1/unity-catalog/catalogs", {"name": "watched"})
    client.post(
        "/api/2.0/notification-destinations",
        {"display_name": "pager", "config": {"generic_webhook": {"url": web.url}}},
    )
    (tmp_path / "databricks.yml").write_text(BUNDLE)
    (tmp_path / "boathouse.yml").write_text(SETTINGS)
    done(boathouse.run("bundle", "deploy", cwd=tmp_path))
    again = done(boathouse.run("bundle", "plan", "-o", "json", cwd=tmp_path))
    assert json.loads(again)["steps"] == []
    listed = json.loads(done(boathouse.run("alert", "list", "-o", "json")))
    origins = {each["name"]: each["origin"] for each in listed}
    assert (origins[NAME], origins["watched-fell"]) == ("watchers/dev", "watchers/dev")

    done(boathouse.run("sql", "CREATE TABLE watched.lab.weather (wind_speed DOUBLE)"))
    done(boathouse.run("sql", f"CREATE TABLE watched.lab.weather_profile_metrics AS {measured(1, 2.0)}"))
    assert done(boathouse.run("alert", "look", NAME)) == "Nothing is new.\n"
    done(boathouse.run("sql", f"INSERT INTO watched.lab.weather_profile_metrics {measured(2, 80.0)}"))
    assert "fires: wind_speed: 80 is above 10" in done(boathouse.run("alert", "look", NAME))
    told = wait_for(lambda: web.received)[0].json
    assert (told["event_type"], told["title"]) == ("alert.fired", f"CRITICAL: {NAME} fires for wind_speed")
    assert "FIRING" in done(boathouse.run("alert", "list", "--firing"))
    assert done(boathouse.run("alert", "acknowledge", NAME, "--why", "I see")) == f"Acknowledged 1 of {NAME}.\n"

    made = json.loads(done(boathouse.run("alert", "silence", NAME, "--for", "2h", "--why", "repair", "-o", "json")))
    assert made["silence_id"] in done(boathouse.run("alert", "silences"))
    done(boathouse.run("alert", "unsilence", made["silence_id"]))
    done(boathouse.run("alert", "resolve", NAME, "--why", "the feed is back"))
    assert "the feed is back" in done(boathouse.run("alert", "history", NAME, "-o", "json"))
    assert wait_for(lambda: web.received[1:])[0].json["event_type"] == "alert.resolved"

    (tmp_path / "boathouse.yml").write_text(SETTINGS.replace("above: 10", "above: 90"))
    done(boathouse.run("bundle", "deploy", cwd=tmp_path))
    revisions = json.loads(done(boathouse.run("alert", "show", NAME, "--history", "-o", "json")))
    assert [each["rule"]["above"] for each in revisions] == [90.0, 10.0]
    done(boathouse.run("bundle", "destroy", "--auto-approve", cwd=tmp_path))
    assert json.loads(done(boathouse.run("alert", "list", "--table", "watched.lab.weather", "-o", "json"))) == []


def test_what_is_wrong_with_an_alert_is_told_with_its_line(boathouse: LocalBoathouse, tmp_path: Path) -> None:
    (tmp_path / "databricks.yml").write_text(BUNDLE)
    (tmp_path / "boathouse.yml").write_text(
        "alerts:\n  one: {table: a.b.c, metric: avg, abov: 1}\n  two: {events: {types: [endpoint.fel]}}\n  three: {}\n"
    )
    refused = boathouse.run("bundle", "validate", cwd=tmp_path)
    assert refused.returncode == 2
    for line in (
        "boathouse.yml:2:41: alerts.one.abov: unknown field 'abov'.",
        "boathouse.yml:3: alerts.two.events.types[0]: no event is of the type 'endpoint.fel'.",
        "alerts.three: it says nothing.",
    ):
        where, _, text = line.partition(": ")
        assert text in refused.stdout + refused.stderr, (where, refused.stdout, refused.stderr)
