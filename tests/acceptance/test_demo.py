"""`make demo`, on fewer flights: the same programme, the same bundle, a real server."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from boathouse.foundation.home import Home
from boathouse.foundation.rest import Connection, RestClient
from boathouse.lake import DuckDBEngine
from boathouse.session import RemoteLaw, Session

REPOSITORY = Path(__file__).parents[2]
DEMO = REPOSITORY / "examples" / "flights" / "demo.py"
SMALL = {"BUNDLE_VAR_sample_percent": "30"}
"""Enough for every slice to be judged."""

pytestmark = [pytest.mark.server, pytest.mark.timeout(1500)]


@dataclass(frozen=True)
class Demo:
    """A Boathouse on which the demo has run."""

    home: Home
    first: "subprocess.CompletedProcess[str]"

    def run(self, *targets: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return run_demo(self.home, *targets, **variables)

    def session(self, token: str | None = None) -> Session:
        law = RemoteLaw(self.client(token))
        return Session(law.who_am_i(), law, DuckDBEngine())

    def client(self, token: str | None = None) -> RestClient:
        url = str((self.home.running() or {})["url"])
        return RestClient(Connection(url, token or self.home.token() or ""))

    def token_of(self, principal: str) -> str:
        body = {"user_name": principal, "lifetime_seconds": 600, "comment": "test"}
        return self.client().post("/api/2.0/token/create", body)["token_value"]

    def model(self) -> dict[str, Any]:
        return self.client().get("/api/boathouse/v1/models/prod.flights.delay_model")

    def moves(self, model: str, alias: str) -> list[dict[str, Any]]:
        return self.client().get(f"/api/boathouse/v1/models/{model}/history", alias=alias)["moves"]

    def decision(self, model: str, version: int) -> dict[str, Any]:
        return self.client().get(f"/api/boathouse/v1/models/{model}/versions/{version}/decision")


def run_demo(home: Home, *targets: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "BOATHOUSE_HOME": str(home.root), "BOATHOUSE_PORT": "0", **SMALL, **variables}
    return subprocess.run(
        [sys.executable, str(DEMO), *targets], env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    home = Home(tmp_path_factory.mktemp("demo") / ".boathouse")
    try:
        first = run_demo(home)
        assert first.returncode == 0, first.stdout + first.stderr
        yield Demo(home, first)
    finally:
        environment = {**os.environ, "BOATHOUSE_HOME": str(home.root)}
        subprocess.run([sys.executable, "-m", "boathouse", "down"], env=environment, check=False)


def test_it_says_each_step_on_a_line_of_its_own_and_ends_with_a_report(demo: Demo) -> None:
    lines = demo.first.stdout.splitlines()

    steps = [line.split()[1:3] for line in lines if line.startswith("✓")]
    for target in ("dev", "staging"):
        assert [step for step in steps if step[0] == target and step[1] != "may"] == [
            [target, step] for step in ("deploy", "features", "training", "gates", "scoring")
        ]
    assert [step for name, step in steps if name == "prod"] == [
        "deploy", "features", "training", "gates", "approval", "promotion", "scoring", "training,", "gates,"
    ]  # fmt: skip
    assert steps.index(["prod", "deploy"]) > max(steps.index(["dev", "scoring"]), steps.index(["staging", "scoring"]))
    assert "\x1b" not in demo.first.stdout
    assert any("prod.flights.delay_model version 1 is champion" in line for line in lines)
    assert any("Stop it with" in line for line in lines)


def test_the_training_set_is_certified_and_the_report_shows_it(demo: Demo) -> None:
    assert "Certificate  passed: " in demo.first.stdout
    model = demo.model()

    [tags] = [version["tags"] for version in model["versions"] if version["version"] == 1]
    assert tags["certificate"] == "passed"
    assert "prod.flights.aircraft_days@v0" in tags["features"]


def test_predictions_stand_in_production_with_version_instant_and_as_of(demo: Demo) -> None:
    row = demo.session().sql(
        "SELECT count(*) AS rows, count(DISTINCT flight_id) AS flights, min(model_version) AS first,"
        " max(model_version) AS last, count(DISTINCT as_of) AS presents, min(late_probability) AS low,"
        " max(late_probability) AS high, bool_and(predicted_at < scheduled_departure_at) AS asked_before"
        " FROM prod.flights.predictions WHERE model_version = 1"
    ).rows()[0]  # fmt: skip

    assert row["rows"] == row["flights"] > 1000
    assert row["first"] == row["last"] == row["presents"] == 1
    assert 0 < row["low"] < row["high"] < 1
    assert row["asked_before"]


def test_each_catalog_has_its_own_champion_that_came_there_by_a_decision(demo: Demo) -> None:
    for catalog in ("dev", "staging", "prod"):
        moved = demo.moves(f"{catalog}.flights.delay_model", "champion")[-1]
        assert (moved["from_version"], moved["to_version"]) == (None, 1)
        assert demo.decision(f"{catalog}.flights.delay_model", 1)["standing"] == "may_be_promoted"


def test_what_goes_to_production_is_signed_by_somebody_who_has_not_made_it(demo: Demo) -> None:
    decision = demo.decision("prod.flights.delay_model", 1)

    assert [(each["principal"], each["say"]) for each in decision["approvals"]] == [("ada", "approved")]
    assert decision["missing_approvals"] == 0
    assert {row["verdict"] for row in decision["evidence"]} == {"passed"}
    gates = {row["measurement"]["gate"] for row in decision["evidence"]}
    assert {"against_baseline", "slices", "calibration", "point_in_time", "explainability", "serving_checks"} <= gates


def test_a_candidate_that_has_learned_nonsense_is_stopped_and_both_verdicts_are_shown(demo: Demo) -> None:
    decision = demo.decision("prod.flights.delay_model", 2)

    assert decision["standing"] == "blocked"
    failed = {row["measurement"]["gate"] for row in decision["evidence"] if row["verdict"] == "failed"}
    assert {"against_champion", "against_baseline"} <= failed
    assert "Version 1: the champion" in demo.first.stdout
    assert "Version 2: the one that has learned from shuffled outcomes" in demo.first.stdout


def test_the_evidence_is_a_table(demo: Demo) -> None:
    rows = demo.session().sql(
        "SELECT model_version, verdict, count(*) AS n FROM system.models.evidence"
        " WHERE model_name = 'prod.flights.delay_model' AND gate = 'against_champion' GROUP BY ALL"
    ).rows()  # fmt: skip

    assert {(row["model_version"], row["verdict"]) for row in rows} >= {(1, "passed"), (2, "failed")}


def test_the_predictions_can_be_traced_to_the_raw_files(demo: Demo) -> None:
    found = demo.client().get("/api/boathouse/v1/lineage/upstream", name="prod.flights.predictions")["edges"]

    names = {edge["source"]["name"] for edge in found if edge["source"]}
    assert {f"prod.flights.{name}" for name in ("questions", "examples", "weather", "planes", "landing")} <= names
    assert {f"prod.flights.{name}_days" for name in ("carrier", "route", "origin", "aircraft")} <= names
    versions = [edge["source"]["version"] for edge in found if (edge["source"] or {}).get("kind") == "table"]
    assert None not in versions
    [scored] = {edge["entity"]["job_name"] for edge in found if edge["entity"].get("task_key") == "score"}
    assert scored == "flights_scoring_prod"


def test_development_may_read_production_and_write_nothing_there(demo: Demo) -> None:
    from boathouse.foundation.errors import Denied

    dev = demo.session(demo.token_of("flights-dev"))

    assert dev.sql("SELECT count(*) AS n FROM prod.flights.predictions").rows()[0]["n"] > 0
    with pytest.raises(Denied, match="flights-dev"):
        dev.write_table("prod.flights.labels", dev.table("prod.flights.labels").arrow(), mode="overwrite")
    with pytest.raises(Denied, match="flights-dev"):
        dev.sql("CREATE TABLE prod.flights.mine AS SELECT 1 AS x")
    dev.sql("CREATE OR REPLACE TABLE dev.flights.mine AS SELECT count(*) AS n FROM prod.flights.predictions")
    refused = demo.session().sql(
        "SELECT count(*) AS n FROM system.access.audit"
        " WHERE user_identity.email = 'flights-dev' AND response.statusCode = 403"
    )  # fmt: skip
    assert refused.rows()[0]["n"] >= 3  # these two, and the one that the demo shows


def test_staging_and_development_see_only_their_own_catalog(demo: Demo) -> None:
    from boathouse.foundation.errors import NotFound

    staging = demo.session(demo.token_of("flights-staging"))

    with pytest.raises(NotFound):
        staging.table("prod.flights.flights").arrow()


def test_a_second_demo_works_and_one_that_is_as_good_takes_the_champions_place(demo: Demo) -> None:
    scored = "SELECT count(*) AS n FROM prod.flights.predictions WHERE model_version = {}"
    first = demo.session().sql(scored.format(1)).rows()[0]["n"]

    again = demo.run("prod")

    assert again.returncode == 0, again.stdout + again.stderr
    assert "(it was running)" in again.stdout
    assert "Nothing to do" in again.stdout
    model = demo.model()
    assert model["model"]["aliases"]["champion"] == 3
    assert max(version["version"] for version in model["versions"]) == 4
    assert demo.session().sql(scored.format(3)).rows()[0]["n"] == first


def test_a_failed_task_is_told_with_its_reason_and_its_log(demo: Demo) -> None:
    # given a present in which no flight had been scheduled yet
    failed = demo.run("dev", BUNDLE_VAR_as_of="2012-01-01")

    assert failed.returncode == 1
    assert "The task check of features of dev failed" in failed.stdout
    assert "there are at least 1,000 flights" in failed.stdout
    assert "BROKEN" in failed.stdout
