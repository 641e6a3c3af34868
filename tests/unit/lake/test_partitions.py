"""Partition values come back as what they were, whatever they were."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boathouse.foundation.errors import InvalidInput
from boathouse.lake import DuckDBEngine, EngineQuery, as_url, open_snapshot, tables

Read = Callable[..., dict[str, list[Any]]]

TYPED = [
    (pa.string(), ["plain", "x/y", "a=b", "100 %", "ü", "'", '"', "..", "*", "NULL", None]),
    (pa.int64(), [0, -1, 2**63 - 1, None]),
    (pa.int8(), [-128, 127]),
    (pa.bool_(), [True, False, None]),
    (pa.date32(), [date(1969, 12, 31), date(2013, 1, 1), None]),
    (pa.timestamp("us", "UTC"), [datetime(2013, 1, 1, 23, 59, 59, 123456, tzinfo=UTC), None]),
    (pa.timestamp("us"), [datetime(2013, 1, 1, 0, 0, 0, 1)]),  # noqa: DTZ001 (naive on purpose)
]


@pytest.mark.parametrize(("kind", "values"), TYPED, ids=[str(kind) for kind, _ in TYPED])
def test_partition_values_keep_their_type(location: str, kind: pa.DataType, values: list[Any], read: Read) -> None:
    rows = pa.table({"id": list(range(len(values))), "part": pa.array(values, kind)})
    tables.create_table(location, data=rows, partition_by=["part"])

    snapshot = open_snapshot(location)

    assert snapshot.partition_columns == ("part",)
    assert snapshot.arrow_schema.field("part").type == kind
    assert read(location)["part"] == values


ENGINE = DuckDBEngine()


@settings(max_examples=25, deadline=None)
@given(values=st.lists(st.text(min_size=1, max_size=8).filter(lambda text: "\0" not in text), min_size=1, max_size=4))
def test_any_text_can_be_a_partition_value(tmp_path_factory: pytest.TempPathFactory, values: list[str]) -> None:
    location = as_url(tmp_path_factory.mktemp("parts") / "table")
    rows = pa.table({"id": list(range(len(values))), "part": values})
    tables.create_table(location, data=rows, partition_by=["part"])
    snapshot = open_snapshot(location)

    assert ENGINE.scan(snapshot, ["id", "part"]).arrow().sort_by("id").to_pydict() == rows.to_pydict()
    for value in values:
        query = EngineQuery("SELECT id FROM t WHERE part = $1", snapshots={"t": snapshot}, parameters=[value])
        found = ENGINE.run(query).arrow()["id"].to_pylist()
        assert sorted(found) == [position for position, other in enumerate(values) if other == value]


def test_an_empty_string_becomes_null_as_delta_has_it(location: str, read: Read) -> None:
    tables.create_table(location, data=pa.table({"id": [1], "part": [""]}), partition_by=["part"])

    assert read(location)["part"] == [None]


def test_columns_keep_the_order_of_the_schema(location: str, read: Read) -> None:
    tables.create_table(location, data=pa.table({"part": ["a"], "id": [1]}), partition_by=["part"])

    assert set(read(location)) == {"part", "id"}
    assert open_snapshot(location).arrow_schema.names == list(read(location))


def test_several_partition_columns(location: str, read: Read) -> None:
    rows = pa.table({"id": [1, 2, 3], "year": [2013, 2013, 2014], "origin": ["JFK", None, "EWR"]})
    tables.create_table(location, data=rows, partition_by=["year", "origin"])
    tables.append(location, rows)

    assert read(location)["origin"] == ["JFK", "JFK", None, None, "EWR", "EWR"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["yaer"], r"no column yaer to partition by. Did you mean year\?"),
        (["ratio"], "cannot be partitioned by ratio, which is double"),
        (["id", "year"], "at least one column"),
    ],
)
def test_partitions_that_make_no_sense_are_refused(location: str, columns: list[str], message: str) -> None:
    rows = pa.table({"id": [1], "year": [2013], "ratio": [0.5]})
    kept = rows if "ratio" in columns else rows.drop_columns(["ratio"])

    with pytest.raises(InvalidInput, match=message):
        tables.create_table(location, data=kept, partition_by=columns)


@pytest.mark.parametrize(
    ("value", "message"), [("__HIVE_DEFAULT_PARTITION__", "cannot hold the text"), ("x" * 300, "too long")]
)
def test_values_that_no_folder_can_be_named_after_are_refused(location: str, value: str, message: str) -> None:
    tables.create_table(location, pa.schema([("id", pa.int64()), ("part", pa.string())]), partition_by=["part"])

    with pytest.raises(InvalidInput, match=message):
        tables.append(location, pa.table({"id": [1], "part": [value]}))
    assert open_snapshot(location).version == 0


def test_an_empty_text_is_refused_where_a_partition_must_not_be_null(location: str, read: Read) -> None:
    columns = pa.schema([("id", pa.int64()), pa.field("part", pa.string(), nullable=False)])
    tables.create_table(location, columns, partition_by=["part"])

    with pytest.raises(InvalidInput, match="must not be null; it cannot hold the empty text"):
        tables.append(location, pa.table({"id": [1, 2], "part": ["a", ""]}))
    assert read(location) == {"id": [], "part": []}
