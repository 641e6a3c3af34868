"""What happens to tables, owners and recorders while answers are captured; nothing is lost, nothing is there twice."""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from boathouse.catalog import SecurableKind
from boathouse.catalog.events.repository import after
from boathouse.foundation.clock import SystemClock
from boathouse.foundation.errors import NotFound
from boathouse.lake import tables as lake_tables
from boathouse.serving.capture import inference_tables, recording
from boathouse.serving.capture.building import Builder
from boathouse.serving.capture.contexts import KnownEndpoint
from boathouse.serving.capture.layout import TableKind
from boathouse.serving.capture.masking import Masks
from boathouse.serving.capture.model_facts import KnownModels
from boathouse.serving.capture.reading import journals, segments
from boathouse.serving.capture.taken_apart import Columns, Read
from boathouse.serving.endpoints.nouns import CaptureTarget
from boathouse.serving.endpoints.policy import CaptureRules, OnFull
from boathouse.session import Session

from .conftest import PAYLOAD, PREDICTIONS, Capture
from .exchanges import endpoint, exchange


def named(numbers: range) -> list[str]:
    return sorted(f"request-{number}" for number in numbers)


def test_a_request_is_a_row_with_everything_that_came_of_it(capture: Capture) -> None:
    capture.captured(exchange(1, client_request_id="theirs", rung="constant", why="It raised.", role="fallback",
                              rung_details='{"value":1}'))  # fmt: skip
    (row,) = capture.rows()
    assert row["request_time"] == datetime.fromtimestamp(1_790_000_000, UTC).replace(microsecond=1)
    del row["request_time"], row["request_date"]
    assert row == {
        "databricks_request_id": "request-1",
        "client_request_id": "theirs",
        "status_code": 200,
        "sampling_fraction": 1.0,
        "execution_duration_ms": 1,
        "execution_duration_us": 1_234,
        "request": exchange().request.decode(),
        "response": exchange().response.decode(),
        "served_entity_id": "e1",
        "logging_error_codes": [],
        "requester": "ann",
        "endpoint_name": "delays",
        "endpoint_config_version": 2,
        "model_name": "main.flights.delays",
        "model_version": 3,
        "model_files": None,
        "environment": None,
        "route": "fallback",
        "fallback_rung": "constant",
        "fallback_reason": "It raised.",
        "fallback_details": '{"value":1}',
        "content_type": "application/json",
        "row_count": 1,
        "features": None,
        "masked_columns": [],
        "device": None,
        "arrived_at": None,
    }


def test_each_prediction_is_a_row_with_typed_columns(capture: Capture) -> None:
    request = {"dataframe_records": [{"a": 1, "b": "x"}, {"a": 2.5, "b": None}]}
    read = [
        {"values": {"mean": 0.5}, "event": {"mean": 1_000_000}},
        {"values": {"mean": None}, "event": {"mean": None}},
    ]
    capture.captured(
        exchange(
            1,
            request=json.dumps(request).encode(),
            response=b'{"predictions": [0.25, 0.75]}',
            features=json.dumps(read).encode(),
        )
    )
    rows = capture.rows(PREDICTIONS, "row_number")
    shown = [{name: row[name] for name in row if name.startswith(("in_", "out_", "feature_"))} for row in rows]
    assert shown == [
        {"in_a": 1.0, "in_b": "x", "feature_mean": 0.5, "feature_time_mean": datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC),
         "out_prediction": 0.25},
        {"in_a": 2.5, "in_b": None, "feature_mean": None, "feature_time_mean": None, "out_prediction": 0.75},
    ]  # fmt: skip
    assert [row["row_number"] for row in rows] == [0, 1]
    assert {row["model_version"] for row in rows} == {3}


def test_failed_requests_are_kept_and_have_no_predictions(capture: Capture) -> None:
    capture.captured(exchange(1, status=400, request=b"{", response=b'{"error_code": "X"}'), exchange(2))
    assert [row["status_code"] for row in capture.rows()] == [400, 200]
    assert capture.ids(PREDICTIONS) == ["request-2"]


def test_an_answer_that_cannot_be_taken_apart_is_kept_as_text(capture: Capture) -> None:
    capture.captured(exchange(1, response=b"not JSON"), exchange(2, request=b"\xff", content_type="image/png"))
    rows = capture.rows()
    assert [row["logging_error_codes"] for row in rows] == [["NOT_READABLE"], ["NOT_READABLE"]]
    assert rows[0]["response"] == "not JSON" and rows[1]["request"] == "/w=="


def test_several_rounds_workers_and_recorders_bring_each_exchange_once(capture: Capture) -> None:
    one, two = capture.journal(segment_bytes=2_000), capture.journal()
    for number in range(60):
        (one if number % 3 else two).write(exchange(number))
        if number % 7 == 0:
            capture.recorder.round()
        if number % 20 == 0:
            capture.recorder = capture.new_recorder()
    capture.new_recorder(most_bytes=1_500).round()
    capture.recorder = capture.new_recorder(most_bytes=1_500)
    while capture.recorder.round().is_full:
        pass
    assert capture.ids() == capture.ids(PREDICTIONS) == named(range(60))


def test_segments_are_removed_when_they_have_landed_and_journals_when_their_workers_are_dead(capture: Capture) -> None:
    journal = capture.journal(segment_bytes=500)
    for number in range(10):
        journal.write(exchange(number))
    capture.recorder.round()
    assert len(segments(journal.folder)) == 1
    capture.journals.clear()
    journal.close()
    capture.recorder.round()
    assert journals(capture.home.journals) == []
    assert capture.ids() == named(range(10))


def test_a_round_is_one_commit_for_all_workers(capture: Capture) -> None:
    capture.captured(exchange(1))
    before = capture.versions()
    for number in range(2, 6):
        capture.journal().write(exchange(number))
    capture.recorder.round()
    assert capture.versions() == before + 1


def test_tables_are_made_and_written_with_the_rights_of_the_owner(capture: Capture) -> None:
    capture.captured(exchange(1))
    assert capture.session.sql(f"DESCRIBE HISTORY {PAYLOAD}").arrow().num_rows == 2
    table = capture.catalog.securables.get(capture.session.principal, SecurableKind.TABLE, PAYLOAD)
    assert table.owner == "ann"


def test_an_owner_without_the_right_lets_rows_wait_until_it_comes_back(capture: Capture) -> None:
    capture.session.sql("ALTER SCHEMA main.flights OWNER TO `root`")
    journal = capture.journal(segment_bytes=500)
    for number in range(5):
        journal.write(exchange(number))
    assert capture.recorder.round().waiting == 1
    (told,) = [event for event in after(capture.catalog.database, 0) if event.type == "capture.degraded"]
    assert told.subject == "delays" and told.data["what"] == "table"
    assert capture.recorder.round().waiting == 1
    capture.recorder = capture.new_recorder()
    assert capture.recorder.round().waiting == 1
    capture.session.sql("ALTER SCHEMA main.flights OWNER TO `ann`")
    journal.write(exchange(5))
    assert capture.recorder.round().waiting == 0
    assert capture.ids() == named(range(6))
    assert len(segments(journal.folder)) == 1 and journals(capture.home.journals_aside) == []


def test_who_waits_holds_up_nobody_else(capture: Capture) -> None:
    stuck = endpoint(endpoint_id="ep2", name="stuck", capture=CaptureTarget("main", "missing", "stuck"))
    journal = capture.journal(segment_bytes=500)
    journal.follow([endpoint(), stuck])
    for number in range(20):
        journal.write(exchange(number, endpoint_id="ep1" if number % 2 else "ep2"))
        capture.recorder.round()
    assert capture.ids() == named(range(1, 20, 2))
    assert len(segments(journal.folder)) == 1  # the others count for no worker's bound
    capture.recorder = capture.new_recorder(most_bytes=1_000)
    while capture.recorder.round().is_full:
        pass
    capture.session.sql("CREATE SCHEMA main.missing")
    capture.session.sql("ALTER SCHEMA main.missing OWNER TO `ann`")
    for _ in range(3):
        capture.recorder.round()
    assert capture.ids("main.missing.stuck_payload") == named(range(0, 20, 2))
    assert capture.ids() == named(range(1, 20, 2))
    assert journals(capture.home.journals_aside) == []


def test_too_much_that_waits_is_given_up_and_told(capture: Capture) -> None:
    capture.session.sql("ALTER SCHEMA main.flights OWNER TO `root`")
    capture.recorder = capture.new_recorder(aside_bytes=2_000)
    journal = capture.journal(segment_bytes=500)
    for number in range(30):
        journal.write(exchange(number))
        capture.recorder.round()
    capture.session.sql("ALTER SCHEMA main.flights OWNER TO `ann`")
    capture.recorder.round()
    kept = capture.ids()
    assert 3 <= len(kept) < 12 and "request-29" in kept
    told = [event for event in after(capture.catalog.database, 0) if event.data.get("what") == "given_up"]
    assert told and {event.subject for event in told} == {"delays"}


def test_a_renamed_table_is_followed(capture: Capture) -> None:
    capture.captured(exchange(1))
    capture.session.sql(f"ALTER TABLE {PAYLOAD} RENAME TO requests")
    capture.captured(exchange(2))
    assert capture.ids("main.flights.requests") == named(range(1, 3))
    capture.recorder = capture.new_recorder()
    capture.captured(exchange(3))
    assert capture.ids("main.flights.requests") == named(range(1, 4))


def test_a_dropped_table_is_made_again_and_gets_what_comes(capture: Capture) -> None:
    capture.captured(exchange(1))
    capture.session.sql(f"DROP TABLE {PAYLOAD}")
    capture.captured(exchange(2))
    assert capture.ids() == ["request-2"]
    capture.recorder = capture.new_recorder()
    capture.captured(exchange(3))
    assert capture.ids() == ["request-2", "request-3"]
    assert capture.ids(PREDICTIONS) == named(range(1, 4))


def test_columns_that_were_taken_away_come_back(capture: Capture) -> None:
    capture.captured(exchange(1))
    kept = capture.session.sql(f"SELECT * EXCEPT (requester, status_code) FROM {PAYLOAD}").arrow()
    capture.session.write_table(PAYLOAD, kept, mode="overwrite", schema_mode="overwrite")
    capture.captured(exchange(2))
    assert [(row["requester"], row["status_code"]) for row in capture.rows()] == [(None, None), ("ann", 200)]


def test_values_that_a_column_does_not_take_any_more_go_beside_it(capture: Capture) -> None:
    capture.captured(exchange(1))
    changed = capture.session.sql(f"SELECT * EXCEPT (in_b), 1.5 AS in_b FROM {PREDICTIONS}").arrow()
    capture.session.write_table(PREDICTIONS, changed, mode="overwrite", schema_mode="overwrite")
    capture.captured(exchange(2))
    rows = capture.rows(PREDICTIONS)
    assert [row["in_b"] for row in rows] == [1.5, None]
    assert [row["in_b_2"] for row in rows] == [None, "x"]


def test_a_table_that_takes_no_rows_is_left_and_another_one_takes_them(capture: Capture) -> None:
    capture.captured(exchange(1))
    capture.session.sql(f"ALTER TABLE {PAYLOAD} ADD CONSTRAINT old CHECK (execution_duration_us < 2000)")
    capture.captured(exchange(2, duration_us=5_000))
    assert capture.ids() == ["request-1"]
    assert capture.ids(f"{PAYLOAD}_2") == ["request-2"]
    capture.recorder = capture.new_recorder()
    capture.captured(exchange(3))
    assert capture.ids(f"{PAYLOAD}_2") == ["request-2", "request-3"]
    assert capture.ids(PREDICTIONS) == named(range(1, 4))


def test_another_target_begins_new_tables_and_forgets_nothing_of_the_old(capture: Capture) -> None:
    journal = capture.journal()
    journal.write(exchange(1))
    journal.follow([endpoint(capture=CaptureTarget("main", "flights", "later"))])
    journal.write(exchange(2))
    capture.recorder.round()
    capture.new_recorder().round()
    assert capture.ids() == ["request-1"]
    assert capture.ids("main.flights.later_payload") == ["request-2"]


def test_a_table_of_somebody_else_is_not_touched(capture: Capture) -> None:
    capture.session.sql(f"CREATE TABLE {PAYLOAD} (a INT)")
    capture.captured(exchange(1))
    assert capture.ids(f"{PAYLOAD}_2") == ["request-1"]
    assert capture.session.table(PAYLOAD).arrow().num_rows == 0


class Ending:
    """Ends whoever does the step that is told, just before it or just behind it."""

    def __init__(self, at: int) -> None:
        self._at = at
        self._steps = 0

    def counted(self, original: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            self._step()
            result = original(*arguments, **options)
            self._step()
            return result

        return call

    def _step(self) -> None:
        self._steps += 1
        if self._steps == self._at:
            raise KeyboardInterrupt


@pytest.mark.parametrize("at", range(8))
def test_a_recorder_that_ends_between_any_two_steps_loses_and_doubles_nothing(
    capture: Capture, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    ending = Ending(at)
    journal = capture.journal(segment_bytes=500)
    for number in range(4):
        journal.write(exchange(number))
    with monkeypatch.context() as patch:
        patch.setattr(lake_tables, "append", ending.counted(lake_tables.append))
        patch.setattr(inference_tables.repository, "put", ending.counted(inference_tables.repository.put))
        patch.setattr(recording.Recorder, "_tidy", ending.counted(recording.Recorder._tidy))
        with suppress(KeyboardInterrupt):
            capture.recorder.round()
    capture.recorder = capture.new_recorder()
    capture.recorder.round()
    journal.write(exchange(4))
    capture.recorder.round()
    assert capture.ids() == capture.ids(PREDICTIONS) == named(range(5))


@pytest.mark.parametrize("at", range(10))
def test_a_recorder_that_ends_while_it_leaves_a_table_loses_and_doubles_nothing(
    capture: Capture, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    ending = Ending(at)
    journal = capture.journal()
    journal.write(exchange(1))
    capture.recorder.round()
    capture.session.sql(f"ALTER TABLE {PAYLOAD} ADD CONSTRAINT old CHECK (execution_duration_us < 2000)")
    journal.write(exchange(2, duration_us=5_000))
    with monkeypatch.context() as patch:
        patch.setattr(Session, "create_table", ending.counted(Session.create_table))
        patch.setattr(lake_tables, "append", ending.counted(lake_tables.append))
        patch.setattr(inference_tables.repository, "put", ending.counted(inference_tables.repository.put))
        with suppress(KeyboardInterrupt):
            capture.recorder.round()
    capture.recorder = capture.new_recorder()
    capture.recorder.round()
    journal.write(exchange(3))
    capture.recorder.round()
    found: list[str] = []
    for table in (PAYLOAD, f"{PAYLOAD}_2", f"{PAYLOAD}_3"):
        with suppress(NotFound):
            found += capture.ids(table)
    assert sorted(found) == named(range(1, 4))
    assert capture.ids(PREDICTIONS) == named(range(1, 4))


def test_a_worker_with_much_to_tell_keeps_no_other_from_being_heard(capture: Capture) -> None:
    capture.recorder = capture.new_recorder(most_bytes=600)
    loud, quiet = capture.journal(), capture.journal()
    quiet.write(exchange(1_000))
    for number in range(0, 40, 10):
        for more in range(10):
            loud.write(exchange(number + more))
        assert capture.recorder.round().is_full
    assert "request-1000" in capture.ids()


def test_two_recorders_at_once_double_nothing(capture: Capture) -> None:
    other = capture.new_recorder()
    journal = capture.journal()
    for number in range(10):
        journal.write(exchange(number))
        capture.recorder.round()
        other.round()
        (capture.recorder if number % 2 else other).round()
    assert capture.ids() == capture.ids(PREDICTIONS) == named(range(10))


class Breaking(Builder):
    """Stands for a mistake of ours that one request in a thousand brings out."""

    def columns(self, kind: TableKind, endpoint: KnownEndpoint, read: Sequence[Read]) -> Columns:
        if kind is TableKind.PREDICTIONS and any(each.rows and each.exchange.principal == "poison" for each in read):
            raise ZeroDivisionError
        return super().columns(kind, endpoint, read)


def test_a_request_that_cannot_be_taken_apart_keeps_no_other_out(capture: Capture) -> None:
    tables = inference_tables.InferenceTables(capture.catalog, capture.session_of, SystemClock())
    builder = Breaking(KnownModels(), Masks(b"key"))
    recorder = recording.Recorder(capture.home, tables, builder, capture.troubles)
    journal = capture.journal()
    for number, who in enumerate(["ann", "poison", "bob"]):
        journal.write(exchange(number, principal=who))
    assert recorder.round().waiting == 0
    assert capture.ids() == named(range(3))
    assert capture.ids(PREDICTIONS) == ["request-0", "request-2"]


def test_a_full_journal_is_told_of_once(capture: Capture) -> None:
    journal = capture.journal(CaptureRules(journal_mb=1, on_full=OnFull.DROP))
    while not journal.is_degraded:
        journal.write(exchange(1, request=b"x" * 100_000))
    for _ in range(2):
        capture.troubles.watch(capture.home.journals)
    (told,) = after(capture.catalog.database, 0)
    assert (told.type, told.subject) == ("capture.degraded", "worker-0")
    assert told.data["what"] == "journal" and told.data["left_out"] == 1
