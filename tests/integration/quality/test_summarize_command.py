"""``boathouse summarize`` and ``bh.summarize`` against a running Boathouse."""

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

TABLE = "dev.looks.weather"


@pytest.fixture(scope="module", autouse=True)
def table(boathouse: LocalBoathouse) -> None:
    session = connected_session(Connection(boathouse.url, boathouse.token))
    session.sql("CREATE SCHEMA IF NOT EXISTS dev.looks")
    session.write_table(TABLE, pl.DataFrame({"temp": [1.0, 2.0, None], "origin": ["JFK", "JFK", "LGA"]}))


def run(boathouse: LocalBoathouse, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "boathouse", *arguments], env={**os.environ, **boathouse.environment()},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def test_the_terminal_shows_the_columns(boathouse: LocalBoathouse) -> None:
    shown = run(boathouse, "summarize", TABLE)
    assert "temp" in shown and "33.33" in shown and "JFK 67 %" in shown and "3 rows" in shown


def test_json_and_a_page_hold_the_same(boathouse: LocalBoathouse, tmp_path: Path) -> None:
    file = tmp_path / "weather.html"
    found = json.loads(run(boathouse, "summarize", TABLE, "-c", "origin", "-o", "json", "--html", str(file)))
    assert found["rows"] == 3 and [each["name"] for each in found["columns"]] == ["origin"]
    assert "<svg" in file.read_text()


def test_python_has_the_same_verb(boathouse: LocalBoathouse) -> None:
    program = f"import boathouse as bh; print(bh.summarize({TABLE!r})['columns'][0]['median'])"
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **boathouse.environment()},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "1.5"
