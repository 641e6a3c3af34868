"""Rows on their way into a table: kept, dropped or refused, in one pass, with nothing half done."""

from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boathouse.catalog import Privilege
from boathouse.catalog.contract_rules import OnViolation
from boathouse.foundation.errors import AlreadyExists, Denied, InvalidInput
from boathouse.quality.expectations import (
    constraints_of,
    expect,
    expect_all,
    expect_all_or_drop,
    expect_or_drop,
    expect_or_fail,
    read_expectations,
    read_table,
    run_sql,
    run_yaml,
    write_expected,
)
from boathouse.session.running.splitting import BrokenRule, Waiting

RAW = [{"id": 1, "price": 5.0}, {"id": 2, "price": -1.0}, {"id": 3, "price": None}, {"id": None, "price": 7.0}]


def test_rows_are_kept_dropped_and_counted(house):
    @expect("small", "price < 6")
    @expect_or_drop("priced", "price > 0")
    def orders():
        return "SELECT * FROM dev.shop.raw"

    house.write("raw", RAW)

    report = write_expected(house.session, "dev.shop.clean", orders)

    assert [row["price"] for row in house.rows("clean", order="price")] == [5.0, 7.0]
    assert {each.rule.name: (each.passed, each.failed) for each in report.counts} == {"small": (2, 2), "priced": (2, 2)}
    assert (report.rows, report.dropped, report.quarantine) == (4, 2, "dev.shop.clean_quarantine")
    aside = house.rows("clean_quarantine", order="id")
    assert [(row["id"], row["_broken_rules"], row["_write_id"]) for row in aside] == [
        (2, ["priced"], report.write_id),
        (3, ["priced"], report.write_id),
    ]
    counted = {row["name"]: row for row in house.rows("clean_expectations")}
    assert counted["priced"]["failed_records"] == 2
    assert counted["priced"]["action"] == "DROP"
    assert {row["_write_id"] for row in counted.values()} == {report.write_id}


def test_a_row_that_breaks_what_must_hold_leaves_everything_as_it_was(house):
    house.write("raw", RAW)
    rules = expect_or_drop("priced", "price > 0") + expect_or_fail("known", "id IS NOT NULL")
    write_expected(house.session, "dev.shop.clean", "SELECT * FROM dev.shop.raw WHERE id = 1", rules)

    with pytest.raises(BrokenRule, match=r"known \(id IS NOT NULL\) does not hold for 1 of the first 4"):
        write_expected(house.session, "dev.shop.clean", "dev.shop.raw", rules)

    assert [row["id"] for row in house.rows("clean")] == [1]
    assert len(house.rows("clean_expectations")) == 2
    assert "clean_quarantine" not in str(house.session.sql("SHOW TABLES IN dev.shop").rows())


def test_what_was_set_aside_is_taken_back_when_the_rows_cannot_be_written(house):
    house.session.sql("CREATE TABLE dev.shop.clean AS SELECT CAST(1 AS INT) AS id, CAST(5 AS DOUBLE) AS price")
    house.write("clean_quarantine", [{"id": 9, "price": -3.0, "_write_id": "earlier"}])
    rows = pa.table({"id": [2**40, 2], "price": [1.0, -1.0]})

    with pytest.raises(InvalidInput, match="cannot hold a value"):
        write_expected(house.session, "dev.shop.clean", rows, expect_or_drop("priced", "price > 0"))

    assert [row["id"] for row in house.rows("clean")] == [1]
    assert [row["_write_id"] for row in house.rows("clean_quarantine")] == ["earlier"]


def test_who_may_not_write_the_table_leaves_nothing_beside_it(house):
    house.write("clean", [{"id": 1, "price": 5.0}])
    rules = expect_or_drop("priced", "price > 0")
    reader = house.session_of("ann", Privilege.SELECT, Privilege.CREATE_TABLE)

    with pytest.raises(Denied):
        write_expected(reader, "dev.shop.clean", pa.table({"id": [2], "price": [-1.0]}), rules)

    names = {row["tableName"] for row in house.session.sql("SHOW TABLES IN dev.shop").rows()}
    assert names == {"clean"}


def test_quarantine_and_counts_can_be_left_out(house):
    rows = pa.table({"id": [1, 2], "price": [1.0, -1.0]})
    rules = expect_or_drop("priced", "price > 0")

    report = write_expected(house.session, "dev.shop.clean", rows, rules, quarantine=False, metrics=False)

    assert (report.dropped, report.quarantine) == (1, None)
    assert {row["tableName"] for row in house.session.sql("SHOW TABLES IN dev.shop").rows()} == {"clean"}


def test_rows_that_are_all_dropped_and_no_rows_at_all_make_an_empty_table(house):
    rules = expect_or_drop("priced", "price > 0")
    for name, rows in (("none", pa.table({"price": pa.array([], pa.float64())})), ("bad", pa.table({"price": [-1.0]}))):
        report = write_expected(house.session, f"dev.shop.{name}", rows, rules)

        assert house.rows(name) == []
        assert report.dropped == len(rows)


def test_values_that_are_not_finite_and_columns_of_nulls_are_judged_as_the_engine_compares(house):
    rows = pa.table({"x": [float("nan"), float("inf"), 1.0], "empty": pa.nulls(3, pa.int64())})

    report = write_expected(
        house.session, "dev.shop.odd", rows, expect_all({"finite": "NOT isnan(x) AND x < 1e300", "full": "empty > 0"})
    )

    assert [each.failed for each in report.counts] == [2, 3]


def test_a_condition_about_a_column_that_is_not_there_writes_nothing(house):
    with pytest.raises(InvalidInput, match="colour"):
        write_expected(house.session, "dev.shop.clean", pa.table({"id": [1]}), expect("red", "colour = 'red'"))
    with pytest.raises(InvalidInput, match="reads more than the row"):
        rules = expect("others", "id IN (SELECT id FROM dev.shop.raw)")
        write_expected(house.session, "dev.shop.clean", pa.table({"id": [1]}), rules)


def test_two_expectations_of_one_name_are_refused():
    with pytest.raises(InvalidInput, match="Two expectations are called a"):
        expect("a", "x > 0") + expect_or_drop("a", "y > 0")


def test_lineage_leads_from_the_source_to_the_table(house):
    house.write("raw", RAW)

    write_expected(house.session, "dev.shop.clean", "dev.shop.raw", expect("priced", "price > 0"))

    edges = house.session.sql(
        "SELECT source_table_full_name AS s FROM system.access.table_lineage "
        "WHERE target_table_full_name = 'dev.shop.clean'"
    ).rows()
    assert "dev.shop.raw" in {row["s"] for row in edges}


def test_constraints_are_read_as_declarative_pipelines_write_them():
    found = constraints_of(
        "CONSTRAINT a EXPECT (x > 0 AND (y IN (1, 2)) OR z = ')'), "
        "CONSTRAINT `b c` EXPECT (y IS NOT NULL) ON VIOLATION DROP ROW, "
        "constraint d expect (length(z) > 1) on violation fail update"
    )

    assert [(each.name, each.condition, each.on_violation) for each in found] == [
        ("a", "x > 0 AND (y IN (1, 2)) OR z = ')'", OnViolation.KEEP),
        ("b c", "y IS NOT NULL", OnViolation.QUARANTINE),
        ("d", "length(z) > 1", OnViolation.REFUSE),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "CONSTRAINT a", "CONSTRAINT a EXPECT x > 0", "CONSTRAINT a EXPECT (x > 0", "CONSTRAINT a EXPECT (x) ON ERROR",
     "CONSTRAINT a EXPECT (x > 0) ON VIOLATION DROP TABLE", "CONSTRAINT a EXPECT (x > 0) and more", "'"],
)  # fmt: skip
def test_what_is_no_list_of_constraints_is_refused_with_the_spelling(text):
    with pytest.raises(InvalidInput) as refused:
        constraints_of(text)

    assert "CONSTRAINT name EXPECT" in str(refused.value)


@pytest.mark.parametrize(
    "kind", ["TABLE", "OR REPLACE TABLE", "OR REFRESH MATERIALIZED VIEW", "OR REFRESH STREAMING TABLE", "LIVE TABLE"]
)
def test_a_statement_writes_its_table(house, kind):
    house.write("raw", RAW)
    text = (
        f"CREATE {kind} dev.shop.clean (CONSTRAINT priced EXPECT (price > 0) ON VIOLATION DROP ROW) "
        "COMMENT 'What can be used' AS SELECT id, price FROM dev.shop.raw;"
    )

    report = run_sql(house.session, text)

    assert report.dropped == 2
    assert len(house.rows("clean")) == 2
    assert read_table(text).comment == "What can be used"


def test_a_session_runs_such_a_statement(house):
    house.write("raw", RAW)
    text = (
        "CREATE OR REFRESH MATERIALIZED VIEW shop.clean (CONSTRAINT priced EXPECT (price > 0) ON VIOLATION DROP ROW, "
        "CONSTRAINT few EXPECT (price < 6)) COMMENT 'Of use' "
        "AS SELECT id, price FROM shop.raw WHERE id IS NULL OR id < :most"
    )
    house.session.use_catalog("dev")

    done = house.session.sql(text, {"most": 3}).rows()

    assert done == [{"num_affected_rows": 2, "num_inserted_rows": 2, "num_dropped_rows": 1}]
    assert [row["price"] for row in house.rows("clean", order="price")] == [5.0, 7.0]
    assert [row["id"] for row in house.rows("clean_quarantine")] == [2]
    assert {row["name"]: row["failed_records"] for row in house.rows("clean_expectations")} == {"priced": 1, "few": 1}
    house.session.sql(text.replace("id, price", "id, price, 1 AS more"), {"most": 3})
    assert {row["more"] for row in house.rows("clean")} == {1}
    edges = house.session.sql(
        "SELECT source_table_full_name AS s FROM system.access.table_lineage "
        "WHERE target_table_full_name = 'dev.shop.clean'"
    ).rows()
    assert "dev.shop.raw" in {row["s"] for row in edges}


def test_a_table_that_is_there_is_replaced_only_when_that_is_said(house):
    house.write("raw", RAW)
    expected = "(CONSTRAINT priced EXPECT (price > 0) ON VIOLATION FAIL UPDATE) AS SELECT * FROM dev.shop.raw"
    house.write("clean", [{"id": 9, "price": 9.0}])

    with pytest.raises(AlreadyExists):
        house.session.sql(f"CREATE TABLE dev.shop.clean {expected}")
    house.session.sql(f"CREATE TABLE IF NOT EXISTS dev.shop.clean {expected}")
    with pytest.raises(BrokenRule):
        house.session.sql(f"CREATE OR REPLACE TABLE dev.shop.clean {expected}")

    assert house.rows("clean") == [{"id": 9, "price": 9.0}]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("CREATE TABLE a.b.c (id INT, CONSTRAINT x EXPECT (id > 0))", "Columns together with expectations"),
        ("CREATE TABLE a.b.c (CONSTRAINT x EXPECT (id > 0))", "boathouse contract attach"),
        ("CREATE VIEW a.b.c (CONSTRAINT x EXPECT (id > 0)) AS SELECT 1 AS id", "expected TABLE, STREAMING TABLE"),
        ("CREATE TABLE a.b.c (CONSTRAINT x EXPECT ()) AS SELECT 1 AS id", "something is missing"),
        ("CREATE TABLE a.b.c (CONSTRAINT x EXPECT (1), CONSTRAINT x EXPECT (2)) AS SELECT 1", "Two expectations"),
    ],
)
def test_a_statement_that_a_session_cannot_run_says_why(house, text, told):
    with pytest.raises(InvalidInput) as refused:
        house.session.sql(text)

    assert told in str(refused.value)


def test_a_document_writes_its_table_each_time_anew(house):
    house.write("raw", RAW)
    text = """
table: dev.shop.clean
source: dev.shop.raw
quarantine: dev.shop.bad
expectations:
  - {name: priced, expect: price > 0, on_violation: drop row}
expect_all: {known: id IS NOT NULL}
"""

    run_yaml(house.session, text)
    report = run_yaml(house.session, text)

    assert [(each.rule.name, each.failed) for each in report.counts] == [("priced", 2), ("known", 1)]
    assert len(house.rows("clean")) == 2
    assert len(house.rows("bad")) == 4


def test_a_document_that_says_something_else_is_refused_whole():
    with pytest.raises(InvalidInput) as refused:
        read_expectations("table: a.b.c\nexpectations:\n- {name: x, expekt: y > 0}\n")

    assert "expekt" in str(refused.value)
    assert "source" in str(refused.value)


def test_rows_that_have_no_room_in_memory_wait_in_a_file():
    batches = pa.table({"x": list(range(100))}).to_batches(10)
    waiting = Waiting(batches[0].schema, 4 * batches[0].nbytes)
    for batch in batches:
        waiting.add(batch)

    found = waiting.reader().read_all()
    waiting.close()

    assert found["x"].to_pylist() == list(range(100))


VALUES = st.one_of(st.none(), st.integers(-5, 5))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(VALUES, VALUES), max_size=30), size=st.integers(1, 7))
def test_one_pass_in_batches_counts_as_row_by_row(house_engine, rows, size):
    from datetime import UTC, datetime

    from boathouse.session.running.splitting import Origin, Split

    table = pa.table({"a": pa.array([a for a, _ in rows], pa.int64()), "b": pa.array([b for _, b in rows], pa.int64())})
    rules = expect("a small", "a < 3") + expect_all_or_drop({"b there": "b IS NOT NULL", "a below b": "a < b"})
    split = Split(house_engine, rules.rules, Origin("It", "w", datetime(2013, 1, 1, tzinfo=UTC)))

    good = split.judged(pa.RecordBatchReader.from_batches(table.schema, table.to_batches(size))).read_all()
    aside = split.aside()
    bad = aside.read_all().to_pylist() if aside is not None else []
    split.close()

    def broken(row: Any) -> list[str]:
        a, b = row
        return ["b there"] * (b is None) + ["a below b"] * (a is None or b is None or not a < b)

    assert [tuple(row.values()) for row in good.to_pylist()] == [row for row in rows if not broken(row)]
    assert [(row["a"], row["b"], row["_broken_rules"]) for row in bad] == [
        (*row, broken(row)) for row in rows if broken(row)
    ]
    expected = Counter(name for row in rows for name in broken(row))
    expected["a small"] += sum(1 for a, _ in rows if a is None or not a < 3)
    assert split.broken == +expected
