"""Creating, writing and deleting: each verb is one commit."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from boathouse.foundation.errors import InvalidInput
from boathouse.lake import NoTableThere, SchemaMismatch, TableThereAlready, open_snapshot, tables

Read = Callable[..., dict[str, list[Any]]]


def test_a_table_is_created_with_its_first_rows_in_one_commit(location: str, trips: pa.Table, read: Read) -> None:
    version = tables.create_table(location, data=trips, comment="all trips", commit_info={"statement": "s-1"})

    assert version == 0
    assert read(location) == trips.to_pydict()
    assert [commit.info["statement"] for commit in tables.history(location)] == ["s-1"]


def test_a_table_can_be_created_empty(location: str, read: Read) -> None:
    tables.create_table(location, pa.schema([pa.field("id", pa.int64(), nullable=False), ("name", pa.large_string())]))

    assert read(location) == {"id": [], "name": []}
    assert not open_snapshot(location).arrow_schema.field("id").nullable


def test_a_query_without_rows_makes_an_empty_table(location: str, trips: pa.Table, read: Read) -> None:
    tables.create_table(location, data=trips.slice(0, 0))

    assert read(location) == {"id": [], "city": [], "distance": []}


def test_managed_tables_record_changes_and_keep_their_log(trips_table: str) -> None:
    properties = open_snapshot(trips_table).properties

    assert properties["delta.enableChangeDataFeed"] == "true"
    assert properties["delta.enableExpiredLogCleanup"] == "false"


def test_a_second_table_at_the_same_place_is_refused(trips_table: str, trips: pa.Table, read: Read) -> None:
    with pytest.raises(TableThereAlready, match="already"):
        tables.create_table(trips_table, data=trips)
    assert read(trips_table) == trips.to_pydict()


def test_a_creation_that_fails_leaves_nothing_behind(location: str, tmp_path: Path) -> None:
    def batches() -> Any:
        yield pa.record_batch({"id": [1]})
        raise RuntimeError("the source broke")

    broken = pa.RecordBatchReader.from_batches(pa.schema([("id", pa.int64())]), batches())

    with pytest.raises(RuntimeError, match="the source broke"):
        tables.create_table(location, data=broken)
    assert not (tmp_path / "table").exists()


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame({"id": [4], "city": ["Voss"], "distance": [4.5]}),
        pd.DataFrame({"id": [4], "city": ["Voss"], "distance": [4.5]}, index=[17]),
        pa.record_batch({"id": [4], "city": ["Voss"], "distance": [4.5]}),
        pa.table({"distance": [4.5], "city": ["Voss"], "id": pa.array([4], pa.int8())}),
    ],
    ids=["polars", "pandas", "batch", "other order and narrower type"],
)
def test_frames_of_every_kind_can_be_appended(trips_table: str, frame: Any, read: Read) -> None:
    assert tables.append(trips_table, frame) == 1
    assert read(trips_table) == {
        "id": [1, 2, 3, 4],
        "city": ["Oslo", "Bergen", None, "Voss"],
        "distance": [1.5, 2.5, 3.5, 4.5],
    }


def test_a_duckdb_relation_and_a_reader_are_streamed_in(trips_table: str, trips: pa.Table, read: Read) -> None:
    with duckdb.connect() as connection:
        tables.append(trips_table, connection.sql("SELECT 4 AS id, 'Voss' AS city, 4.5 AS distance"))
    tables.append(trips_table, trips.slice(0, 1).to_reader())

    assert read(trips_table)["id"] == [1, 1, 2, 3, 4]


def test_strings_are_written_plain_so_that_every_client_can_read_them(location: str, tmp_path: Path) -> None:
    tables.create_table(location, data=pa.table({"name": pa.array(["a"], pa.string_view())}))

    (file,) = (tmp_path / "table").glob("*.parquet")
    assert pq.read_schema(file).field("name").type == pa.string()


def test_something_that_is_no_frame_is_refused(trips_table: str) -> None:
    with pytest.raises(InvalidInput, match="A dict cannot be written"):
        tables.append(trips_table, {"id": [1]})


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([datetime.timedelta(1)]), "Column d is duration"),
        (pa.array([datetime.time(1)]), "Column d is time64"),
        (pa.array([None]), "Column d is null"),
    ],
)
def test_types_that_delta_lacks_are_named(location: str, column: pa.Array, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        tables.create_table(location, data=pa.table({"d": column}))


def test_a_value_that_does_not_fit_is_refused_and_nothing_is_written(trips_table: str, read: Read) -> None:
    too_large = pa.table({"id": pa.array([2**63], pa.uint64()), "city": ["x"], "distance": [1.0]})

    with pytest.raises(InvalidInput, match="Column id cannot hold a value"):
        tables.append(trips_table, too_large)
    assert open_snapshot(trips_table).version == 0


def test_a_type_that_would_lose_something_is_refused(trips_table: str, trips: pa.Table) -> None:
    as_text = trips.set_column(0, "id", pa.array(["1", "2", "3"]))

    with pytest.raises(SchemaMismatch, match="Column id is string, but the table has int64"):
        tables.append(trips_table, as_text)


def test_null_in_a_column_that_must_not_be_null_is_refused(location: str) -> None:
    tables.create_table(location, pa.schema([pa.field("id", pa.int64(), nullable=False)]))

    with pytest.raises(InvalidInput, match="Column id must not be null"):
        tables.append(location, pa.table({"id": pa.array([1, None])}))


def test_naive_and_zoned_times_are_not_mixed_up(location: str) -> None:
    noon = datetime.datetime(2013, 7, 1, 12)  # noqa: DTZ001 (naive on purpose)
    tables.create_table(location, pa.schema([("at", pa.timestamp("us", "UTC"))]))

    with pytest.raises(SchemaMismatch, match="Column at"):
        tables.append(location, pa.table({"at": pa.array([noon], pa.timestamp("us"))}))
    tables.append(location, pa.table({"at": pa.array([noon], pa.timestamp("ns", "Europe/Oslo"))}))


def test_overwrite_replaces_all_rows_or_those_that_match(trips_table: str, trips: pa.Table, read: Read) -> None:
    far = pa.table({"id": [2], "city": ["Tromsø"], "distance": [99.0]})

    tables.overwrite(trips_table, far, predicate="id = 2")
    assert read(trips_table)["city"] == ["Oslo", "Tromsø", None]

    tables.overwrite(trips_table, far)
    assert read(trips_table) == far.to_pydict()


def test_rows_outside_the_predicate_of_an_overwrite_are_refused(trips_table: str, trips: pa.Table) -> None:
    with pytest.raises(InvalidInput):
        tables.overwrite(trips_table, trips, predicate="id = 2")


def test_merge_updates_and_inserts_by_key(trips_table: str, read: Read) -> None:
    changed = pa.table({"id": [3, 4], "city": ["Bodø", "Voss"], "distance": [0.0, 4.5]})

    tables.merge(trips_table, changed, on=["id"])

    assert read(trips_table)["city"] == ["Oslo", "Bergen", "Bodø", "Voss"]


def test_merge_can_delete_what_the_source_does_not_have(trips_table: str, read: Read) -> None:
    kept = pa.table({"id": [3, 4], "city": ["Bodø", "Voss"], "distance": [0.0, 4.5]})

    tables.merge(
        trips_table, kept, on="target.id = source.id", when_not_matched="ignore", when_not_matched_by_source="delete"
    )

    assert read(trips_table)["city"] == ["Bodø"]


def test_merge_refuses_two_rows_with_one_key(trips_table: str, read: Read) -> None:
    twice = pa.table({"id": [7, 7], "city": ["a", "b"], "distance": [0.0, 1.0]})

    with pytest.raises(InvalidInput, match="several rows with id = 7"):
        tables.merge(trips_table, twice, on=["id"])
    assert open_snapshot(trips_table).version == 0


def test_merge_works_with_names_that_need_quoting(location: str, read: Read) -> None:
    tables.create_table(location, data=pa.table({"Flight No": [1, 2], 'say "x"': ["a", "b"], "ÅÄÖ": [0, 0]}))

    tables.merge(location, pa.table({"Flight No": [2, 3], 'say "x"': ["B", "C"], "ÅÄÖ": [1, 1]}), on=["Flight No"])

    assert read(location) == {"Flight No": [1, 2, 3], 'say "x"': ["a", "B", "C"], "ÅÄÖ": [0, 1, 1]}


def test_merging_on_an_unknown_column_proposes_the_right_one(trips_table: str, trips: pa.Table) -> None:
    with pytest.raises(InvalidInput, match=r"no column citi .* Did you mean city\?"):
        tables.merge(trips_table, trips, on=["citi"])


def test_delete_removes_the_rows_that_match(trips_table: str, read: Read) -> None:
    assert tables.delete_rows(trips_table, "distance > 2 AND id < 3") == 1
    assert read(trips_table)["id"] == [1, 3]


def test_a_delete_that_matches_nothing_commits_nothing(trips_table: str) -> None:
    assert tables.delete_rows(trips_table, "id = 77") == 0


@pytest.mark.parametrize("predicate", ["nonsense = 1", "id = = 1", "id +", "no_such_function(id) = 1"])
def test_a_condition_that_makes_no_sense_is_invalid_input(trips_table: str, predicate: str) -> None:
    with pytest.raises(InvalidInput):
        tables.delete_rows(trips_table, predicate)
    assert open_snapshot(trips_table).version == 0


def test_writing_where_no_table_is_says_so(location: str, trips: pa.Table) -> None:
    with pytest.raises(NoTableThere, match="no Delta table at file:///"):
        tables.append(location, trips)
    with pytest.raises(NoTableThere):
        tables.history(location)
