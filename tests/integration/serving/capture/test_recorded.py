"""From a request over HTTP to its row, its replay and the skew of its features."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import urllib3

from boathouse.foundation.errors import NotFound
from boathouse.foundation.rest import Connection
from boathouse.session.default import connected_session
from boathouse.testing import LocalBoathouse

from .conftest import ENDPOINT, MODEL, endpoint_of_the_model, run_script

_http = urllib3.PoolManager(retries=False)


def ask(server: LocalBoathouse, *rows: dict[str, Any], endpoint: str = ENDPOINT) -> tuple[str, list[float]]:
    """The id of the request and its answer."""

    def answered() -> Any:
        answer = _http.request(
            "POST",
            f"{server.serving_url}/serving-endpoints/{endpoint}/invocations",
            json={"dataframe_records": list(rows)},
            headers={"authorization": f"Bearer {server.token}"},
            timeout=60,
        )
        return answer if answer.status == 200 else None

    answer = until(answered)
    return answer.headers["x-request-id"], answer.json()["predictions"]


def until(fits: Callable[[], Any]) -> Any:
    end = time.monotonic() + 60
    while not (found := fits()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)
    return found


def rows_of(server: LocalBoathouse, table: str, request_id: str) -> list[dict[str, Any]]:
    """The rows of a request, once they are there."""
    session = connected_session(Connection(server.url, server.token))

    def found() -> list[dict[str, Any]]:
        query = f"SELECT * FROM {table} WHERE databricks_request_id = :id"
        try:
            return session.sql(query, {"id": request_id}).arrow().to_pylist()
        except NotFound:
            return []

    return until(found)


def test_an_answer_is_in_the_tables_with_the_features_it_was_given(recording: LocalBoathouse) -> None:
    request_id, predictions = ask(recording, {"station": "s3", "hour": 5}, {"station": "nowhere", "hour": 6})
    (row,) = rows_of(recording, "dev.rides.delay_payload", request_id)
    assert (row["status_code"], row["endpoint_name"], row["model_name"]) == (200, ENDPOINT, MODEL)
    assert (row["model_version"], row["row_count"], row["route"]) == (1, 2, "primary")
    assert json.loads(row["response"])["predictions"] == predictions
    assert row["model_files"] and "lightgbm==" in row["environment"]
    typed = sorted(rows_of(recording, "dev.rides.delay_predictions", request_id), key=lambda each: each["row_number"])
    assert [each["in_station"] for each in typed] == ["s3", "nowhere"]
    assert [each["feature_mean"] for each in typed] == [3 / 7, None]
    assert [each["out_prediction"] for each in typed] == predictions
    assert typed[0]["feature_time_mean"] is not None
    assert isinstance(typed[0]["in_hour"], int)


def test_who_asked_what_is_in_the_system_tables(recording: LocalBoathouse) -> None:
    request_id, _ = ask(recording, {"station": "s1", "hour": 1})
    (row,) = rows_of(recording, "system.serving.endpoint_usage", request_id)
    assert (row["status_code"], row["endpoint_name"], row["row_count"]) == (200, ENDPOINT, 1)
    done = recording.run(
        "sql",
        "SELECT e.entity_name, e.entity_version, count(*) AS n FROM system.serving.endpoint_usage AS u "
        "JOIN system.serving.served_entities AS e USING (served_entity_id) GROUP BY ALL",
    )
    assert done.returncode == 0, done.stderr
    assert MODEL in done.stdout
    body = {"statement": "SELECT count(*) AS n FROM system.serving.endpoint_usage", "wait_timeout": "50s"}
    answer = recording.client().post("/api/2.0/sql/statements", body)
    assert int(answer["result"]["data_array"][0][0]) >= 1


def test_a_tag_on_a_column_masks_it_wherever_it_stands(recording: LocalBoathouse) -> None:
    endpoint_of_the_model(recording, "masked")  # what is masked cannot be computed again, as others want to here
    session = connected_session(Connection(recording.url, recording.token))

    def captured_masked(*columns: str) -> dict[str, Any] | None:
        request_id, _ = ask(recording, {"station": "s7", "hour": 8}, endpoint="masked")
        (row,) = rows_of(recording, "dev.rides.masked_payload", request_id)
        return row if row["masked_columns"] == sorted(columns) else None

    until(captured_masked)
    request_id, _ = ask(recording, {"station": "s7", "hour": 8}, endpoint="masked")
    rows_of(recording, "dev.rides.masked_predictions", request_id)
    session.sql("ALTER TABLE dev.rides.stations ALTER COLUMN station SET TAGS ('pii' = 'id')")
    session.sql("ALTER TABLE dev.rides.masked_predictions ALTER COLUMN out_prediction SET TAGS ('pii')")
    try:
        row = until(lambda: captured_masked("station", "prediction", "predictions"))
        (sent,) = json.loads(row["request"])["dataframe_records"]
        assert sent["station"].startswith("masked:") and sent["hour"] == 8
        assert json.loads(row["response"])["predictions"][0].startswith("masked:")
        (typed,) = rows_of(recording, "dev.rides.masked_predictions", row["databricks_request_id"])
        assert typed["in_station"] == sent["station"] and typed["feature_mean"] == 1.0
    finally:
        session.sql("ALTER TABLE dev.rides.stations ALTER COLUMN station UNSET TAGS ('pii')")
        session.sql("UNSET TAG ON COLUMN dev.rides.masked_predictions.out_prediction pii")
    until(captured_masked)


def test_an_answer_comes_out_again(recording: LocalBoathouse, tmp_path: Path) -> None:
    request_id, _ = ask(recording, {"station": "s4", "hour": 7})
    rows_of(recording, "dev.rides.delay_payload", request_id)
    done = recording.run("replay", request_id, "--endpoint", ENDPOINT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{MODEL}@1 · equal" in done.stdout
    assert "Note" not in done.stdout
    unknown = recording.run("replay", "nobody")
    assert unknown.returncode == 4 and "is not in the inference tables" in unknown.stderr


def test_a_sample_is_replayed_into_a_table(recording: LocalBoathouse, tmp_path: Path) -> None:
    request_id, _ = ask(recording, {"station": "s5", "hour": 7})
    rows_of(recording, "dev.rides.delay_payload", request_id)
    told = run_script(
        recording,
        """
        import sys, warnings
        warnings.simplefilter("ignore")
        from boathouse.serving.replay.tasks import replay_sample
        sys.argv = ["replay_sample", "--endpoint", "delay", "--requests", "5"]
        replay_sample()
        """,
        tmp_path,
    )
    assert re.search(r"[1-9]\d* equal, 0 different, 0 cannot be replayed", told)
    session = connected_session(Connection(recording.url, recording.token))
    found = session.sql("SELECT DISTINCT verdict FROM dev.rides.delay_replays").arrow().to_pylist()
    assert found == [{"verdict": "equal"}]


def test_skew_is_measured_into_a_table(recording: LocalBoathouse, tmp_path: Path) -> None:
    request_id, _ = ask(recording, {"station": "s6", "hour": 7})
    rows_of(recording, "dev.rides.delay_payload", request_id)
    told = run_script(
        recording,
        """
        import sys, warnings
        warnings.simplefilter("ignore")
        from boathouse.serving.skew.tasks import measure_skew
        sys.argv = ["measure_skew", "--endpoint", "delay", "--since", "1h"]
        measure_skew()
        """,
        tmp_path,
    )
    assert "mean of dev.rides.stations: 0 of" in told
    session = connected_session(Connection(recording.url, recording.token))
    query = "SELECT feature, model_version, rows, mismatches, late FROM dev.rides.delay_skew"
    (found,) = session.sql(query).arrow().to_pylist()
    assert found["rows"] >= 1 and (found["feature"], found["model_version"]) == ("mean", 1)
    assert (found["mismatches"], found["late"]) == (0, 0)
