"""Files that a condition excludes are not opened; and no file too many is left out."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boathouse.lake import DuckDBEngine, EngineQuery, Snapshot, as_url, open_snapshot, tables
from boathouse.lake.pruning import needed_files
from boathouse.lake.select_guard import parse_select


def _snapshot(location: str, parts: list[pa.Table], **options: Any) -> Snapshot:
    tables.create_table(location, parts[0].schema, **options)
    for part in parts:
        tables.append(location, part)
    return open_snapshot(location)


def _kept(snapshot: Snapshot, sql: str, parameters: Any = None) -> int:
    with duckdb.connect() as connection:
        parsed = parse_select(connection, sql, {"t", "u"})
    return len(needed_files(parsed, "t", snapshot, parameters))


@pytest.fixture
def ten_files(location: str) -> Snapshot:
    """Ten files: ids 0-9, 10-19, ...; days of 2013-01-01 to 10; names a0, a1, ..."""
    return _snapshot(
        location,
        [
            pa.table(
                {
                    "id": list(range(10 * n, 10 * n + 10)),
                    "name": [f"a{n}"] * 10,
                    "day": [date(2013, 1, n + 1)] * 10,
                    "moment": pa.array([datetime(2013, 1, n + 1, 12, tzinfo=UTC)] * 10, pa.timestamp("us", "UTC")),
                    "price": pa.array([Decimal(n)] * 10, pa.decimal128(10, 2)),
                    "ratio": [float(n)] * 10,
                }
            )
            for n in range(10)
        ],
    )


@pytest.mark.parametrize(
    ("condition", "files"),
    [
        ("id = 15", 1),
        ("id = -15", 0),
        ("15 = id", 1),
        ("id >= 15 AND id < 20", 1),
        ("id < 10", 1),
        ("id <= 10", 2),
        ("id > 89", 1),
        ("90 <= id", 1),
        ("id BETWEEN 5 AND 15", 2),
        ("t.id = 15", 1),
        ("ID = 15", 1),
        ("name = 'a3'", 1),
        ("name > 'a7'", 2),
        ("day = DATE '2013-01-03'", 1),
        ("day = '2013-01-03'", 1),
        ("CAST('2013-01-03' AS DATE) = day", 1),
        ("moment >= TIMESTAMPTZ '2013-01-09 00:00:00+00'", 2),
        ("moment < TIMESTAMP '2013-01-02 00:00:00'", 1),
        ("price = 3", 1),
        ("price < 2.5", 3),
        ("ratio <= 1.0", 2),
        ("id = 15 AND length(name) > 0", 1),
        # what cannot be judged keeps all files
        ("ratio > 8", 10),
        ("id = 15 OR id = 25", 10),
        ("NOT id = 15", 10),
        ("id + 0 = 15", 10),
        ("id = '15'", 10),
        ("id IS NULL", 10),
        ("true", 10),
    ],
)
def test_conditions_leave_out_files(ten_files: Snapshot, condition: str, files: int) -> None:
    assert _kept(ten_files, f"SELECT * FROM t WHERE {condition}") == files


@pytest.mark.parametrize(
    ("sql", "files"),
    [
        ("SELECT * FROM t AS x WHERE x.id = 15", 1),
        ("SELECT * FROM t AS x WHERE t.id = 15", 10),
        ("SELECT * FROM t JOIN u ON t.id = u.id WHERE t.id = 15", 1),
        ("SELECT * FROM t LEFT JOIN u ON t.id = u.id WHERE t.id = 15", 1),
        ("SELECT * FROM u LEFT JOIN t ON t.id = u.id WHERE t.id = 15", 1),
        ("SELECT * FROM t, u WHERE t.id = 15 AND u.id = 1", 1),
        ("SELECT * FROM (SELECT * FROM t WHERE id = 15) AS s", 1),
        ("WITH s AS (SELECT * FROM t WHERE id = 15) SELECT * FROM s", 1),
        ("SELECT * FROM u WHERE EXISTS (SELECT 1 FROM t WHERE t.id = 15)", 1),
        # not certain
        ("SELECT * FROM t JOIN u ON t.id = u.id WHERE id = 15", 10),
        ("SELECT * FROM u ASOF JOIN t ON u.id >= t.id WHERE t.id = 15", 10),
        ("SELECT * FROM u POSITIONAL JOIN t WHERE t.id = 15", 10),
        ("SELECT * FROM t WHERE id = 15 UNION ALL SELECT * FROM t", 10),
        ("WITH t AS (SELECT 1 AS id) SELECT * FROM t WHERE id = 15", 10),
        ("SELECT * FROM t AS x(key) WHERE id = 15", 10),
        ("SELECT * FROM t TABLESAMPLE 10% WHERE id = 15", 10),
        ("SELECT * FROM (SELECT * FROM t) WHERE id = 15", 10),
    ],
)
def test_only_the_one_plain_use_of_a_table_is_pruned(ten_files: Snapshot, sql: str, files: int) -> None:
    assert _kept(ten_files, sql) == files


def test_parameters_count_as_constants(ten_files: Snapshot) -> None:
    assert _kept(ten_files, "SELECT * FROM t WHERE id = $1", [15]) == 1
    assert _kept(ten_files, "SELECT * FROM t WHERE id = ?", [15]) == 1
    assert _kept(ten_files, "SELECT * FROM t WHERE day = $day", {"day": date(2013, 1, 3)}) == 1
    assert _kept(ten_files, "SELECT * FROM t WHERE id = $1", [True]) == 10
    assert _kept(ten_files, "SELECT * FROM t WHERE id = $1", None) == 10


def test_partitions_are_pruned_too(location: str) -> None:
    part = pa.table({"id": [1, 2, 3], "origin": ["JFK", "EWR", None]})
    snapshot = _snapshot(location, [part, part], partition_by=["origin"])

    assert _kept(snapshot, "SELECT * FROM t WHERE origin = 'JFK'") == 2
    assert _kept(snapshot, "SELECT * FROM t WHERE origin <= 'Z'") == 4


def test_a_query_that_needs_no_file_has_no_rows(ten_files: Snapshot) -> None:
    query = EngineQuery("SELECT id, name FROM t WHERE id = 1000", snapshots={"t": ten_files})

    assert DuckDBEngine().run(query).arrow().to_pydict() == {"id": [], "name": []}


def test_a_file_that_is_not_needed_is_not_opened(ten_files: Snapshot) -> None:
    for file in ten_files.files:
        if file.minimum["id"] != 10:
            Path(file.path).unlink()

    assert DuckDBEngine().scan(ten_files, ["id"], "id = 15").arrow().to_pydict() == {"id": [15]}


def test_long_texts_whose_statistics_are_cut_are_not_judged_by_them(location: str) -> None:
    texts = ["x" * 100 + "a", "x" * 100 + "b"]
    snapshot = _snapshot(location, [pa.table({"name": [text]}) for text in texts])

    for text in texts:
        assert DuckDBEngine().scan(snapshot, predicate=f"name = '{text}'").arrow()["name"].to_pylist() == [text]


def test_not_a_number_is_greater_than_all(location: str) -> None:
    snapshot = _snapshot(location, [pa.table({"ratio": [1.0, float("nan")]}), pa.table({"ratio": [2.0]})])

    assert _kept(snapshot, "SELECT * FROM t WHERE ratio > 5") == 2


ENGINE = DuckDBEngine()
_VALUES = st.one_of(st.none(), st.integers(-3, 3))


@settings(max_examples=25, deadline=None)
@given(
    files=st.lists(st.lists(_VALUES, min_size=1, max_size=3), min_size=2, max_size=4),
    operator=st.sampled_from(["=", "<", "<=", ">", ">=", "<>"]),
    value=st.integers(-4, 4),
    partitioned=st.booleans(),
)
def test_pruning_never_changes_an_answer(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[Any]], operator: str, value: int, partitioned: bool
) -> None:
    location = as_url(tmp_path_factory.mktemp("prune") / "table")
    parts = [pa.table({"n": pa.array(file, pa.int64()), "x": pa.array([0] * len(file))}) for file in files]
    snapshot = _snapshot(location, parts, partition_by=["n"] if partitioned else [])

    pruned = ENGINE.scan(snapshot, ["n"], f"n {operator} {value}").arrow()["n"].to_pylist()
    complete = ENGINE.scan(snapshot, ["n"], f"(n {operator} {value}) OR false AND n = 0").arrow()["n"].to_pylist()

    assert sorted(pruned) == sorted(complete)
