"""``boathouse why``, through the whole server."""

import json
from uuid import uuid4

import pytest

from boathouse.testing import LocalBoathouse

pytestmark = pytest.mark.server


def test_what_somebody_may_do_is_told_with_what_is_missing(boathouse: LocalBoathouse) -> None:
    schema, who = f"dev.why_{uuid4().hex[:8]}", f"wanda-{uuid4().hex[:8]}"
    assert boathouse.run("users", "create", who).returncode == 0
    for statement in (
        f"CREATE SCHEMA {schema}",
        f"CREATE TABLE {schema}.rides (id BIGINT)",
        f"GRANT SELECT ON TABLE {schema}.rides TO `{who}`",
        f"GRANT USE CATALOG ON CATALOG dev TO `{who}`",
    ):
        done = boathouse.run("sql", statement)
        assert done.returncode == 0, done.stderr

    told = boathouse.run("why", f"{schema}.rides", "--principal", who, "--privilege", "select")
    assert told.stdout.splitlines()[1] == f"SELECT     no   Missing: USE SCHEMA on schema {schema}."

    assert boathouse.run("sql", f"GRANT USE SCHEMA ON SCHEMA {schema} TO `{who}`").returncode == 0
    (told,) = json.loads(
        boathouse.run("why", f"{schema}.rides", "--principal", who, "--privilege", "SELECT", "--output", "json").stdout
    )
    assert told["allowed"]
    assert [need["reasons"][0]["through"] for need in told["needs"]] == [[who], [who], [who]]


def test_what_does_not_exist_or_does_not_concern_it_is_told(boathouse: LocalBoathouse) -> None:
    assert "does not concern a catalog" in boathouse.run("why", "dev", "--kind", "catalog", "--privilege", "RUN").stderr
    assert "not found" in boathouse.run("why", "dev.nowhere.rides").stderr.lower()
    assert "is not a kind of securable" in boathouse.run("why", "dev", "--kind", "cupboard").stderr
