"""``boathouse contract`` against a running Boathouse: from a first contract to the event that it is broken."""

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from boathouse.foundation.rest import Connection
from boathouse.session.default import connected_session
from boathouse.testing import LocalBoathouse

TABLE = "dev.contracts.orders"
API = f"/api/boathouse/v1/contracts/{TABLE}"
TASK = """
import sys
from boathouse.quality.contracts.tasks import check_contract
sys.argv = ["check_contract", "--table", "dev.contracts.orders"]
check_contract()
"""


@pytest.fixture(scope="module", autouse=True)
def table(boathouse: LocalBoathouse) -> None:
    session = connected_session(Connection(boathouse.url, boathouse.token))
    session.sql("CREATE SCHEMA IF NOT EXISTS dev.contracts")
    rows = {"id": list(range(200)), "price": [float(each) for each in range(200)], "state": ["new", "paid"] * 100}
    session.write_table(TABLE, pl.DataFrame(rows))


def run(boathouse: LocalBoathouse, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "boathouse", "contract", *arguments],
        env={**os.environ, **boathouse.environment()},
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_a_contract_is_inferred_attached_asked_and_broken(boathouse: LocalBoathouse, tmp_path: Path) -> None:
    file, other = tmp_path / "orders.odcs.yaml", tmp_path / "other.odcs.yaml"
    run(boathouse, "infer", TABLE, "--file", str(file))
    run(boathouse, "infer", TABLE, "--file", str(file), code=2)

    assert "revision 1" in run(boathouse, "attach", str(file), TABLE)
    assert "the contract holds" in run(boathouse, "check", TABLE)
    assert run(boathouse, "show", TABLE) == file.read_text().rstrip() + "\n"

    session = connected_session(Connection(boathouse.url, boathouse.token))
    report = session.write_table(
        TABLE, pl.DataFrame({"id": [201, None], "price": [1.0, 2.0], "state": ["new", "lost"]})
    )
    assert report.set_aside == 1
    assert len(session.table(f"{TABLE}_quarantine").rows()) == 1

    other.write_text(file.read_text().replace("mustBeGreaterThan: 0", "mustBeGreaterThan: 1000"))
    assert "weaker" in run(boathouse, "diff", TABLE, str(other))
    run(boathouse, "attach", str(other), TABLE)
    assert "broken: has rows" in run(boathouse, "check", TABLE, code=1)

    client = boathouse.client()
    (told,) = [each for each in client.get("/api/boathouse/v1/events")["events"] if each["type"] == "contract.broken"]
    assert told["subject"] == TABLE
    assert told["data"]["rules"] == ["has rows"]
    (listed,) = json.loads(run(boathouse, "list", "-o", "json"))
    assert (listed["table"], listed["revision"], listed["broken"]) == (TABLE, 2, ["has rows"])
    assert [each["is_broken"] for each in client.get(f"{API}/checks")["checks"]] == [True, False]

    task = subprocess.run(
        [sys.executable, "-c", TASK], env={**os.environ, **boathouse.environment()}, capture_output=True, text=True
    )
    assert task.returncode == 1
    assert "broken: has rows" in task.stdout

    run(boathouse, "detach", TABLE)
    run(boathouse, "check", TABLE, code=4)
    assert [each["revision"] for each in client.get(f"{API}/revisions")["revisions"]] == [2, 1]
