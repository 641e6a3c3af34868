"""A query reads its sources and nothing else, and writes nowhere."""

from pathlib import Path

import pyarrow as pa
import pytest

from boathouse.foundation.errors import InvalidInput
from boathouse.lake import DuckDBEngine, EngineQuery, Snapshot, open_snapshot, tables
from boathouse.lake.duckdb_connections import DuckDBConnections, DuckDBSettings
from boathouse.lake.duckdb_engine import _lock  # pyright: ignore[reportPrivateUsage]
from boathouse.lake.locations import local_path
from boathouse.lake.select_guard import RefusedStatement


@pytest.fixture
def snapshot(trips_table: str) -> Snapshot:
    return open_snapshot(trips_table)


def test_a_locked_connection_may_still_write_to_what_it_may_read(snapshot: Snapshot) -> None:
    """Why the lock alone is no wall. If this fails, DuckDB has become stricter: good, and the guard stays."""
    (file,) = snapshot.files
    connection = DuckDBConnections(DuckDBSettings()).take()
    _lock(connection, [file.path])

    connection.execute(f"COPY (SELECT 'overwritten' AS id) TO '{file.path}' (FORMAT csv, USE_TMP_FILE false)")

    assert Path(file.path).read_text().splitlines() == ["id", "overwritten"]


@pytest.mark.parametrize(
    "statement",
    [
        "COPY (SELECT 1 AS id) TO '{file}' (FORMAT parquet)",
        "COPY t TO '{file}'",
        "COPY t TO '{file}' (USE_TMP_FILE false)",
        "WITH x AS (COPY (SELECT 1 AS id) TO '{file}' (FORMAT parquet)) SELECT * FROM x",
        "SELECT * FROM (WITH x AS (COPY (SELECT 1 AS id) TO '{file}') SELECT * FROM x)",
        "SELECT (WITH x AS (COPY (SELECT 1 AS id) TO '{file}') SELECT count(*) FROM x)",
        "SELECT * FROM t WHERE EXISTS (WITH x AS (COPY t TO '{file}') FROM x)",
        "SELECT * FROM query('COPY (SELECT 1) TO ''{file}''')",
        "SELECT 1; COPY (SELECT 1 AS id) TO '{file}'",
        "EXPLAIN ANALYZE COPY (SELECT 1 AS id) TO '{file}'",
        "EXPORT DATABASE '{folder}'",
    ],
)
def test_no_statement_writes_to_a_file_it_may_read(snapshot: Snapshot, statement: str) -> None:
    (file,) = snapshot.files
    before = Path(file.path).read_bytes()
    sql = statement.replace("{file}", file.path).replace("{folder}", str(Path(file.path).parent))

    with pytest.raises(RefusedStatement):
        DuckDBEngine().run(EngineQuery(sql, snapshots={"t": snapshot})).arrow()

    assert Path(file.path).read_bytes() == before
    assert sorted(path.name for path in local_path(snapshot.location).iterdir()) == sorted(
        ["_delta_log", Path(file.path).name]
    )


REFUSED = [
    "FROM '/etc/passwd'",
    "FROM 'https://example.com/x.parquet'",
    "FROM t JOIN '/etc/passwd' ON true",
    "FROM read_text('/etc/passwd')",
    "FROM read_blob('/etc/*')",
    "FROM read_csv('/etc/passwd')",
    "FROM read_parquet('x.parquet')",
    "FROM parquet_metadata('x.parquet')",
    "FROM glob('/*')",
    "FROM sniff_csv('/etc/passwd')",
    "FROM query('FROM t')",
    "FROM query_table('t')",
    "FROM query_table(['t'])",
    "SELECT getenv('HOME')",
    "SELECT current_setting('memory_limit')",
    "SELECT list_transform([1], lambda x: getenv('HOME'))",
    "SELECT system.main.getenv('HOME')",
    "SELECT pg_sleep(100)",
    "FROM duckdb_settings()",
    "FROM duckdb_secrets()",
    "FROM duckdb_extensions()",
    "FROM pragma_table_info('t')",
    "FROM information_schema.tables",
    "FROM sqlite_master",
    "FROM main.t",
    "FROM t AT (VERSION => 0)",
    "DESCRIBE t",
    "SHOW TABLES",
    "SUMMARIZE t",
    "EXPLAIN FROM t",
    "ATTACH '/tmp/x.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET threads = 1",
    "RESET threads",
    "PRAGMA version",
    "CALL pragma_version()",
    "CREATE TABLE x AS SELECT 1",
    "INSERT INTO t VALUES (1)",
    "WITH x AS (INSERT INTO t VALUES (1) RETURNING *) FROM x",
    "WITH x AS (DELETE FROM t RETURNING *) FROM x",
    "WITH x AS MATERIALIZED (UPDATE t SET id = 1 RETURNING *) FROM x",
    "DROP VIEW t",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "BEGIN",
    "CHECKPOINT",
    "VACUUM",
    "SELECT 1; SELECT 2",
    "",
    "-- nothing",
]


@pytest.mark.parametrize("sql", REFUSED)
def test_what_is_no_plain_select_over_the_sources_is_refused(snapshot: Snapshot, sql: str) -> None:
    with pytest.raises(RefusedStatement):
        DuckDBEngine().run(EngineQuery(sql, snapshots={"t": snapshot}))


ALLOWED = [
    "FROM t",
    "TABLE t",
    "VALUES (1), (2)",
    "SELECT * EXCLUDE (id) REPLACE (upper(city) AS city) FROM t",
    "SELECT COLUMNS('i.*') FROM t",
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r JOIN t ON t.id = r.n",
    "WITH a AS (FROM t), b AS MATERIALIZED (FROM a) SELECT * FROM a UNION ALL SELECT * FROM b EXCEPT SELECT * FROM t",
    "SELECT id, row_number() OVER (PARTITION BY city ORDER BY id) AS n FROM t QUALIFY n = 1",
    "SELECT city, count(*) FILTER (WHERE id > 1), first(id ORDER BY id) FROM t GROUP BY ROLLUP (1)",
    "SELECT CASE WHEN id IN (1, 2) THEN 'x' ELSE city END, try_cast(city AS DECIMAL(10, 2)) FROM t",
    "PIVOT t ON city IN ('Oslo', 'Bergen') USING sum(id)",
    "UNPIVOT t ON id, distance INTO NAME n VALUE v",
    "SELECT list_transform([1, 2], lambda x: x + 1), {'a': 1}.a, MAP {'k': 1}['k'], [1, 2, 3][1:2], INTERVAL 1 DAY",
    "SELECT a.id FROM t AS a ASOF JOIN t AS b ON a.id >= b.id",
    "SELECT a.id FROM t AS a SEMI JOIN t AS b USING (id) LEFT JOIN t AS c ON a.id = c.id POSITIONAL JOIN t AS d",
    "SELECT * FROM t, LATERAL (SELECT t.id + 1 AS next), UNNEST([1, 2]) AS u(x), range(3)",
    "SELECT EXISTS (FROM t), id = ANY (SELECT id FROM t), (SELECT max(id) FROM t) FROM t",
    "SELECT id FROM t WHERE (id, city) IN (SELECT id, city FROM t)",
    "SELECT extract(year FROM DATE '2013-01-01'), trim(BOTH 'x' FROM city), city COLLATE NOCASE FROM t",
    "SELECT [{'a': id}]::STRUCT(a INT)[] FROM t TABLESAMPLE 50 PERCENT (bernoulli)",
    "SELECT DISTINCT ON (city) * FROM t ORDER BY city DESC NULLS LAST LIMIT 2 OFFSET 1",
    "SELECT * FROM t ORDER BY ALL LIMIT 50%",
]


@pytest.mark.parametrize("sql", ALLOWED)
def test_the_wall_lets_all_kinds_of_selects_through(snapshot: Snapshot, sql: str) -> None:
    DuckDBEngine().run(EngineQuery(sql, snapshots={"t": snapshot})).arrow()


def test_other_versions_of_a_table_are_out_of_reach(trips_table: str, trips: pa.Table) -> None:
    """Behind the guard stands the lock: only the files of the snapshots can be opened at all."""
    old = open_snapshot(trips_table)
    tables.overwrite(trips_table, trips)
    new = open_snapshot(trips_table)
    rows = DuckDBEngine().run(EngineQuery("FROM t", snapshots={"t": new}))
    relation = rows.relation()

    with pytest.raises(Exception, match=r"Permission Error.*disabled by configuration"):
        relation.query("t", f"FROM read_parquet('{old.files[0].path}')").fetchall()


def test_variables_of_the_caller_are_no_tables(snapshot: Snapshot) -> None:
    secret_frame = pa.table({"password": ["x"]})

    with pytest.raises(InvalidInput, match="no table secret_frame"):
        DuckDBEngine().run(EngineQuery("FROM secret_frame", snapshots={"t": snapshot}))
    assert secret_frame.num_rows == 1


def test_a_deep_statement_is_refused_and_not_a_crash(snapshot: Snapshot) -> None:
    deep = "SELECT " + "(" * 5000 + "1" + ")" * 5000

    with pytest.raises(InvalidInput):
        DuckDBEngine().run(EngineQuery(deep, snapshots={"t": snapshot}))
