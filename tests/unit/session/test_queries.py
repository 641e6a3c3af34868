"""Reading governed tables: names, versions, results, errors."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from boathouse.catalog import Catalog, Privilege
from boathouse.foundation.errors import Denied, InvalidInput, NotFound
from boathouse.session import Session


@pytest.fixture
def orders(session: Session) -> Session:
    session.sql("CREATE TABLE dev.shop.orders (id INT, buyer STRING) COMMENT 'One row per order'")
    session.sql("INSERT INTO dev.shop.orders VALUES (1, 'ann'), (2, 'bob')")
    session.sql("INSERT INTO dev.shop.orders VALUES (3, 'ann')")
    return session


def test_importing_boathouse_imports_nothing_heavy() -> None:
    heavy = (
        "pyarrow",
        "duckdb",
        "deltalake",
        "polars",
        "pandas",
        "sqlglot",
        "sqlalchemy",
        "mlflow",
        "fastapi",
        "click",
    )
    code = f"import sys, boathouse, boathouse.session; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_result_comes_in_every_form(orders: Session) -> None:
    result = orders.sql("SELECT id, buyer FROM dev.shop.orders ORDER BY id")
    assert isinstance(result.arrow(), pa.Table)
    assert result.pl()["buyer"].to_list() == ["ann", "bob", "ann"]
    assert isinstance(result.df(), pd.DataFrame)
    assert pa.table(result).num_rows == 3
    assert pl.DataFrame(result).height == 3
    assert sum(batch.num_rows for batch in result) == 3
    assert result.columns == ["id", "buyer"]
    assert " 1  | ann" in repr(result)


def test_rows_stream_and_can_be_read_again(session: Session) -> None:
    result = session.sql("SELECT id FROM range(1000000)")
    first = next(iter(result))
    assert 0 < first.num_rows < 1_000_000
    assert len(result) == 1_000_000


def test_a_result_is_a_relation_for_duckdb(orders: Session) -> None:
    relation = orders.sql("SELECT * FROM dev.shop.orders").relation()
    assert relation.count("id").to_arrow_table().column(0).to_pylist() == [3]


def test_a_table_is_read_as_of_a_version_or_an_instant(orders: Session) -> None:
    count = "SELECT count(*) AS n FROM dev.shop.orders"
    when = orders.sql("DESCRIBE HISTORY dev.shop.orders").rows()[1]["timestamp"]
    assert orders.sql(f"{count} VERSION AS OF 1").rows() == [{"n": 2}]
    assert orders.sql(f"{count}@v1").rows() == [{"n": 2}]
    assert orders.sql(f"{count} VERSION AS OF :v", {"v": 0}).rows() == [{"n": 0}]
    assert orders.sql(f"{count} TIMESTAMP AS OF '{when.isoformat()}'").rows() == [{"n": 2}]
    assert orders.sql(f"{count} TIMESTAMP AS OF :t", {"t": datetime.now(UTC)}).rows() == [{"n": 3}]
    assert len(orders.table("dev.shop.orders", version=1)) == 2
    assert len(orders.table("dev.shop.orders", timestamp=when)) == 2


def test_a_version_that_never_was_is_named(orders: Session) -> None:
    with pytest.raises(NotFound, match=r"dev\.shop\.orders has no version 9"):
        orders.sql("SELECT * FROM dev.shop.orders VERSION AS OF 9")
    with pytest.raises(NotFound, match="no version as of 2001"):
        orders.sql("SELECT * FROM dev.shop.orders TIMESTAMP AS OF '2001-01-01'")


def test_two_versions_of_one_table_can_be_compared(orders: Session) -> None:
    query = (
        "SELECT new.id FROM dev.shop.orders new LEFT ANTI JOIN dev.shop.orders VERSION AS OF 1 old ON new.id = old.id"
    )
    assert orders.sql(query).rows() == [{"id": 3}]


def test_columns_can_be_qualified_by_the_full_name_of_their_table(orders: Session) -> None:
    query = "SELECT dev.shop.orders.id FROM dev.shop.orders WHERE orders.buyer = 'bob'"
    assert orders.sql(query).rows() == [{"id": 2}]


def test_use_gives_short_names_a_meaning(orders: Session) -> None:
    with pytest.raises(InvalidInput, match="does not say which"):
        orders.sql("SELECT * FROM orders")
    orders.sql("USE CATALOG dev")
    orders.sql("USE SCHEMA shop")
    assert len(orders.sql("SELECT * FROM orders")) == 3
    assert orders.sql("SELECT current_catalog() AS c, current_schema() AS s").rows() == [{"c": "dev", "s": "shop"}]
    with pytest.raises(NotFound):
        orders.sql("USE CATALOG nowhere")


def test_a_common_table_expression_counts_only_where_it_is_in_scope(orders: Session) -> None:
    assert orders.sql("WITH orders AS (SELECT 7 AS id) SELECT id FROM orders").rows() == [{"id": 7}]
    with pytest.raises(InvalidInput, match="does not say which"):
        orders.sql("SELECT * FROM (WITH x AS (SELECT 1) SELECT * FROM x), x")


def test_parameters_are_values_and_names(orders: Session) -> None:
    query = "SELECT id FROM IDENTIFIER(:table) WHERE buyer = :buyer LIMIT :n"
    rows = orders.sql(query, {"table": "dev.shop.orders", "buyer": "bob", "n": 1}).rows()
    assert rows == [{"id": 2}]
    assert orders.sql("SELECT :x AS x", {"x": "'; DROP TABLE dev.shop.orders; --"}).rows()[0]["x"].startswith("'; DROP")
    with pytest.raises(InvalidInput, match="parameter :missing has no value"):
        orders.sql("SELECT :missing")


def test_mistakes_are_named_with_a_suggestion(orders: Session) -> None:
    with pytest.raises(NotFound, match=r"Did you mean dev\.shop\.orders"):
        orders.sql("SELECT * FROM dev.shop.ordrs")
    with pytest.raises(InvalidInput, match=r"no column byer here\. Did you mean buyer"):
        orders.sql("SELECT byer FROM dev.shop.orders")
    with pytest.raises(InvalidInput, match="no column byer here"):
        orders.sql("SELECT o.byer FROM dev.shop.orders o")
    with pytest.raises(InvalidInput, match=r"function uper is not supported\. Did you mean upper"):
        orders.sql("SELECT uper(buyer) FROM dev.shop.orders")


def test_a_syntax_error_points_to_its_place(session: Session) -> None:
    with pytest.raises(InvalidInput) as caught:
        session.sql("SELECT 1,\n       FROM WHERE")
    assert "line 2" in str(caught.value)
    assert caught.value.message.splitlines()[-1].strip() == "^"


def test_nothing_of_ours_shows_in_an_error(orders: Session) -> None:
    with pytest.raises(InvalidInput) as caught:
        orders.sql("SELECT id + buyer FROM dev.shop.orders GROUP BY 1 HAVING nonsense(1)")
    assert "__bh_" not in str(caught.value)


def test_reading_needs_select(orders: Session, session_of: Callable[..., Session]) -> None:
    ann = session_of("ann", Privilege.MODIFY)
    with pytest.raises(Denied, match=r"SELECT on table dev\.shop\.orders is missing.*root.*can grant"):
        ann.sql("SELECT * FROM dev.shop.orders")
    with pytest.raises(NotFound):
        session_of("eve").sql("SELECT * FROM dev.shop.orders")


def test_a_read_is_recorded_with_its_version_before_rows_are_seen(orders: Session, catalog: Catalog) -> None:
    orders.sql("SELECT * FROM dev.shop.orders VERSION AS OF 1")
    newest = catalog.lineage.edges(orders.principal)[0].edge
    assert (newest.operation, newest.source and newest.source.name, newest.source and newest.source.version) == (
        "READ", "dev.shop.orders", 1)  # fmt: skip
    assert newest.target is None


def test_a_query_that_cannot_run_has_read_nothing(orders: Session, catalog: Catalog) -> None:
    before = len(catalog.lineage.edges(orders.principal))
    with pytest.raises(InvalidInput):
        orders.sql("SELECT nothing FROM dev.shop.orders")
    assert len(catalog.lineage.edges(orders.principal)) == before


def test_a_refusal_is_in_the_audit_log(orders: Session, session: Session, session_of: Callable[..., Session]) -> None:
    ann = session_of("ann", Privilege.MODIFY)
    with pytest.raises(Denied):
        ann.sql("SELECT * FROM dev.shop.orders")
    rows = session.sql(
        "SELECT action_name, response.statusCode AS status, request_params['statement_text'] AS text "
        "FROM system.access.audit WHERE user_identity.email = 'ann' AND service_name = 'session'"
    ).rows()
    assert rows == [{"action_name": "commandSubmit", "status": 403, "text": "SELECT * FROM dev.shop.orders"}]


def test_a_table_can_be_narrowed(orders: Session) -> None:
    assert orders.table("dev.shop.orders", columns=["id"], where="buyer = 'ann' AND id > 1").rows() == [{"id": 3}]
    with pytest.raises(InvalidInput):
        orders.table("dev.shop.orders", version=1, timestamp="2020-01-01")


def test_system_tables_are_not_for_everybody(orders: Session, session_of: Callable[..., Session]) -> None:
    ann = session_of("ann", Privilege.SELECT)
    with pytest.raises((Denied, NotFound)):
        ann.sql("SELECT * FROM system.access.audit")
    names = ann.sql("SELECT table_name FROM dev.information_schema.tables").rows()
    assert names == [{"table_name": "orders"}]
    assert session_of("eve").sql("SELECT * FROM system.information_schema.tables").rows() == []


def test_columns_of_a_table_are_in_the_information_schema(orders: Session) -> None:
    rows = orders.sql(
        "SELECT column_name, full_data_type FROM system.information_schema.columns "
        "WHERE table_name = 'orders' ORDER BY ordinal_position"
    ).rows()
    assert [tuple(row.values()) for row in rows] == [("id", "int"), ("buyer", "string")]


def test_a_table_is_described(orders: Session) -> None:
    assert [row["col_name"] for row in orders.sql("DESCRIBE dev.shop.orders").rows()] == ["id", "buyer"]
    facts = {row["col_name"]: row["data_type"] for row in orders.sql("DESCRIBE EXTENDED dev.shop.orders").rows()}
    assert facts["Owner"] == "root"
    assert facts["Comment"] == "One row per order"
    assert orders.sql("DESCRIBE DETAIL dev.shop.orders").rows()[0]["numFiles"] == 2
    history = orders.sql("DESCRIBE HISTORY dev.shop.orders").rows()
    assert [(row["version"], row["userName"]) for row in history] == [(2, "root"), (1, "root"), (0, "root")]
    created = orders.sql("SHOW CREATE TABLE dev.shop.orders").rows()[0]["createtab_stmt"]
    assert "buyer STRING" in created
    assert orders.sql("SHOW COLUMNS IN dev.shop.orders").rows()[0] == {"col_name": "id"}
    shown = {row["key"]: row["value"] for row in orders.sql("SHOW TBLPROPERTIES dev.shop.orders").rows()}
    assert shown["delta.enableChangeDataFeed"] == "true"


def test_show_lists_what_is_there(orders: Session) -> None:
    orders.sql("CREATE VOLUME dev.shop.landing")
    assert orders.sql("SHOW CATALOGS LIKE 'd*'").rows() == [{"catalog": "dev"}]
    schemas = [row["databaseName"] for row in orders.sql("SHOW SCHEMAS IN dev").rows()]
    assert schemas == ["information_schema", "shop"]
    assert [row["tableName"] for row in orders.sql("SHOW TABLES IN dev.shop LIKE 'ord*|x*'").rows()] == ["orders"]
    assert [row["volume_name"] for row in orders.sql("SHOW VOLUMES IN dev.shop").rows()] == ["landing"]
    system = [row["tableName"] for row in orders.sql("SHOW TABLES IN system.access").rows()]
    assert system == ["audit", "column_lineage", "table_lineage"]
