"""Writing governed tables: one commit each, all or nothing, lineage right after."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from boathouse.catalog import Catalog, Privilege
from boathouse.foundation.errors import AlreadyExists, Conflict, Denied, InvalidInput, NotFound
from boathouse.session import Session


def edges(catalog: Catalog, session: Session) -> list[tuple[str | None, str | None, str]]:
    """Source, target and operation of all edges, newest first; a version behind each name."""
    found = [each.edge for each in catalog.lineage.edges(session.principal)]

    def spelled(node: object) -> str | None:
        return None if node is None else f"{node.name}@{node.version}"  # pyright: ignore

    return [(spelled(edge.source), spelled(edge.target), edge.operation) for edge in found]


@pytest.mark.parametrize("make", [
    lambda: pa.table({"x": [1, 2]}),
    lambda: pa.table({"x": [1, 2]}).to_reader(),
    lambda: pl.DataFrame({"x": [1, 2]}),
    lambda: pd.DataFrame({"x": [1, 2]}),
    lambda: duckdb.sql("SELECT * FROM (VALUES (1), (2)) AS t(x)"),
])  # fmt: skip
def test_rows_are_taken_from_every_library(session: Session, make: Callable[[], object]) -> None:
    report = session.write_table("dev.shop.numbers", make())
    assert (report.table, report.version) == ("dev.shop.numbers", 0)
    assert session.sql("SELECT sum(x) AS s FROM dev.shop.numbers").rows() == [{"s": 3}]


def test_a_result_can_be_written(session: Session) -> None:
    session.write_table("dev.shop.ids", session.sql("SELECT id FROM range(5)"))
    assert len(session.table("dev.shop.ids")) == 5


def test_each_mode_does_what_it_says(session: Session) -> None:
    frame = pl.DataFrame({"id": [1, 2], "v": ["a", "b"]})
    session.write_table("dev.shop.t", frame, mode="error")
    with pytest.raises(AlreadyExists):
        session.write_table("dev.shop.t", frame, mode="error")
    session.write_table("dev.shop.t", frame)
    assert len(session.table("dev.shop.t")) == 4
    session.write_table("dev.shop.t", frame, mode="overwrite")
    session.write_table("dev.shop.t", pl.DataFrame({"id": [2, 3], "v": ["B", "c"]}), mode="merge", merge_on=["id"])
    assert session.sql("SELECT v FROM dev.shop.t ORDER BY id").pl()["v"].to_list() == ["a", "B", "c"]


def test_a_schema_changes_only_when_asked(session: Session) -> None:
    session.write_table("dev.shop.t", pl.DataFrame({"id": [1]}))
    wider = pl.DataFrame({"id": [2], "note": ["new"]})
    with pytest.raises(InvalidInput, match="note"):
        session.write_table("dev.shop.t", wider)
    session.write_table("dev.shop.t", wider, schema_mode="merge")
    assert [row["col_name"] for row in session.sql("DESCRIBE dev.shop.t").rows()] == ["id", "note"]
    session.write_table("dev.shop.t", pl.DataFrame({"z": [1.5]}), mode="overwrite", schema_mode="overwrite")
    assert [row["col_name"] for row in session.sql("DESCRIBE dev.shop.t").rows()] == ["z"]


def test_a_write_over_somebody_elses_change_is_a_conflict(session: Session) -> None:
    session.write_table("dev.shop.t", pl.DataFrame({"id": [1]}))
    session.write_table("dev.shop.t", pl.DataFrame({"id": [2]}), mode="overwrite", read_version=0)
    with pytest.raises(Conflict):
        session.write_table("dev.shop.t", pl.DataFrame({"id": [3]}), mode="overwrite", read_version=0)
    assert session.table("dev.shop.t").rows() == [{"id": 2}]


def test_a_write_that_contradicts_itself_is_refused(session: Session) -> None:
    frame = pl.DataFrame({"id": [1]})
    for arguments in ({"mode": "merge"}, {"merge_on": ["id"]}, {"mode": "replace"}):
        with pytest.raises(InvalidInput):
            session.write_table("dev.shop.t", frame, **arguments)
    with pytest.raises(NotFound):
        session.write_table("dev.shop.t", frame, mode="merge", merge_on=["id"])
    with pytest.raises(InvalidInput):
        session.write_table("dev.shop.t", 5)
    with pytest.raises(NotFound, match=r"dev\.shop\.t was not found"):
        session.table("dev.shop.t")


def test_writing_needs_modify_and_creating_needs_create_table(
    session: Session, session_of: Callable[..., Session]
) -> None:
    session.write_table("dev.shop.t", pl.DataFrame({"id": [1]}))
    reader = session_of("ann", Privilege.SELECT)
    with pytest.raises(Denied, match=r"MODIFY on table dev\.shop\.t is missing"):
        reader.write_table("dev.shop.t", pl.DataFrame({"id": [2]}))
    with pytest.raises(Denied, match="CREATE_TABLE"):
        reader.write_table("dev.shop.other", pl.DataFrame({"id": [2]}))
    with pytest.raises(Denied):
        reader.sql("CREATE TABLE dev.shop.other AS SELECT 1 AS x")
    with pytest.raises(Denied):
        reader.sql("INSERT INTO dev.shop.t VALUES (2)")


def test_create_table_as_select_leaves_an_edge_from_what_it_read(session: Session, catalog: Catalog) -> None:
    session.sql("CREATE TABLE dev.shop.a AS SELECT 1 AS x")
    session.sql("INSERT INTO dev.shop.a VALUES (2)")
    session.sql("CREATE TABLE dev.shop.b AS SELECT * FROM dev.shop.a")
    session.sql("INSERT INTO dev.shop.b SELECT x + 10 FROM dev.shop.a VERSION AS OF 0")
    assert edges(catalog, session) == [
        ("dev.shop.a@0", "dev.shop.b@1", "WRITE"),
        ("dev.shop.a@1", "dev.shop.b@0", "WRITE"),
        (None, "dev.shop.a@1", "WRITE"),
        (None, "dev.shop.a@0", "WRITE"),
    ]


def test_a_failed_creation_leaves_nothing(session: Session, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="Division by zero"):
        session.sql("CREATE TABLE dev.shop.bad AS SELECT 1 / (id - 5000) AS x FROM range(10000)")
    assert session.sql("SHOW TABLES IN dev.shop").rows() == []
    assert list((tmp_path / "home" / "lake" / "tables").iterdir()) == []


def test_a_failed_insert_commits_nothing(session: Session) -> None:
    session.sql("CREATE TABLE dev.shop.t AS SELECT 1.0D AS x")
    with pytest.raises(InvalidInput, match="Division by zero"):
        session.sql("INSERT INTO dev.shop.t SELECT 1 / (id - 500000) FROM range(1000000)")
    assert [row["version"] for row in session.sql("DESCRIBE HISTORY dev.shop.t").rows()] == [0]


def test_tables_are_created_with_all_that_can_be_said_of_them(session: Session) -> None:
    session.sql("""
        CREATE TABLE dev.shop.flights (
            id BIGINT NOT NULL COMMENT 'number', origin STRING, price DECIMAL(8, 2), at TIMESTAMP, local TIMESTAMP_NTZ,
            tags ARRAY<STRING>, extra MAP<STRING, INT>, place STRUCT<lat: DOUBLE, lon: DOUBLE>
        ) USING DELTA PARTITIONED BY (origin) COMMENT 'All of them' TBLPROPERTIES ('delta.appendOnly' = 'true')
    """)
    session.sql("INSERT INTO dev.shop.flights (id, origin, at) VALUES (1, 'JFK', TIMESTAMP'2013-01-01 05:00:00')")
    row = session.table("dev.shop.flights").rows()[0]
    assert (row["id"], row["at"], row["price"]) == (1, datetime(2013, 1, 1, 5, tzinfo=UTC), None)
    described = {each["col_name"]: each for each in session.sql("DESCRIBE dev.shop.flights").rows()}
    assert described["id"]["comment"] == "number"
    assert described["place"]["data_type"] == "struct<lat:double,lon:double>"
    assert "# Partition Information" in described
    assert session.sql("SHOW TBLPROPERTIES dev.shop.flights ('delta.appendOnly')").rows()[0]["value"] == "true"
    with pytest.raises(InvalidInput, match="id"):
        session.sql("INSERT INTO dev.shop.flights (origin) VALUES ('LGA')")


def test_a_table_is_made_once(session: Session) -> None:
    session.sql("CREATE TABLE dev.shop.t (x INT)")
    with pytest.raises(AlreadyExists):
        session.sql("CREATE TABLE dev.shop.t (y INT)")
    session.sql("CREATE TABLE IF NOT EXISTS dev.shop.t (y INT)")
    session.sql("CREATE TABLE IF NOT EXISTS dev.shop.t AS SELECT 1 AS y")
    assert session.sql("SHOW COLUMNS IN dev.shop.t").rows() == [{"col_name": "x"}]


def test_a_replaced_table_keeps_its_history_and_grants(session: Session, session_of: Callable[..., Session]) -> None:
    ann = session_of("ann", Privilege.BROWSE)
    session.sql("CREATE TABLE dev.shop.t AS SELECT 1 AS x")
    session.sql("GRANT SELECT ON TABLE dev.shop.t TO ann")
    session.sql("CREATE OR REPLACE TABLE dev.shop.t COMMENT 'new' AS SELECT 'a' AS y, x FROM dev.shop.t")
    assert ann.sql("SELECT * FROM dev.shop.t").rows() == [{"y": "a", "x": 1}]
    assert ann.sql("SELECT * FROM dev.shop.t VERSION AS OF 0").rows() == [{"x": 1}]
    assert ann.sql("DESCRIBE dev.shop.t").rows()[0]["col_name"] == "y"


def test_a_table_is_replaced_by_one_that_is_partitioned_otherwise(session: Session) -> None:
    session.sql("CREATE TABLE dev.shop.t AS SELECT 1 AS x, 2 AS y")
    session.sql("CREATE OR REPLACE TABLE dev.shop.t PARTITIONED BY (y) AS SELECT 5 AS x, 6 AS y")
    assert session.table("dev.shop.t").rows() == [{"x": 5, "y": 6}]


def test_insert_finds_the_columns_by_position_list_or_name(session: Session) -> None:
    session.sql("CREATE TABLE dev.shop.t (a INT, b STRING)")
    session.sql("INSERT INTO dev.shop.t VALUES (1, 'x')")
    session.sql("INSERT INTO dev.shop.t (b) VALUES ('y')")
    session.sql("INSERT INTO dev.shop.t BY NAME SELECT 'z' AS b, 3 AS a")
    rows = session.sql("SELECT a, b FROM dev.shop.t ORDER BY b").rows()
    assert [tuple(row.values()) for row in rows] == [(1, "x"), (None, "y"), (3, "z")]
    assert session.sql("INSERT OVERWRITE dev.shop.t VALUES (9, 'w')").rows()[0]["num_affected_rows"] == 1
    assert session.table("dev.shop.t").rows() == [{"a": 9, "b": "w"}]
    for bad in ("(1)", "(1, 'x', 2)"):
        with pytest.raises(InvalidInput, match="columns"):
            session.sql(f"INSERT INTO dev.shop.t VALUES {bad}")
    with pytest.raises(InvalidInput, match="no column c"):
        session.sql("INSERT INTO dev.shop.t (c) VALUES (1)")
    with pytest.raises(InvalidInput, match="Column a"):
        session.sql("INSERT INTO dev.shop.t VALUES ('text', 'x')")


def test_a_table_can_be_overwritten_from_itself(session: Session) -> None:
    session.sql("CREATE TABLE dev.shop.t AS SELECT id FROM range(10)")
    session.sql("INSERT OVERWRITE dev.shop.t SELECT id FROM dev.shop.t WHERE id > 7")
    assert session.sql("SELECT id FROM dev.shop.t ORDER BY id").rows() == [{"id": 8}, {"id": 9}]


def test_a_computed_column_needs_a_name_in_a_table(session: Session) -> None:
    with pytest.raises(InvalidInput, match="AS something"):
        session.sql("CREATE TABLE dev.shop.t AS SELECT count(*) FROM range(3)")


def test_nobody_writes_to_system_tables(session: Session) -> None:
    for statement in ("INSERT INTO system.access.audit SELECT 1", "CREATE TABLE system.access.mine (x INT)"):
        with pytest.raises((Denied, InvalidInput)):
            session.sql(statement)


def test_things_are_made_commented_and_dropped(session: Session) -> None:
    session.sql("CREATE CATALOG lab")
    session.sql("CREATE CATALOG IF NOT EXISTS lab")
    session.sql("CREATE SCHEMA lab.s COMMENT 'sketches'")
    session.sql("CREATE TABLE lab.s.t (x INT)")
    assert session.sql("DESCRIBE SCHEMA lab.s").rows()[2] == {"info_name": "Comment", "info_value": "sketches"}
    session.sql("COMMENT ON SCHEMA lab.s IS NULL")
    assert session.sql("DESCRIBE SCHEMA lab.s").rows()[2]["info_value"] == ""
    with pytest.raises(Conflict, match="not empty"):
        session.sql("DROP SCHEMA lab.s")
    session.sql("DROP TABLE lab.s.t")
    session.sql("DROP TABLE IF EXISTS lab.s.t")
    session.sql("DROP SCHEMA lab.s")
    session.sql("DROP CATALOG lab")
    with pytest.raises(NotFound):
        session.sql("DROP CATALOG lab")


def test_names_of_any_script_round_trip(session: Session) -> None:
    session.sql("CREATE TABLE dev.shop.`größe-2` AS SELECT 1 AS `höhe`")
    assert session.sql("SELECT `höhe` FROM dev.shop.`Größe-2`").rows() == [{"höhe": 1}]
    assert session.table("dev.shop.größe-2").columns == ["höhe"]


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("5", Decimal("5.00")),
        ("CAST(2.345 AS DOUBLE)", Decimal("2.35")),
        ("(SELECT sum(id) FROM range(3))", Decimal("3.00")),
        ("NULL", None),
    ],
)
def test_inserted_values_become_the_columns_type_as_in_update(session: Session, value: str, stored: object) -> None:
    session.sql("CREATE TABLE dev.shop.prices (id INT, amount DECIMAL(10, 2))")
    session.sql(f"INSERT INTO dev.shop.prices VALUES (1, {value})")
    session.sql("INSERT INTO dev.shop.prices VALUES (2, 0)")
    session.sql(f"UPDATE dev.shop.prices SET amount = {value} WHERE id = 2")
    assert [row["amount"] for row in session.sql("SELECT amount FROM dev.shop.prices").rows()] == [stored, stored]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("day", "'2026-01-03'", r"Column day is DATE; a value of type STRING .* CAST\(\.\.\. AS DATE\)"),
        ("id", "9999999999", "The value 9999999999 does not fit into column id, which is INT"),
        ("days", "1", r"Column days is ARRAY<DATE>; a value of type INT"),
    ],
)
def test_a_value_that_no_column_can_take_is_told_in_words_of_sql(
    session: Session, column: str, value: str, message: str
) -> None:
    session.sql("CREATE TABLE dev.shop.days (id INT, day DATE, days ARRAY<DATE>)")
    with pytest.raises(InvalidInput, match=message):
        session.sql(f"INSERT INTO dev.shop.days ({column}) VALUES ({value})")
    assert len(session.table("dev.shop.days")) == 0
