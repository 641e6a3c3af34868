"""Sessions in another process than the law: the same verbs, over HTTP."""

from collections.abc import Callable

import polars as pl
import pytest

from boathouse.catalog import Catalog, Privilege
from boathouse.foundation.errors import Denied, NotFound, Unauthenticated
from boathouse.foundation.rest import Connection
from boathouse.session import Session
from boathouse.session.default import connected_session

pytestmark = pytest.mark.server


def test_a_table_made_over_http_can_be_read_over_http(session: Session) -> None:
    session.sql("CREATE TABLE dev.shop.orders AS SELECT 1 AS id, 'ann' AS buyer")
    report = session.write_table("dev.shop.orders", pl.DataFrame({"id": [2], "buyer": ["bob"]}))
    assert report.version == 1
    assert session.sql("SELECT buyer FROM dev.shop.orders ORDER BY id").pl()["buyer"].to_list() == ["ann", "bob"]
    assert len(session.table("dev.shop.orders", version=0)) == 1


def test_lineage_and_audit_are_recorded_by_the_server(session: Session, catalog: Catalog) -> None:
    session.sql("CREATE TABLE dev.shop.a AS SELECT 1 AS x")
    session.sql("CREATE TABLE dev.shop.b AS SELECT * FROM dev.shop.a")
    edges = session.sql(
        "SELECT source_table_full_name, source_version, target_table_full_name, target_version "
        "FROM system.access.table_lineage WHERE source_table_full_name IS NOT NULL"
    ).rows()
    assert [tuple(edge.values()) for edge in edges] == [("dev.shop.a", 0, "dev.shop.b", 0)]
    assert any("CREATE TABLE dev.shop.b" in e.request_params.get("statement_text", "") for e in catalog.audit.events())


def test_governance_statements_work_over_http(session: Session, token: Callable[..., str]) -> None:
    token("ann")
    session.sql("CREATE CATALOG lab COMMENT 'experiments'")
    session.sql("CREATE SCHEMA lab.s")
    session.sql("CREATE VOLUME lab.s.files")
    session.sql("CREATE TABLE lab.s.t (x INT)")
    session.sql("COMMENT ON TABLE lab.s.t IS 'numbers'")
    session.sql("GRANT SELECT ON TABLE lab.s.t TO ann")
    grants = session.sql("SHOW GRANTS ann ON TABLE lab.s.t").rows()
    assert [grant["ActionType"] for grant in grants] == ["SELECT"]
    assert session.sql("SHOW TABLES IN lab.s").rows()[0]["tableName"] == "t"
    assert session.sql("SELECT comment FROM lab.information_schema.tables").rows() == [{"comment": "numbers"}]
    session.sql("REVOKE SELECT ON TABLE lab.s.t FROM ann")
    session.sql("DROP CATALOG lab CASCADE")
    with pytest.raises(NotFound):
        session.sql("SELECT * FROM lab.s.t")


def test_a_refusal_comes_back_as_a_refusal(url: str, session: Session, token: Callable[..., str]) -> None:
    session.sql("CREATE TABLE dev.shop.secret AS SELECT 1 AS x")
    ann = connected_session(Connection(url, token("ann", Privilege.MODIFY)))
    with pytest.raises(Denied, match=r"SELECT on table dev\.shop\.secret is missing"):
        ann.sql("SELECT * FROM dev.shop.secret")
    with pytest.raises(Unauthenticated):
        connected_session(Connection(url, "bhs_wrong"))


def test_a_session_knows_who_it_is(url: str, token: Callable[..., str]) -> None:
    ann = connected_session(Connection(url, token("ann")))
    assert ann.sql("SELECT current_user() AS me").rows() == [{"me": "ann"}]


def test_tables_are_changed_altered_and_vacuumed_over_http(session: Session) -> None:
    session.sql("CREATE TABLE dev.shop.altered AS SELECT id FROM range(5)")
    session.sql("DELETE FROM dev.shop.altered WHERE id = 1")
    session.sql("ALTER TABLE dev.shop.altered SET TAGS ('pii' = 'no')")
    assert session.sql("VACUUM dev.shop.altered").rows() == []
    session.sql("ALTER TABLE dev.shop.altered RENAME TO dev.shop.renamed")
    assert len(session.table("dev.shop.renamed")) == 4
    session.sql("DROP TABLE dev.shop.renamed")
