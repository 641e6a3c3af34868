"""Feature tables over a real Boathouse: the law over HTTP, the API, the command line."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from click.testing import CliRunner

from boathouse.cli.describe import describe
from boathouse.cli.features import features
from boathouse.features import FeatureEngineeringClient
from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.foundation.rest import Connection
from boathouse.session import Session
from boathouse.session.default import connected_session
from boathouse.testing import LocalBoathouse

pytestmark = pytest.mark.server

NAME = "dev.ferry.crossings"
T0 = datetime(2013, 5, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def session(boathouse: LocalBoathouse) -> Session:
    return connected_session(Connection(boathouse.url, boathouse.token))


@pytest.fixture(scope="module")
def ferry(session: Session) -> FeatureEngineeringClient:
    """A feature table, a table made from it, and one that is none."""
    session.sql("CREATE SCHEMA dev.ferry")
    fe = FeatureEngineeringClient(session=session)
    rows = pl.DataFrame({"ship": ["a", "a", "b"], "at": [T0, T0 + timedelta(hours=1), T0], "late": [1.0, None, 3.0]})
    fe.create_table(
        name=NAME, primary_keys="ship", df=rows, timeseries_column="at", known_time="commit",
        description="How late ships are.", tags={"team": "sea"}, freshness=timedelta(hours=2),
    )  # fmt: skip
    session.sql(f"ALTER TABLE {NAME} ALTER COLUMN late COMMENT 'In minutes.'")
    session.sql(f"CREATE TABLE dev.ferry.late AS SELECT ship FROM {NAME} WHERE late > 2")
    session.sql("CREATE TABLE dev.ferry.plain (id BIGINT)")
    return fe


@pytest.fixture
def cli(boathouse: LocalBoathouse, monkeypatch: pytest.MonkeyPatch):
    def run(command, *arguments: str) -> str:
        for key, value in boathouse.environment().items():
            monkeypatch.setenv(key, value)
        result = CliRunner().invoke(command, list(arguments))
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.stdout

    return run


def test_a_feature_table_lives_the_same_life_over_http(ferry, session):
    fe, name = ferry, "dev.ferry.docks"
    made = fe.create_table(name=name, primary_keys="dock", df=pl.DataFrame({"dock": [1, 2], "depth": [4.0, 5.0]}))

    fe.write_table(name=name, df=pl.DataFrame({"dock": [2, 3], "depth": [6.0, 7.0]}))
    fe.set_feature_table_tag(name=name, key="tier", value="1")
    session.sql(f"ALTER TABLE {name} SET TBLPROPERTIES ('feature.freshness_seconds' = '60')")

    assert fe.read_table(name=name).pl().sort("dock")["depth"].to_list() == [4.0, 6.0, 7.0]
    assert made.primary_keys == ["dock"]
    assert (fe.get_table(name=name).tags, fe.get_table(name=name).freshness) == ({"tier": "1"}, timedelta(minutes=1))
    fe.delete_feature_table(name=name)
    with pytest.raises(NotFound):
        fe.get_table(name=name)


def test_a_correction_over_http_is_remembered_beside_what_was_known(ferry):
    before = ferry.read_table(name=NAME).pl().height

    ferry.write_table(name=NAME, df=pl.DataFrame({"ship": ["a", "b"], "at": [T0, T0], "late": [9.0, 3.0]}))

    late = ferry.read_table(name=NAME).pl().filter(ship="a", at=T0).sort("known_at")["late"].to_list()
    assert (late, ferry.read_table(name=NAME).pl().height) == ([1.0, 9.0], before + 1)


def test_feature_tables_are_listed_on_the_command_line(cli, ferry):
    text = cli(features, "list", "--schema", "dev.ferry")

    assert [line.split()[0] for line in text.splitlines()] == ["name", NAME]
    assert NAME in [each["name"] for each in json.loads(cli(features, "list", "--schema", "dev", "-o", "json"))]
    assert "no feature table" in cli(features, "list", "--schema", "prod")


def test_a_feature_table_is_shown_with_its_clocks_and_its_age(cli, ferry):
    text = cli(features, "show", NAME, "--as-of", "2013-05-01T04:00:00Z")
    lines = {line[:12].strip(): line[12:] for line in text.splitlines() if line}

    assert lines["key"] == "ship, at"
    assert lines["known"] == "known_at (commit)"
    assert lines["freshness"] == "newest 2013-05-01 01:00, 3:00:00 old, promised 2:00:00: late"
    assert lines["tags"] == "team=sea"
    assert "late     double  In minutes." in text
    shown = json.loads(cli(features, "show", NAME, "--as-of", "2013-05-01T02:00:00Z", "-o", "json"))
    assert (shown["freshness"]["is_kept"], shown["consumers"]) == (True, 1)
    with pytest.raises(InvalidInput, match="has no primary key"):
        cli(features, "show", "dev.ferry.plain")


def test_consumers_are_told_for_a_table_and_for_a_feature(cli, ferry):
    (found,) = json.loads(cli(features, "consumers", NAME, "-o", "json"))

    assert (found["kind"], found["name"], found["how"]) == ("table", "dev.ferry.late", "WRITE")
    assert "dev.ferry.late" in cli(features, "consumers", f"{NAME}.ship")
    assert "dev.ferry.late" in cli(features, "consumers", f"{NAME}.late")
    assert "Nothing" in cli(features, "consumers", f"{NAME}.at")


def test_a_description_has_the_feature_side(cli, ferry):
    text = cli(describe, NAME)

    assert "features    key         ship, at" in text
    assert json.loads(cli(describe, NAME, "--json"))["more"]["feature_table"]["name"] == NAME


def test_other_clients_see_the_key(boathouse, ferry):
    table = boathouse.client().get(f"/api/2.1/unity-catalog/tables/{NAME}")

    assert table["table_constraints"] == [
        {
            "primary_key_constraint": {
                "name": "crossings_pk",
                "child_columns": ["ship", "at"],
                "timeseries_columns": ["at"],
            }
        }
    ]
    assert table["properties"]["feature.known_column"] == "known_at"
