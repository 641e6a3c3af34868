"""`make demo`, on fewer flights: the same programme, the same bundle, a real server."""

import json
import os
import re
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
SMALL = {"FAST": "1"}
"""Thirty percent of the aircraft, which is enough for every slice to be judged, and fewer stops on the way."""

LOOP = "/api/boathouse/v1/models/prod.flights.delay_model/retraining"

pytestmark = [pytest.mark.server, pytest.mark.timeout(2400)]


@dataclass(frozen=True)
class Demo:
    """A Boathouse on which the demo has run."""

    home: Home
    first: "subprocess.CompletedProcess[str]"

    def run(self, *targets: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return run_demo(self.home, *targets, **variables)

    @property
    def said(self) -> str:
        """What the first one has printed, without the ends of lines."""
        return " ".join(self.first.stdout.split())

    @property
    def champion(self) -> int:
        """The version that the first one has left as champion."""
        found = re.search(r"prod\.flights\.delay_model version (\d+) is champion", self.said)
        assert found is not None
        return int(found[1])

    @property
    def timeline(self) -> str:
        """The lines between its heading and the table of the months."""
        return self.first.stdout.partition("The year in production")[2].partition("\nThe loop")[0]

    def table_of(self, stdout: str) -> str:
        """The table of the months, with what is said above it."""
        return stdout.partition("\nThe loop")[2].partition("boathouse.yml")[0]

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


def auc(rows: list[Any], column: str) -> float:
    """The chance that of two flights the late one got the higher probability, by ranks (Mann and Whitney 1947)."""
    from scipy.stats import rankdata

    ranks = rankdata([row[column] for row in rows])
    late = [rank for rank, row in zip(ranks, rows, strict=True) if row["late"]]
    return (sum(late) - len(late) * (len(late) + 1) / 2) / (len(late) * (len(rows) - len(late)))


def in_order(steps: list[str], *paths: tuple[str, ...]) -> bool:
    """Whether these are the steps of some paths that went side by side."""
    together = sorted(step for path in paths for step in path) == sorted(steps)
    return together and all(tuple(step for step in steps if step in path) == path for path in paths)


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
            [target, step] for step in ("deploy", "features", "training", "gates")
        ]
    production = [step for name, step in steps if name == "prod"]
    first = ["deploy", "features,", "training,", "gates", "approval", "promotion", "endpoint", "until", "retraining?"]
    assert production[: len(first)] == first
    ending, looking_back = production[-8:-4], production[-4:]
    assert in_order(ending, ("models", "until"), ("training,", "gates,"))  # nonsense is judged meanwhile
    assert in_order(looking_back, ("comparison",), ("inference", "replay", "scoring"))
    assert production.count("weather") == 2 and production.count("incident") == 1
    assert production.count("until") == 4
    learned = max(steps.index([target, "training"]) for target in ("dev", "staging"))
    judged = max(steps.index([target, "gates"]) for target in ("dev", "staging"))
    assert steps.index(["prod", "deploy"]) > learned and steps.index(["prod", "training,"]) > judged
    assert "\x1b" not in demo.first.stdout
    assert any(f"prod.flights.delay_model version {demo.champion} is champion" in line for line in lines)
    assert any("Stop it with" in line for line in lines)


def test_the_training_set_is_certified_and_the_report_shows_it(demo: Demo) -> None:
    assert "Certificate  passed: " in demo.first.stdout
    model = demo.model()

    [tags] = [version["tags"] for version in model["versions"] if version["version"] == demo.champion]
    assert tags["certificate"] == "passed"
    assert "prod.flights.aircraft_days@v1" in tags["features"]


def test_predictions_stand_in_production_with_version_instant_and_as_of(demo: Demo) -> None:
    row = demo.session().sql(
        "SELECT count(*) AS rows, count(DISTINCT flight_id) AS flights, min(model_version) AS first,"
        " max(model_version) AS last, count(DISTINCT as_of) AS presents, min(late_probability) AS low,"
        " max(late_probability) AS high, bool_and(predicted_at < scheduled_departure_at) AS asked_before"
        f" FROM prod.flights.predictions WHERE model_version = {demo.champion}"
    ).rows()[0]  # fmt: skip

    assert row["rows"] == row["flights"] > 1000
    assert row["first"] == row["last"] == demo.champion
    assert row["presents"] == 1
    assert 0 < row["low"] < row["high"] < 1
    assert row["asked_before"]


def test_each_catalog_has_its_own_champion_that_came_there_by_a_decision(demo: Demo) -> None:
    for catalog in ("dev", "staging", "prod"):
        moves = demo.moves(f"{catalog}.flights.delay_model", "champion")[::-1]
        assert (moves[0]["from_version"], moves[0]["to_version"]) == (None, 1)
        for moved in moves:
            assert demo.decision(f"{catalog}.flights.delay_model", moved["to_version"])["standing"] == "may_be_promoted"


def test_what_goes_to_production_is_signed_by_somebody_who_has_not_made_it(demo: Demo) -> None:
    decision = demo.decision("prod.flights.delay_model", demo.champion)

    assert [(each["principal"], each["say"]) for each in decision["approvals"]] == [("ada", "approved")]
    assert decision["missing_approvals"] == 0
    assert {row["verdict"] for row in decision["evidence"]} == {"passed"}
    gates = {row["measurement"]["gate"] for row in decision["evidence"]}
    assert {"against_baseline", "slices", "calibration", "point_in_time", "explainability", "serving_checks"} <= gates


def test_a_candidate_that_has_learned_nonsense_is_stopped_and_both_verdicts_are_shown(demo: Demo) -> None:
    found = re.search(r"Version (\d+): the one that has learned from shuffled outcomes", demo.said)
    assert found is not None
    decision = demo.decision("prod.flights.delay_model", int(found[1]))

    assert decision["standing"] == "blocked"
    failed = {row["measurement"]["gate"] for row in decision["evidence"] if row["verdict"] == "failed"}
    assert {"against_champion", "against_baseline"} <= failed
    assert f"Version {demo.champion}: the champion" in demo.said


def test_the_evidence_is_a_table(demo: Demo) -> None:
    rows = demo.session().sql(
        "SELECT model_version, verdict, count(*) AS n FROM system.models.evidence"
        " WHERE model_name = 'prod.flights.delay_model' AND gate = 'against_champion' GROUP BY ALL"
    ).rows()  # fmt: skip

    found = {(row["model_version"], row["verdict"]) for row in rows}
    assert {(1, "passed"), (demo.champion, "passed")} <= found
    assert "failed" in {verdict for _, verdict in found}


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


def test_each_request_was_answered_and_is_in_the_inference_table_once(demo: Demo) -> None:
    rows = demo.session().sql(
        "SELECT model_version, fallback_rung, count(*) AS n, count(DISTINCT databricks_request_id) AS ids,"
        " bool_and(status_code = 200) AS ok"
        " FROM prod.flights.flight_delays_payload WHERE route <> 'shadow' AND requester = 'ada'"
        " GROUP BY ALL"
    ).rows()  # fmt: skip

    assert all(row["n"] == row["ids"] and row["ok"] for row in rows)
    told = re.search(
        r"Answers +([\d,]+) requests over REST, 0 failed; ([\d,]+) in the inference table", demo.first.stdout
    )
    assert told is not None
    sent, captured = (int(each.replace(",", "")) for each in told.groups())
    # The demo asks some more times until the endpoint has come alive; these are no part of what it counts.
    assert sent == captured <= sum(row["n"] for row in rows) <= captured + 60
    said = dict(re.findall(r"prod\.flights\.delay_model@(\d+) answered ([\d,]+)", demo.said))
    by_version = {row["model_version"]: row["n"] for row in rows if row["fallback_rung"] is None}
    assert by_version[demo.champion] >= 80
    for version, count in said.items():
        stored = sum(row["n"] for row in rows if row["model_version"] == int(version))
        assert 0 < int(count.replace(",", "")) <= stored


def test_the_desk_decided_by_what_the_endpoint_had_answered(demo: Demo) -> None:
    rows = demo.session().sql(
        "SELECT d.flight_id, d.late_probability, d.rebook, d.model_version, p.out_prediction AS answered,"
        " p.model_version AS answered_by FROM prod.flights.decisions d LEFT JOIN"
        " prod.flights.flight_delays_predictions p ON p.databricks_request_id = d.request_id"
        " AND p.in_flight_id = d.flight_id"
    ).rows()  # fmt: skip

    assert len(rows) > 500
    assert len({row["flight_id"] for row in rows}) == len(rows)
    assert all(row["late_probability"] == row["answered"] for row in rows)
    assert all(row["model_version"] in (row["answered_by"], None) for row in rows)
    assert all(row["rebook"] == (row["late_probability"] >= 0.125) for row in rows)


def test_the_features_that_requests_were_answered_with_are_those_of_their_instant(demo: Demo) -> None:
    rows = demo.session().sql(
        "SELECT model_version, sum(rows) AS rows, sum(mismatches) AS mismatches"
        " FROM prod.flights.flight_delays_skew GROUP BY 1"
    ).rows()  # fmt: skip

    came = {moved["to_version"] for moved in demo.moves("prod.flights.delay_model", "champion")}
    # How much is allowed is what each canary was judged by, in its first minute; later the store is months further.
    assert {1} < came <= {row["model_version"] for row in rows if row["rows"] > 0}
    (first,) = (row for row in rows if row["model_version"] == 1)
    assert first["mismatches"] <= 0.01 * first["rows"]


def test_each_next_champion_came_by_canary_with_its_reasons(demo: Demo) -> None:
    rollouts = demo.client().get("/api/boathouse/v1/endpoints/flight-delays-prod/rollout")["rollouts"]
    moves = demo.moves("prod.flights.delay_model", "champion")[::-1]

    assert len(moves) >= 2
    taken = [(moved["from_version"], moved["to_version"]) for moved in moves[1:]]
    assert [(each["from_version"], each["to_version"]) for each in rollouts[::-1]] == taken
    for rollout in rollouts:
        assert rollout["state"] == "done"
        steps = sorted(rollout["history"], key=lambda step: step["at"])
        assert [step["to_percent"] for step in steps] == [25, 50, 100]
        rules = {finding["rule"] for finding in steps[-1]["findings"] if finding["ruling"] == "fine"}
        assert {"bake", "minimum_requests", "error_rate", "prediction_psi", "skew_rate"} <= rules


def test_a_candidate_watched_in_the_shadow_before_it_was_signed(demo: Demo) -> None:
    found = re.search(r"Shadow +version (\d+) beside what callers got, [\d,]+ times: \|difference\| 50 %", demo.said)
    assert found is not None
    row = demo.session().sql(
        "SELECT count(*) AS n FROM prod.flights.flight_delays_payload"
        f" WHERE route = 'shadow' AND model_version = {found[1]}"
    ).rows()[0]  # fmt: skip

    assert row["n"] > 0


def test_the_broken_week_fired_alerts_that_opened_one_incident_which_the_playbook_handled(demo: Demo) -> None:
    firings = demo.session().sql(
        "SELECT alert, column_name, window_start, resolved_at, incident FROM system.monitoring.alert_firings"
        " WHERE subject = 'prod.flights.weather'"
    ).rows()  # fmt: skip

    # A cold front may be odd too; it opens nothing that is not over when it is seen.
    firings = [row for row in firings if "07-01" <= row["window_start"].strftime("%m-%d") < "07-09"]
    assert {row["alert"].rpartition(".")[2] for row in firings} == {"weather_is_missing", "weather_is_odd"}
    assert all(row["resolved_at"] is not None for row in firings)
    [incident] = demo.client().get("/api/boathouse/v1/incidents", subject="prod.flights.weather")["incidents"]
    assert {row["incident"] for row in firings} == {incident["number"]}
    story = demo.client().get(f"/api/boathouse/v1/incidents/{incident['number']}")
    assert (story["state"], story["run_state"]) == ("CLOSED", "SUCCESS")
    assert [step["state"] for step in story["steps"]] == ["DONE", "DONE"]
    assert [step["action"] for step in story["steps"]] == ["freeze_retraining", "run_job"]


def test_after_the_playbook_the_weather_is_that_of_the_archive(demo: Demo) -> None:
    row = demo.session().sql(
        "SELECT count(*) AS hours, count(temperature_f) AS known, min(temperature_f) AS low FROM prod.flights.weather"
        " WHERE observed_at >= '2013-07-01' AND observed_at < '2013-07-08'"
    ).rows()[0]  # fmt: skip

    assert row["hours"] == row["known"] > 400
    assert row["low"] > 60


def test_callers_got_answers_with_the_broken_weather_which_are_counted(demo: Demo) -> None:
    found = re.search(r"Touched +([\d,]+) answers", demo.said)
    assert found is not None
    broken = demo.session().sql(
        "SELECT count(*) AS n FROM prod.flights.flight_delays_predictions WHERE requester = 'flights-prod'"
        " AND in_asked_at >= '2013-07-01T04:00:00' AND in_asked_at < '2013-07-08T04:00:00'"
        " AND (feature_temperature_f IS NULL OR feature_temperature_f < 45)"
    ).rows()[0]  # fmt: skip

    assert 0 < broken["n"] <= int(found[1].replace(",", ""))


def test_every_decision_of_the_loop_is_in_the_timeline_and_says_why(demo: Demo) -> None:
    decisions = demo.client().get(f"{LOOP}/decisions")["decisions"]

    assert decisions
    timeline = demo.timeline
    for each in decisions:
        assert f"{each['decision']} ({each['trigger']})" in timeline
        if each["decision"] == "started":
            assert each["run_id"] is not None
            assert each["state"] in ("promoted", "rejected")
            assert f"version {each['version']}: {each['state']}" in timeline
        else:
            assert each["brake"] is not None
    started = [each for each in decisions if each["decision"] == "started"]
    assert started
    kinds = ("model", "month", "fault", "alert", "incident", "playbook", "retraining", "champion")
    assert all(re.search(rf"\d\d +{kind} ", timeline) for kind in kinds)


def test_what_the_loop_was_worth_follows_from_the_tables(demo: Demo) -> None:
    """Every figure of the last table is computed here once more, in another way."""
    session = demo.session()
    rows = session.sql(
        "SELECT y.*, l.late AS landed_late FROM prod.flights.year y LEFT JOIN prod.flights.labels l"
        " ON l.flight_id = y.flight_id"
    ).rows()  # fmt: skip
    assert all(row["late"] == row["landed_late"] for row in rows if row["month"] < "2013-12")
    worth = {(True, True): 180, (True, False): -60, (False, True): -240, (False, False): 0}

    def value(part: list[Any], column: str) -> float:
        return sum(worth[row[column] >= 0.125, row["late"]] for row in part)

    line = r"^ +(2013-\d\d|all) +([\d,]+) +([\d,]+) +(0\.\d{3}) +(0\.\d{3}) .*?([+-][\d,]+) *$"
    shown = re.findall(line, demo.first.stdout, re.MULTILINE)
    assert [each[0] for each in shown] == [*(f"2013-{month:02}" for month in range(4, 13)), "all"]
    for month, count, versions, loop_auc, first_auc, gain in shown:
        part = [row for row in rows if month in ("all", row["month"])]
        assert len(part) == int(count.replace(",", ""))
        assert {str(row["model_version"]) for row in part} == set(versions.split(","))
        assert f"{auc(part, 'late_probability'):.3f}" == loop_auc
        assert f"{auc(part, 'first_probability'):.3f}" == first_auc
        earned = value(part, "late_probability") - value(part, "first_probability")
        assert f"{earned / 1000:+,.0f}" == gain
    total = value(rows, "late_probability") - value(rows, "first_probability")
    assert ("The loop was worth it" in demo.said) == (total > 0)


def test_the_versions_of_the_year_are_those_that_the_loop_had_promoted_by_then(demo: Demo) -> None:
    rows = demo.session().sql("SELECT DISTINCT month, model_version FROM prod.flights.year").rows()
    decisions = demo.client().get(f"{LOOP}/decisions")["decisions"]

    promoted = {each["as_of"][:7]: each["version"] for each in decisions if each["state"] == "promoted"}
    for row in rows:
        before = [promoted[month] for month in sorted(promoted) if month <= row["month"]]
        assert row["model_version"] == ([1, *before][-1])


def test_where_the_first_model_answers_both_are_one_and_the_endpoint_has_said_the_same(demo: Demo) -> None:
    rows = demo.session().sql(
        "SELECT y.model_version, y.late_probability, y.first_probability, d.late_probability AS answered, y.asked_at"
        " FROM prod.flights.year y LEFT JOIN prod.flights.decisions d"
        " ON d.flight_id = y.flight_id AND d.model_version = y.model_version"
    ).rows()  # fmt: skip

    assert all(row["late_probability"] == row["first_probability"] for row in rows if row["model_version"] == 1)
    broken = ("07-01", "07-09")
    live = [row for row in rows if row["answered"] is not None
            and not broken[0] <= row["asked_at"].strftime("%m-%d") < broken[1]]  # fmt: skip
    apart = sorted(abs(row["answered"] - row["late_probability"]) for row in live)
    assert len(live) > 400
    # What the online store said was up to three hours old.
    assert apart[len(apart) // 2] < 0.05


def test_while_the_models_were_dead_the_rungs_below_answered(demo: Demo) -> None:
    rows = demo.session().sql(
        "SELECT fallback_rung, min(fallback_reason) AS why, count(*) AS n"
        " FROM prod.flights.flight_delays_payload WHERE fallback_rung IS NOT NULL GROUP BY 1"
    ).rows()  # fmt: skip

    assert {row["fallback_rung"] for row in rows} <= {"previous", "rules"}
    assert sum(row["n"] for row in rows) >= 20
    assert all("prod.flights.delay_model@" in row["why"] for row in rows)


def test_an_answer_comes_out_again(demo: Demo) -> None:
    assert re.search(r"Replay +\S+: equal \(prod\.flights\.delay_model@\d+\)", demo.said)


def test_the_request_that_is_printed_answers(demo: Demo) -> None:
    [line] = [line for line in demo.first.stdout.splitlines() if line.strip().startswith("curl -s ")]

    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)

    assert 0 < json.loads(done.stdout)["predictions"][0] < 1


@pytest.mark.runs_the_demo_again
def test_a_second_demo_works_and_finds_the_year_lived_through(demo: Demo) -> None:
    newest = max(version["version"] for version in demo.model()["versions"])
    year = "SELECT count(*) AS n, sum(late_probability) AS said FROM prod.flights.year"
    before = demo.session().sql(year).rows()

    again = demo.run("prod")

    assert again.returncode == 0, again.stdout + again.stderr
    assert "(it was running)" in again.stdout
    assert "Nothing to do" in again.stdout
    model = demo.model()
    # One more for the last month, which is as good and so takes the champion's place, and one that learned nonsense.
    assert model["model"]["aliases"]["champion"] == newest + 1
    assert max(version["version"] for version in model["versions"]) == newest + 2
    assert demo.session().sql(year).rows() == before
    assert demo.table_of(again.stdout) == demo.table_of(demo.first.stdout)


@pytest.mark.runs_the_demo_again
def test_a_failed_task_is_told_with_its_reason_and_its_log(demo: Demo) -> None:
    # given a present in which no flight had been scheduled yet
    failed = demo.run("dev", BUNDLE_VAR_as_of="2012-01-01")

    assert failed.returncode == 1
    assert "The task live of month of dev failed" in failed.stdout
    assert "there are at least 1,000 flights" in failed.stdout
    assert "BROKEN" in failed.stdout
