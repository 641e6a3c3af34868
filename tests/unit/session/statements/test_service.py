"""What is remembered of statements, and for how long: the service over a real database and real files."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog
from boathouse.foundation.clock import ManualClock
from boathouse.foundation.errors import Conflict, InvalidInput, NotFound, Unavailable
from boathouse.foundation.home import Home
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database
from boathouse.session.statements.formatting import text_rows
from boathouse.session.statements.nouns import Disposition, Json, Outcome, State, StatementRequest, values_of
from boathouse.session.statements.query_process import run_statement
from boathouse.session.statements.results import ResultStore, write_chunks
from boathouse.session.statements.service import KEPT_UNREAD, REMEMBERED, Statements

ANN, BOB = Principal("ann"), Principal("bob")


class Desk:
    """A pool that does its jobs when the test says so."""

    def __init__(self) -> None:
        self.jobs: dict[str, Json] = {}

    def submit(self, job_id: str, content: Json) -> None:
        self.jobs[job_id] = content

    def cancel(self, job_id: str) -> bool:
        return self.jobs.pop(job_id, None) is not None

    def close(self) -> None:
        self.jobs.clear()


class House:
    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)
        self.home.create()
        self.database = Database(migrated_sqlite(self.home.databases / "boathouse.db"))
        self.clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.catalog = Catalog(self.database, self.home, self.clock)
        self.store, self.desk = ResultStore(self.home), Desk()
        self.statements = self.started()

    def started(self) -> Statements:
        made = Statements(self.database, self.catalog, self.store, self.clock)
        made.start(lambda _: self.desk)
        return made

    def succeeded(self, principal: Principal = ANN) -> str:
        """A statement of three rows that has succeeded."""
        record = self.statements.execute(principal, StatementRequest("SELECT 1"))
        rows = pa.table({"x": [1, 2, 3]})
        outcome = write_chunks(self.store.folder(record.id), rows.to_reader(), record.request)
        self.statements.started(record.id)
        self.statements.ended(record.id, {"event": "done", "outcome": outcome.to_json()})
        return record.id


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.statements.close()
    made.database.dispose()


def test_a_restart_turns_what_was_running_into_a_failure_that_says_so(house: House) -> None:
    waiting = house.statements.execute(ANN, StatementRequest("SELECT 1"))
    done = house.succeeded()
    after = house.started()
    found = after.get(ANN, waiting.id)
    assert (found.state, found.outcome.error) == (
        State.FAILED,
        "The server was restarted while the statement ran; send it again.",
    )
    assert after.chunk(ANN, done, 0).rows.num_rows == 3
    after.close()


def test_rows_are_kept_for_an_hour_after_they_were_last_looked_at(house: House) -> None:
    statement_id = house.succeeded()
    house.clock.advance(KEPT_UNREAD - timedelta(minutes=1))
    house.statements.chunk(ANN, statement_id, 0)
    house.clock.advance(KEPT_UNREAD - timedelta(minutes=1))
    house.statements.sweep()
    assert house.statements.chunk(ANN, statement_id, 0).rows.num_rows == 3
    house.clock.advance(KEPT_UNREAD + timedelta(minutes=1))
    house.statements.sweep()
    assert house.statements.get(ANN, statement_id).state is State.CLOSED
    assert not house.store.folder(statement_id).exists()
    with pytest.raises(Conflict, match="CLOSED"):
        house.statements.chunk(ANN, statement_id, 0)
    house.clock.advance(REMEMBERED)
    house.statements.sweep()
    with pytest.raises(NotFound):
        house.statements.get(ANN, statement_id)


def test_files_that_no_statement_knows_are_removed(house: House) -> None:
    house.store.folder("left-behind").mkdir(parents=True)
    running = house.statements.execute(ANN, StatementRequest("SELECT 1"))
    house.store.folder(running.id).mkdir(parents=True)
    house.statements.sweep()
    assert house.store.ids() == [running.id]


def test_a_statement_is_hidden_from_others(house: House) -> None:
    statement_id = house.succeeded(ANN)
    for verb in (house.statements.get, house.statements.cancel):
        with pytest.raises(NotFound):
            verb(BOB, statement_id)
    with pytest.raises(NotFound):
        house.statements.chunk(ANN, statement_id, 7)


def test_a_result_is_written_in_chunks_and_cut_where_it_was_asked_for(tmp_path: Path) -> None:
    rows = pa.table({"x": range(250_000)})
    whole = write_chunks(tmp_path / "a", rows.to_reader(), StatementRequest("q"))
    assert whole.row_count == 250_000 and len(whole.chunks) > 1 and not whole.truncated
    assert [chunk.row_offset for chunk in whole.chunks][:2] == [0, whole.chunks[0].row_count]
    few = write_chunks(tmp_path / "b", rows.to_reader(), StatementRequest("q", row_limit=7))
    small = write_chunks(tmp_path / "c", rows.to_reader(), StatementRequest("q", byte_limit=800))
    assert (few.row_count, few.truncated, small.row_count, small.truncated) == (7, True, 100, True)
    text = pa.table({"x": ["x" * 1000] * 30_000})
    with pytest.raises(Unavailable, match="26214400 bytes"):
        write_chunks(tmp_path / "d", text.to_reader(), StatementRequest("q"))
    linked = StatementRequest("q", disposition=Disposition.EXTERNAL_LINKS)
    assert write_chunks(tmp_path / "e", text.to_reader(), linked).row_count == 30_000
    nothing = write_chunks(tmp_path / "f", rows.slice(0, 0).to_reader(), StatementRequest("q"))
    assert (nothing.row_count, len(nothing.chunks)) == (0, 1)
    assert Outcome.from_json(nothing.to_json()) == nothing


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (1e7, pa.float64(), "1.0E7"),
        (123456.5, pa.float64(), "123456.5"),
        (-0.00012, pa.float64(), "-1.2E-4"),
        (float("nan"), pa.float64(), "NaN"),
        (float("-inf"), pa.float64(), "-Infinity"),
        (Decimal("1.50"), pa.decimal128(38, 2), "1.50"),
        (datetime(2020, 1, 2, 3, 4, 5, 60, tzinfo=UTC), pa.timestamp("us", "UTC"), "2020-01-02T03:04:05.000060Z"),
        (datetime(2020, 1, 2), pa.timestamp("us"), "2020-01-02T00:00:00.000"),  # noqa: DTZ001
        (
            {"a": None, "b": [1.5]},
            pa.struct([("a", pa.string()), ("b", pa.list_(pa.float64()))]),
            '{"a":null,"b":[1.5]}',
        ),
        (None, pa.int32(), None),
    ],
)
def test_values_are_written_as_databricks_writes_them(value: object, kind: pa.DataType, text: str | None) -> None:
    assert text_rows(pa.table({"x": pa.array([value], kind)})) == [[text]]


@pytest.mark.parametrize(
    "parameter",
    [
        {"value": "1"},
        {"name": "a", "value": "1.5", "type": "INT"},
        {"name": "a", "value": "yes", "type": "BOOLEAN"},
        {"name": "a", "value": "31.12.2020", "type": "DATE"},
        {"name": "a", "value": "x", "type": "DECIMAL(4,2)"},
        {"name": "a", "value": "x", "type": "GEOMETRY"},
    ],
)
def test_a_parameter_that_is_not_of_its_type_is_refused(parameter: Json) -> None:
    with pytest.raises(InvalidInput):
        values_of([parameter])


def test_work_other_than_sql_is_remembered_and_only_done_where_it_is_known(house: House) -> None:
    request = StatementRequest(
        "summarize(a.b.c)", ({"name": "name", "type": "STRING", "value": "a.b.c"},), work="profile"
    )

    record = house.statements.execute(ANN, request)

    assert house.started().get(ANN, record.id).request == request
    with pytest.raises(InvalidInput, match="There is no work profile"):
        run_statement(None, request, house.store.folder(record.id))  # pyright: ignore[reportArgumentType]
