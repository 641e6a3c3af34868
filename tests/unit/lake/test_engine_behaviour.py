"""What every engine must do; runs over each implementation of the protocol."""

import datetime
import json
import math
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from boathouse.foundation.errors import InvalidInput
from boathouse.lake import DuckDBEngine, Engine, EngineQuery, FileFormat, FileSource, Snapshot, open_snapshot, tables


def _run(engine: Engine, sql: str, **sources: Any) -> dict[str, list[Any]]:
    return engine.run(EngineQuery(sql, **sources)).arrow().to_pydict()


def test_a_query_reads_a_snapshot_under_its_alias(engine: Engine, trips_table: str) -> None:
    rows = _run(engine, "SELECT sum(id) AS total FROM trips", snapshots={"trips": open_snapshot(trips_table)})

    assert rows == {"total": [6]}


def test_a_query_joins_two_versions_of_one_table(engine: Engine, trips_table: str) -> None:
    tables.delete_rows(trips_table, "id = 2")
    snapshots = {"old": open_snapshot(trips_table, version=0), "new": open_snapshot(trips_table)}

    gone = _run(engine, "SELECT old.id FROM old ANTI JOIN new USING (id)", snapshots=snapshots)

    assert gone == {"id": [2]}


def test_an_alias_may_be_any_name(engine: Engine, trips_table: str) -> None:
    snapshots = {'prod.flights."odd" name': open_snapshot(trips_table)}

    assert _run(engine, 'SELECT count(*) AS n FROM "prod.flights.""odd"" name"', snapshots=snapshots) == {"n": [3]}


def test_parameters_come_by_position_or_by_name(engine: Engine, trips_table: str) -> None:
    snapshots = {"t": open_snapshot(trips_table)}

    for placeholder, parameters in (("$1", ["Oslo"]), ("?", ["Oslo"]), ("$c", {"c": "Oslo"})):
        sql = f"SELECT id FROM t WHERE city = {placeholder}"
        assert _run(engine, sql, snapshots=snapshots, parameters=parameters) == {"id": [1]}


@pytest.mark.parametrize("wrap", [pa.table, pl.from_arrow, pa.Table.to_reader], ids=["arrow", "polars", "reader"])
def test_frames_in_memory_are_tables_too(engine: Engine, trips: pa.Table, wrap: Callable[[pa.Table], Any]) -> None:
    assert _run(engine, "SELECT max(distance) AS far FROM f", arrow={"f": wrap(trips)}) == {"far": [3.5]}


def test_a_scan_narrows_columns_and_rows(engine: Engine, trips_table: str) -> None:
    rows = engine.scan(open_snapshot(trips_table), ["city"], "id < 3 AND city LIKE 'B%'").arrow()

    assert rows.to_pydict() == {"city": ["Bergen"]}


def test_rows_can_be_streamed_and_their_schema_known_before(engine: Engine, trips_table: str) -> None:
    rows = engine.scan(open_snapshot(trips_table))

    assert rows.schema == pa.schema([("id", pa.int64()), ("city", pa.string()), ("distance", pa.float64())])
    assert sum(batch.num_rows for batch in rows.reader()) == 3


def test_rows_are_read_once(engine: Engine, trips_table: str) -> None:
    rows = engine.scan(open_snapshot(trips_table))
    rows.arrow()

    with pytest.raises(InvalidInput, match="read already"):
        rows.arrow()


def test_a_relation_outlives_what_it_came_from(engine: Engine, trips_table: str) -> None:
    relation = engine.scan(open_snapshot(trips_table)).relation()

    assert isinstance(relation, duckdb.DuckDBPyRelation)
    assert relation.filter("id = 2").fetchall() == [(2, "Bergen", 2.5)]


def test_all_delta_types_come_back_as_they_went_in(engine: Engine, location: str) -> None:
    utc, naive = datetime.datetime(2013, 7, 1, 12, 0, 0, 7, datetime.UTC), datetime.datetime(2013, 7, 1)  # noqa: DTZ001
    struct = pa.struct([("a", pa.int32()), ("B b", pa.list_(pa.string()))])
    rows = pa.table(
        {
            "byte": pa.array([1, None], pa.int8()),
            "short": pa.array([1, None], pa.int16()),
            "integer": pa.array([1, None], pa.int32()),
            "float": pa.array([1.5, None], pa.float32()),
            "boolean": pa.array([True, None]),
            "binary": pa.array([b"\x00\xff", None]),
            "decimal": pa.array([Decimal("-1.23"), None], pa.decimal128(38, 2)),
            "date": pa.array([naive.date(), None]),
            "timestamp": pa.array([utc, None], pa.timestamp("us", "UTC")),
            "timestamp_ntz": pa.array([naive, None], pa.timestamp("us")),
            "array": pa.array([[1, None], None], pa.list_(pa.int64())),
            "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
            "struct": pa.array([{"a": 1, "B b": ["x"]}, None], struct),
        }
    )
    tables.create_table(location, data=rows)

    result = engine.scan(open_snapshot(location)).arrow()

    assert result.to_pydict() == rows.to_pydict()
    assert result.schema.field("timestamp").type == pa.timestamp("us", "UTC")
    assert result.schema.field("timestamp_ntz").type == pa.timestamp("us")


def test_instants_are_shown_in_utc(engine: Engine, location: str) -> None:
    instant = datetime.datetime(2013, 7, 1, 12, tzinfo=datetime.UTC)
    column = pa.array([instant], pa.timestamp("us", "America/New_York"))
    tables.create_table(location, data=pa.table({"m": column}))

    rows = _run(
        engine,
        "SELECT hour(m) AS utc, hour(m AT TIME ZONE 'America/New_York') AS there, m::VARCHAR AS text FROM t",
        snapshots={"t": open_snapshot(location)},
    )

    assert rows == {"utc": [12], "there": [8], "text": ["2013-07-01 12:00:00+00"]}


def test_files_that_lack_a_later_column_give_null_even_inside_a_join(engine: Engine, trips_table: str) -> None:
    tables.append(trips_table, pa.table({"id": [4], "speed": [80]}), schema_mode="merge")

    rows = _run(
        engine,
        "SELECT a.id, a.speed FROM t AS a JOIN t AS b USING (id) WHERE b.speed IS NULL ORDER BY id",
        snapshots={"t": open_snapshot(trips_table)},
    )

    assert rows == {"id": [1, 2, 3], "speed": [None, None, None]}


def test_an_empty_table_has_its_columns(engine: Engine, location: str) -> None:
    tables.create_table(location, pa.schema([("id", pa.int64()), ("tags", pa.list_(pa.string()))]))

    assert _run(engine, "SELECT * FROM t", snapshots={"t": open_snapshot(location)}) == {"id": [], "tags": []}
    assert _run(engine, "SELECT count(*) AS n FROM t", snapshots={"t": open_snapshot(location)}) == {"n": [0]}


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT citty FROM t", r'"citty" not found.*Candidate bindings: "city"'),
        ("SELECT id FROM tt", r"no table tt in this query. Did you mean t\?"),
        ("SELEC id FROM t", "cannot be parsed"),
        ("SELECT no_such(id) FROM t", "no_such does not exist"),
        ("SELECT id FROM t WHERE id = $1", "."),
    ],
)
def test_mistakes_show_before_any_row_is_read(engine: Engine, trips_table: str, sql: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        engine.run(EngineQuery(sql, snapshots={"t": open_snapshot(trips_table)}))


@pytest.mark.parametrize("fetch", [lambda rows: rows.arrow(), lambda rows: list(rows.reader())], ids=["all", "stream"])
def test_a_value_that_cannot_be_computed_is_invalid_input(
    engine: Engine, trips_table: str, fetch: Callable[[Any], Any]
) -> None:
    rows = engine.run(EngineQuery("SELECT CAST(city AS INTEGER) FROM t", snapshots={"t": open_snapshot(trips_table)}))

    with pytest.raises(InvalidInput, match="Oslo"):
        fetch(rows)


def test_many_queries_can_run_at_once(engine: Engine, trips_table: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def query(number: int) -> list[int]:
        snapshots = {"t": open_snapshot(trips_table)}
        return sorted(_run(engine, "SELECT id + $1 AS n FROM t", snapshots=snapshots, parameters=[number])["n"])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(query, range(24))) == [[number + 1, number + 2, number + 3] for number in range(24)]


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT count(*) AS n FROM t", {"n": [3]}),
        ("SELECT 1 AS n FROM t WHERE part = 'a'", {"n": [1, 1]}),
        ("SELECT part FROM t WHERE id = 3", {"part": ["b"]}),
        ("SELECT PART FROM t WHERE ID = 3", {"part": ["b"]}),
        ("SELECT t.part FROM t AS t JOIN t AS u USING (id) WHERE u.id = 3", {"part": ["b"]}),
        ("SELECT t AS row FROM t WHERE id = 3", {"row": [{"id": 3, "part": "b", "place": {"city": "Oslo"}}]}),
        ("SELECT place.city FROM t WHERE id = 3", {"city": ["Oslo"]}),
        ("SELECT place.* FROM t WHERE id = 3", {"city": ["Oslo"]}),
        ("SELECT x FROM t AS u(x, y, z) WHERE x = 3", {"x": [3]}),
        ("SELECT id FROM t NATURAL JOIN (SELECT 3 AS id, 'b' AS part) AS u", {"id": [3]}),
        ("SELECT id FROM t ORDER BY part DESC, id LIMIT 1", {"id": [3]}),
        ("SELECT COLUMNS('^i') FROM t WHERE id = 3", {"id": [3]}),
        ("SELECT any_value(place).city AS c FROM t GROUP BY part HAVING max(id) = 3", {"c": ["Oslo"]}),
        ("SELECT (SELECT max(u.id) FROM t AS u WHERE u.part = t.part) AS m FROM t WHERE id = 1", {"m": [2]}),
        ("SELECT id FROM (FROM t SELECT id, part) WHERE part = 'b'", {"id": [3]}),
    ],
)
def test_columns_that_are_not_named_are_left_out_and_never_missed(
    engine: Engine, location: str, sql: str, rows: dict[str, list[Any]]
) -> None:
    place = [{"city": "Oslo"}] * 3
    tables.create_table(
        location, data=pa.table({"id": [1, 2, 3], "place": place, "part": ["a", "a", "b"]}), partition_by=["part"]
    )

    found = _run(engine, sql, snapshots={"t": open_snapshot(location)})

    assert found == rows


@pytest.mark.parametrize("join", ["large JOIN small USING (k)", "small JOIN large USING (k)"])
def test_a_join_holds_the_smaller_table_in_memory(location: str, join: str) -> None:
    snapshots: dict[str, Snapshot] = {}
    for name, rows in (("large", 200_000), ("small", 10)):
        tables.create_table(f"{location}_{name}", data=pa.table({"k": range(rows), name: range(rows)}))
        snapshots[name] = open_snapshot(f"{location}_{name}")
    query = EngineQuery(f"SELECT sum(large), sum(small), count(*) FROM {join}", snapshots=snapshots)

    with DuckDBEngine().workbench(query, also=set(), folder=None) as bench:
        plan = json.loads(bench.connection.execute(f"EXPLAIN (FORMAT json) {query.sql}").fetchone()[1])

    node = plan[0]
    while node["name"].strip() != "HASH_JOIN":
        node = node["children"][0]
    held = json.dumps(node["children"][1])
    assert "small" in held
    assert "large" not in held


@pytest.mark.parametrize("condition", ["isnan(x)", "x > 5", "x = 'nan'::DOUBLE", "NOT x < 5", "s.x > 5", "x <> 1"])
def test_rows_with_nan_are_found_though_no_statistic_tells_of_them(
    engine: Engine, location: str, condition: str
) -> None:
    values = [1.0, math.nan, None]
    tables.create_table(location, data=pa.table({"x": values, "s": [{"x": value} for value in values]}))

    found = _run(engine, f"SELECT count(*) AS n FROM t WHERE {condition}", snapshots={"t": open_snapshot(location)})

    assert found == {"n": [1]}


def test_rows_with_nan_of_a_parquet_file_are_found(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"x": [1.0, math.nan, None]}), path)

    source = FileSource((str(path),), FileFormat.PARQUET)
    found = _run(engine, "SELECT count(*) AS n FROM f WHERE isnan(x)", files={"f": source})

    assert found == {"n": [1]}
