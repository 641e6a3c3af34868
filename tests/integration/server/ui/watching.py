"""A table that was fine for two days and broke on the third: watched, alerted, with an incident, for tests of pages."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from boathouse.foundation.rest import Connection, RestClient
from boathouse.session.default import connected_session
from boathouse.testing import LocalBoathouse

API = "/api/boathouse/v1"
FIRST = datetime(2026, 3, 1, tzinfo=UTC)
HTML = "<img src=x onerror=window.hacked=1>"


@dataclass(frozen=True, slots=True)
class Watched:
    """What stands on the server, and whoever may only read it."""

    table: str
    alert: str
    incident: int
    reader: str
    """The token of somebody who may read the table, and decide nothing."""
    client: RestClient


def wait_for(look: Callable[[], Any]) -> Any:
    for _ in range(1200):
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come about")


def ended(client: RestClient, table: str) -> dict[str, Any]:
    """The newest refresh of a monitor, once it has ended."""
    path = f"/api/2.1/unity-catalog/tables/{table}/monitor/refreshes"
    newest = wait_for(
        lambda: (
            next((each for each in client.get(path)["refreshes"] if each["state"] in ("SUCCESS", "FAILED")), None)
            if client.get(path)["refreshes"][0]["state"] not in ("PENDING", "RUNNING")
            else None
        )
    )
    assert newest["state"] == "SUCCESS", newest
    return newest


def rows(day: int, *, broken: bool = False) -> list[dict[str, Any]]:
    """A day by the hour; of a broken one half of the wind is missing."""
    begin = FIRST + timedelta(days=day)
    return [
        {"at": begin + timedelta(hours=hour), "wind": None if broken and hour < 12 else float(hour), "sky": sky}
        for hour in range(24)
        for sky in [HTML if hour == 0 else "fog" if hour % 3 else "clear"]
    ]


def watched(boathouse: LocalBoathouse, name: str) -> Watched:
    """Make it all in a schema of its own."""
    import pyarrow as pa

    client, table = boathouse.client(), f"dev.{name}.weather"
    session = connected_session(Connection(boathouse.url, boathouse.token))
    session.sql(f"CREATE SCHEMA dev.{name}")
    session.write_table(table, pa.Table.from_pylist([*rows(0), *rows(1)]))
    monitor = {
        "output_schema_name": f"dev.{name}", "assets_dir": "/x", "slicing_exprs": ["sky"],
        "time_series": {"timestamp_col": "at", "granularities": ["1 day"]},
        "schedule": {"quartz_cron_expression": "0 0 12 1 1 ?", "timezone_id": "UTC"},
    }  # fmt: skip
    client.post(f"/api/2.1/unity-catalog/tables/{table}/monitor", monitor)
    ended(client, table)
    alert = f"{name} {HTML}"
    rule = {"table": table, "metric": "num_nulls", "columns": ["wind"], "above": 5, "severity": "critical",
            "description": HTML, "incident": {}, "runbook": "javascript:window.hacked=1"}  # fmt: skip
    client.put(f"{API}/alerts/{_part(alert)}", rule)
    session.write_table(table, pa.Table.from_pylist(rows(2, broken=True)), mode="append")
    client.post(f"{API}/monitors/{table}/refreshes", {})
    ended(client, table)
    (incident,) = wait_for(lambda: client.get(f"{API}/incidents", subject=table)["incidents"])
    return Watched(table, alert, incident["number"], _reader(boathouse, client, name), client)


def playbook_incident(seen: Watched, name: str, *, groups: list[str] | None = None) -> int:
    """An incident that somebody has opened, with a playbook of one step that waits."""
    step: dict[str, Any] = {"page": {"tell": ["desk@example.org"], "message": HTML}, "name": f"Tell the desk {HTML}"}
    if groups:
        step["approval"] = {"groups": groups}
    seen.client.put(f"{API}/playbooks/{name}", {"steps": [step]})
    opened = {"title": f"no wind {HTML}", "subject": seen.table, "severity": "warning", "playbook": name}
    return int(seen.client.post(f"{API}/incidents", opened)["number"])


def _reader(boathouse: LocalBoathouse, client: RestClient, name: str) -> str:
    who = f"{name}-reader"
    client.post(f"{API}/principals", {"name": who, "kind": "user"})
    for kind, thing, privileges in (
        ("catalog", "dev", ["USE_CATALOG"]),
        ("schema", f"dev.{name}", ["USE_SCHEMA", "SELECT"]),
    ):
        changes = {"changes": [{"principal": who, "add": privileges}]}
        client.patch(f"/api/2.1/unity-catalog/permissions/{kind}/{thing}", changes)
    made = boathouse.run("tokens", "create", "--for", who, "-o", "json")
    return str(json.loads(made.stdout)["token_value"])


def _part(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")
