"""What SQL text can reach: governed tables and files of volumes, nothing else."""

import os
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from boathouse.foundation.errors import BoathouseError, InvalidInput
from boathouse.foundation.names import quote_part
from boathouse.lake import EngineQuery, FileSource
from boathouse.session import Session
from boathouse.session.sql.functions import FUNCTIONS, SPECIAL
from boathouse.session.sql.reading import read_statement

SECRET = "the-secret-that-nobody-may-see"


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("outside") / "secret.csv"
    file.write_text(f"x\n{SECRET}\n")
    pl.DataFrame({"x": [SECRET]}).write_parquet(file.with_suffix(".parquet"))
    return file


HOSTILE = [
    "SELECT * FROM '{file}'",
    'SELECT * FROM "{file}"',
    "SELECT * FROM `{file}`",
    "SELECT * FROM csv.`{file}`",
    "SELECT * FROM parquet.`{file}`",
    "SELECT * FROM delta.`{folder}`",
    "SELECT * FROM read_csv('{file}')",
    "SELECT * FROM read_csv_auto('{file}')",
    "SELECT * FROM read_text('{file}')",
    "SELECT * FROM read_blob('{file}')",
    "SELECT * FROM parquet_scan('{file}')",
    "SELECT * FROM read_parquet('{file}')",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM sniff_csv('{file}')",
    "SELECT * FROM read_files('{file}')",
    "SELECT * FROM read_files('/Volumes/dev/shop/v/../../../../{file}')",
    "SELECT * FROM query('SELECT * FROM ''{file}''')",
    "SELECT * FROM query_table('{file}')",
    "SELECT * FROM query_table(['{file}'])",
    "SELECT query('SELECT 1')",
    "SELECT getenv('HOME')",
    "SELECT current_setting('home_directory')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM pragma_database_list",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM pg_catalog.pg_class",
    "SELECT * FROM main.duckdb_tables",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM secret_frame",
    "SELECT * FROM __bh_0",
    "SELECT * FROM IDENTIFIER('{file}')",
    "SELECT * FROM IDENTIFIER('read_csv(''{file}'')')",
    "SELECT * FROM VALUES (1) AS t(a), '{file}' AS u",
    "SELECT (SELECT x FROM '{file}')",
    "SELECT * FROM (VALUES (1)) AS t(a) JOIN '{file}' ON true",
    "SELECT * FROM VALUES (1) AS t(a) LATERAL VIEW read_csv('{file}') u AS x",
    "SELECT * FROM LATERAL read_csv('{file}')",
    "WITH x AS (SELECT * FROM '{file}') SELECT * FROM x",
    "WITH x AS (COPY (SELECT 1) TO '{folder}/out.csv') SELECT * FROM x",
    "COPY (SELECT 1) TO '{folder}/out.csv'",
    "COPY INTO '{folder}/out.csv' FROM dev.shop.t FILEFORMAT = CSV",
    "COPY INTO dev.shop.t FROM '{file}' FILEFORMAT = CSV",
    "CREATE TABLE dev.shop.x AS SELECT * FROM '{file}'",
    "CREATE TABLE dev.shop.x (a INT) LOCATION '{folder}'",
    "CREATE TABLE dev.shop.x USING CSV OPTIONS (path '{file}')",
    "CREATE TABLE dev.shop.x USING parquet LOCATION '{folder}'",
    "CREATE VIEW dev.shop.x AS SELECT * FROM '{file}'",
    "CREATE VOLUME dev.shop.x LOCATION '{folder}'",
    "CREATE EXTERNAL VOLUME dev.shop.x LOCATION '{folder}'",
    "CREATE CATALOG x MANAGED LOCATION '{folder}'",
    "CREATE MACRO f() AS 1",
    "CREATE SECRET s (TYPE S3)",
    "INSERT INTO '{file}' VALUES (1)",
    "INSERT INTO dev.shop.t SELECT * FROM '{file}'",
    "INSERT OVERWRITE DIRECTORY '{folder}' SELECT 1",
    "INSERT OVERWRITE LOCAL DIRECTORY '{folder}' USING CSV SELECT 1",
    "LOAD DATA LOCAL INPATH '{file}' INTO TABLE dev.shop.t",
    "ATTACH '{file}' AS f",
    "ATTACH DATABASE '{file}'",
    "DETACH x",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "SET memory_limit = '1GB'",
    "SET allowed_paths = ['/']",
    "RESET ALL",
    "EXPORT DATABASE '{folder}'",
    "IMPORT DATABASE '{folder}'",
    "CALL pragma_version()",
    "EXPLAIN SELECT * FROM '{file}'",
    "EXPLAIN ANALYZE SELECT 1",
    "DESCRIBE SELECT * FROM '{file}'",
    "SUMMARIZE '{file}'",
    "PIVOT '{file}' ON x",
    "FROM '{file}'",
    "TABLE '{file}'",
    "VALUES ((SELECT x FROM '{file}'))",
    "SELECT 1; SELECT * FROM '{file}'",
    "SELECT 1;;SELECT 2",
    "BEGIN; SELECT 1; COMMIT",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "EXECUTE IMMEDIATE 'SELECT 1'",
    "VACUUM",
    "CHECKPOINT",
    "ANALYZE",
    "SELECT * FROM dev.shop.t FOR UPDATE",
    "SELECT 1 INTO dev.shop.x",
    "SELECT TRANSFORM(x) USING 'cat' FROM dev.shop.t",
    "SELECT java_method('java.lang.System', 'getenv')",
    "SELECT reflect('java.lang.System', 'getenv')",
    "SELECT python('import os')",
    "SELECT x.query('SELECT 1') FROM dev.shop.t x",
    "SELECT main.query('SELECT 1')",
    "SELECT list_aggregate([1], 'sum')",
    "SELECT write_log('x')",
    "SELECT nextval('s')",
    "SELECT pg_sleep(10)",
    "SELECT * FROM VALUES (1) AS t(a) WHERE a IN (FROM '{file}')",
    "SELECT * FROM http_get('http://127.0.0.1:1/')",
    "SELECT * FROM dev.shop.t AT (VERSION => 1)",
    "UPDATE dev.shop.t SET a = 1",
    "DELETE FROM dev.shop.t",
    "MERGE INTO dev.shop.t USING dev.shop.u ON true WHEN MATCHED THEN DELETE",
    "ALTER TABLE dev.shop.t ADD COLUMN b INT",
    "TRUNCATE TABLE dev.shop.t",
    "/* x */ ATTACH '{file}'",
    "SELECT /*+ SET_VAR(x=1) */ 1",
]  # fmt: skip


@pytest.mark.parametrize("statement", HOSTILE)
def test_a_hostile_statement_is_refused(shared_session: Session, secret: Path, statement: str) -> None:
    secret_frame = pl.DataFrame({"x": [SECRET]})
    before = sorted(os.listdir(secret.parent))
    with pytest.raises(BoathouseError) as caught:
        shared_session.sql(statement.format(file=secret, folder=secret.parent)).arrow()
    assert SECRET not in str(caught.value)
    assert sorted(os.listdir(secret.parent)) == before
    del secret_frame


def test_the_engine_refuses_what_the_guard_would_let_through(shared_session: Session, secret: Path) -> None:
    # The second wall: even a statement that never met the guard cannot read or write another file.
    allowed = FileSource((str(secret.with_suffix(".parquet")),), "parquet")  # pyright: ignore
    for text in (
        f"SELECT * FROM read_text('{secret}')",
        f"SELECT * FROM query('SELECT * FROM ''{secret}''')",
        f"COPY (SELECT 1) TO '{secret.with_suffix('.parquet')}'",
        f"WITH x AS (COPY (SELECT 1) TO '{secret.with_suffix('.parquet')}') SELECT 1",
    ):
        with pytest.raises(BoathouseError):
            shared_session.engine.run(EngineQuery(text, files={"given": allowed})).arrow()
    assert pl.read_parquet(secret.with_suffix(".parquet"))["x"].to_list() == [SECRET]


def test_every_function_of_the_list_is_named_in_the_reference() -> None:
    reference = (Path(__file__).parents[3] / "docs" / "reference" / "sql.md").read_text()
    missing = [name for name in [*FUNCTIONS, *SPECIAL] if f"`{name}(" not in reference and f"`{name}`" not in reference]
    assert missing == []


_FRAGMENTS = st.sampled_from([
    "SELECT", "FROM", "WHERE", "*", "1", "'x'", "(", ")", ",", "WITH", "a", "AS", "UNION ALL", "JOIN", "ON", "true",
    "read_csv('{file}')", "'{file}'", '"{file}"', "`{file}`", "csv.`{file}`", "query('SELECT 1')", "LATERAL", "VIEW",
    "explode", "array(1)", "COPY", "TO", "INTO", "ATTACH", ";", "--", "/*", "*/", "IDENTIFIER", "VALUES", "IN",
    "EXISTS",
    "dev.shop.t", "VERSION AS OF 1", "@v1", "::", "INT", ".", "$$", "{{", "}}", ":p", "->", "=>", "getenv('HOME')",
    "read_files", "TABLE", "INSERT", "CREATE", "DROP", "SET", "x'00'", "\\", "\n", "read_text", "glob",
    "__bh_0", "range(1)",
])  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_FRAGMENTS, min_size=1, max_size=14))
@example(["SELECT", "*", "FROM", "read_csv('{file}')"])
def test_no_statement_of_random_pieces_reaches_the_secret(
    shared_session: Session, secret: Path, pieces: list[str]
) -> None:
    text = " ".join(pieces).format(file=secret)
    before = sorted(os.listdir(secret.parent))
    try:
        shown = repr(shared_session.sql(text, {"p": 1}).arrow().to_pylist())
    except BoathouseError as error:
        shown = str(error)
    assert SECRET not in shown
    assert sorted(os.listdir(secret.parent)) == before


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60))
@example("'; DROP TABLE dev.shop.t; --")
@example("{0} {{}} %s $1 :p")
def test_a_parameter_is_never_more_than_a_value(shared_session: Session, text: str) -> None:
    rows = shared_session.sql("SELECT :p AS p, :p = :p AS same, length(:p) AS n", {"p": text}).rows()
    assert rows == [{"p": text, "same": True, "n": len(text)}]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60))
@example("it's \\ {0}")
def test_a_text_literal_means_itself(shared_session: Session, text: str) -> None:
    literal = "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    assert shared_session.sql(f"SELECT {literal} AS t").rows() == [{"t": text}]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30))
@example('a"b')
@example("a{0}b`c")
def test_any_column_name_round_trips(shared_session: Session, name: str) -> None:
    result = shared_session.sql(f"SELECT `x` AS {quote_part(name)} FROM VALUES (1) AS t(x)")
    assert result.columns == [name]


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_a_statement_or_an_error_of_ours(text: str) -> None:
    try:
        read_statement(text)
    except InvalidInput:
        return


def test_a_statement_that_is_too_large_or_deep_is_refused(shared_session: Session) -> None:
    for text in (
        "SELECT " + "(" * 5000 + "1" + ")" * 5000,
        "SELECT " + "1+" * 60_000 + "1",
        "SELECT " + "1+" * 20_000 + "1",
        "x" * 2_000_000,
    ):
        with pytest.raises(InvalidInput):
            shared_session.sql(text)
