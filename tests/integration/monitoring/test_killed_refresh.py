"""A refresh whose processes are killed half way: after it each window is there once, and the next refresh is right."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
import pyarrow as pa
import pytest

from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.rest import Connection, RestClient
from boathouse.jobs.executing.starters import MARKER
from boathouse.session import Session
from boathouse.session.default import connected_session
from boathouse.testing import LocalBoathouse

pytestmark = [pytest.mark.server, pytest.mark.timeout(900)]

JANUARY = datetime(2013, 1, 1, tzinfo=UTC)
HOURS, PLACES = 200, 20
TABLES = ("profile_metrics", "drift_metrics", "profile_summaries")
SETTLED_SECONDS = 300


def weather(first: int, hours: int) -> pa.Table:
    places = range(first * PLACES * 2, (first + hours) * PLACES * 2)
    at = [JANUARY + timedelta(hours=each / PLACES / 2) for each in places]
    columns: dict[str, Any] = {"at": pa.array(at, pa.timestamp("us", "UTC"))}
    columns["place"] = [f"P{each % PLACES}" for each in places]
    for number in range(4):
        columns[f"c{number}"] = [float(each % (7 + number)) for each in places]
    return pa.table(columns)


def eventually(is_so: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + SETTLED_SECONDS
    while not (found := is_so()):
        assert time.monotonic() < deadline, "It has not happened."
        time.sleep(0.02)
    return found


def watched(session: Session, client: RestClient, table: str) -> dict[str, Any]:
    """A monitor whose first refresh has written its first table, and not all of them."""
    session.sql("CREATE SCHEMA IF NOT EXISTS dev.killed")
    session.write_table(table, weather(0, HOURS))
    hourly = {"timestamp_col": "at", "granularities": ["1 hour", "1 day"]}
    client.post(f"/api/2.1/unity-catalog/tables/{table}/monitor",
                {"output_schema_name": "dev.killed", "time_series": hourly, "slicing_exprs": ["place"]})  # fmt: skip

    def has_begun() -> bool:
        with suppress(BoathouseError):
            return client.get(f"/api/2.1/unity-catalog/tables/{table}_profile_summaries") is not None
        return False

    eventually(has_begun)
    return refreshes(client, table)[0]


def refreshes(client: RestClient, table: str) -> list[dict[str, Any]]:
    return client.get(f"/api/2.1/unity-catalog/tables/{table}/monitor/refreshes")["refreshes"]


def ended(client: RestClient, table: str, refresh_id: int) -> dict[str, Any]:
    def is_so() -> Any:
        found = {each["refresh_id"]: each for each in refreshes(client, table)}[refresh_id]
        return found if found["state"] in ("SUCCESS", "FAILED", "CANCELED") else None

    return eventually(is_so)


def refreshed(client: RestClient, table: str) -> dict[str, Any]:
    asked = client.post(f"/api/2.1/unity-catalog/tables/{table}/monitor/refreshes", {})
    return ended(client, table, asked["refresh_id"])


def check(session: Session, table: str, hours: int) -> None:
    keys = "granularity, window_start, slice_key, slice_value, column_name"
    for suffix in TABLES:
        (found,) = session.sql(
            f"SELECT sum(n) AS rows, count(*) AS keys FROM (SELECT count(*) AS n FROM {table}_{suffix} GROUP BY {keys})"
        ).rows()
        assert found["rows"] == found["keys"] > 0, suffix
    condition = "column_name = 'c1' AND granularity = '1 hour' AND slice_key"
    (said,) = session.sql(
        f"SELECT count(*) AS n, sum(count) AS c, sum(avg) AS a FROM {table}_profile_metrics "
        f"WHERE {condition} IS NOT NULL"
    ).rows()
    (true,) = session.sql(
        "SELECT count(*) AS n, sum(c) AS c, sum(a) AS a FROM (SELECT count(c1) AS c, avg(c1) AS a "
        f"FROM {table} GROUP BY date_trunc('hour', at), place)"
    ).rows()
    assert (said["n"], said["c"]) == (true["n"], true["c"]) == (hours * PLACES, hours * PLACES * 2)
    assert said["a"] == pytest.approx(true["a"])
    (drift,) = session.sql(f"SELECT count(*) AS n FROM {table}_drift_metrics WHERE {condition} IS NULL").rows()
    assert drift["n"] == hours - 1


def test_a_refresh_goes_on_when_its_worker_is_killed(boathouse: LocalBoathouse) -> None:
    session, client = connected_session(Connection(boathouse.url, boathouse.token)), boathouse.client()
    table = "dev.killed.by_worker"
    first = watched(session, client, table)
    os.kill(boathouse.pids["worker"], signal.SIGKILL)
    assert refreshes(client, table)[0]["state"] in ("PENDING", "RUNNING"), "it was killed half way"
    done = ended(client, table, first["refresh_id"])
    assert done["state"] == "SUCCESS", done
    assert len(refreshes(client, table)) == 1
    check(session, table, HOURS)
    session.write_table(table, weather(HOURS, 1))
    again = refreshed(client, table)
    assert again["state"] == "SUCCESS" and again["result"]["windows"] == 2, again
    check(session, table, HOURS + 1)


def test_a_refresh_whose_task_is_killed_fails_and_the_next_one_is_right(boathouse: LocalBoathouse) -> None:
    session, client = connected_session(Connection(boathouse.url, boathouse.token)), boathouse.client()
    table = "dev.killed.by_task"
    first = watched(session, client, table)
    for process in tasks_below(boathouse.pids["worker"]):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    failed = ended(client, table, first["refresh_id"])
    assert failed["state"] == "FAILED" and failed["message"], failed
    shown = client.get(f"/api/2.1/unity-catalog/tables/{table}/monitor")
    assert shown["status"] == "MONITOR_STATUS_ERROR"
    session.write_table(table, weather(HOURS, 1))
    assert refreshed(client, table)["state"] == "SUCCESS"
    check(session, table, HOURS + 1)
    assert client.get(f"/api/2.1/unity-catalog/tables/{table}/monitor")["status"] == "MONITOR_STATUS_ACTIVE"


def tasks_below(worker: int) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for each in psutil.Process(worker).children(recursive=True):
        with suppress(psutil.Error):
            if each.environ().get(MARKER, "").strip():
                found.append(each)
    return found
