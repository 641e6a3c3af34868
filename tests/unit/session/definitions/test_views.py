"""Views: a query under a name, read with the rights of its owner, with the columns it was made with."""

from collections.abc import Callable
from typing import Any

import pytest

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.foundation.errors import AlreadyExists, Denied, InvalidInput, NotFound
from boathouse.foundation.principals import SYSTEM
from boathouse.session import Session

SessionOf = Callable[..., Session]


@pytest.fixture
def flights(session: Session) -> Session:
    session.sql("CREATE TABLE dev.shop.flights (origin STRING, delay INT)")
    session.sql("INSERT INTO dev.shop.flights VALUES ('JFK', 5), ('JFK', 40), ('LGA', 20)")
    return session


def reader(session_of: SessionOf, catalog: Catalog, name: str, view: str) -> Session:
    """Somebody who may read one view and nothing else."""
    found = session_of(name)
    catalog.grants.grant(SYSTEM, name, [Privilege.USE_CATALOG], SecurableKind.CATALOG, "dev")
    catalog.grants.grant(SYSTEM, name, [Privilege.USE_SCHEMA], SecurableKind.SCHEMA, "dev.shop")
    catalog.grants.grant(SYSTEM, name, [Privilege.SELECT], SecurableKind.TABLE, view)
    return found


def test_a_view_gives_the_rows_of_its_query(flights: Session) -> None:
    flights.sql("CREATE VIEW dev.shop.late AS SELECT origin, delay FROM dev.shop.flights WHERE delay >= 15")
    assert flights.sql("SELECT count(*) AS n FROM dev.shop.late WHERE origin = 'JFK'").rows() == [{"n": 1}]
    joined = flights.sql("SELECT a.delay FROM dev.shop.late a JOIN dev.shop.late b ON a.delay > b.delay")
    assert joined.rows() == [{"delay": 40}]


def test_short_names_are_kept_in_full_whatever_is_chosen_later(flights: Session) -> None:
    flights.sql("USE SCHEMA dev.shop")
    flights.sql("CREATE VIEW v AS /* who is late */ WITH f AS (SELECT * FROM flights) SELECT max(delay) AS d FROM f")
    flights.sql("USE CATALOG system")
    assert flights.sql("SELECT d FROM dev.shop.v").rows() == [{"d": 40}]
    text = flights.sql("SHOW CREATE TABLE dev.shop.v").rows()[0]["createtab_stmt"]
    assert "/* who is late */ WITH f AS (SELECT * FROM dev.shop.flights) SELECT max(delay) AS d FROM f" in text


def test_a_reader_needs_a_privilege_on_the_view_alone(
    flights: Session, session_of: SessionOf, catalog: Catalog
) -> None:
    flights.sql("CREATE VIEW dev.shop.late AS SELECT origin FROM dev.shop.flights WHERE delay >= 15")
    ann = reader(session_of, catalog, "ann", "dev.shop.late")
    assert len(ann.sql("SELECT * FROM dev.shop.late")) == 2
    with pytest.raises((Denied, NotFound)):
        ann.sql("SELECT * FROM dev.shop.flights")
    with pytest.raises((Denied, NotFound)):
        ann.sql("SELECT * FROM dev.shop.late JOIN dev.shop.flights USING (origin)")


HIDING = {
    "a join": "CREATE VIEW dev.shop.pay_eu AS SELECT p.id, p.secret FROM dev.shop.pay AS p "
    "JOIN (SELECT id FROM dev.shop.pay WHERE region = 'eu') AS q USING (id)",
    "a condition": "CREATE VIEW dev.shop.pay_eu AS SELECT id, secret FROM dev.shop.pay WHERE upper(region) = 'EU'",
    "a view of a view": "CREATE VIEW dev.shop.pay_eu AS SELECT id, secret FROM dev.shop.joined WHERE id >= 0",
}


@pytest.mark.parametrize("hiding", HIDING)
def test_errors_of_a_reader_do_not_tell_of_rows_that_a_view_hides(
    session: Session, session_of: SessionOf, catalog: Catalog, hiding: str
) -> None:
    session.sql(
        "CREATE TABLE dev.shop.pay AS SELECT id, IF(id % 2 = 0, 'eu', 'us') AS region, concat('of-', id) AS secret "
        "FROM range(1000) AS t(id)"
    )
    session.sql(HIDING["a join"].replace("pay_eu", "joined"))
    session.sql(HIDING[hiding])
    ann = reader(session_of, catalog, "ann", "dev.shop.pay_eu")
    for condition in (
        "1 / (id - 501) IS NOT NULL",
        "IF(id = 501, raise_error(secret), 1) = 1",
        "CASE WHEN id % 2 = 1 THEN CAST(secret AS INT) ELSE 1 END = 1",
    ):
        assert ann.sql(f"SELECT count(*) AS n FROM dev.shop.pay_eu WHERE {condition}").rows() == [{"n": 500}]


def test_what_the_owner_may_no_longer_read_the_view_does_not_show(
    flights: Session, session_of: SessionOf, catalog: Catalog
) -> None:
    bob = session_of("bob", Privilege.USE_SCHEMA, Privilege.CREATE_TABLE)
    catalog.grants.grant(SYSTEM, "bob", [Privilege.SELECT], SecurableKind.TABLE, "dev.shop.flights")
    bob.sql("CREATE VIEW dev.shop.of_bob AS SELECT * FROM dev.shop.flights")
    ann = reader(session_of, catalog, "ann", "dev.shop.of_bob")
    assert len(ann.sql("SELECT * FROM dev.shop.of_bob")) == 3
    catalog.grants.revoke(SYSTEM, "bob", [Privilege.SELECT], SecurableKind.TABLE, "dev.shop.flights")
    with pytest.raises(NotFound, match=r"of_bob reads table dev\.shop\.flights, which .* is closed to its owner bob"):
        ann.sql("SELECT * FROM dev.shop.of_bob")


def test_nobody_borrows_the_rights_of_an_owner(flights: Session, session_of: SessionOf, catalog: Catalog) -> None:
    flights.sql("CREATE TABLE dev.shop.secrets AS SELECT 'x' AS word")
    flights.sql("CREATE VIEW dev.shop.harmless AS SELECT 1 AS x")
    mallory = session_of("mallory", Privilege.USE_SCHEMA, Privilege.CREATE_TABLE)
    catalog.grants.grant(
        SYSTEM, "mallory", [Privilege.MANAGE, Privilege.SELECT], SecurableKind.TABLE, "dev.shop.harmless"
    )
    with pytest.raises((Denied, NotFound)):
        mallory.sql("ALTER VIEW dev.shop.harmless AS SELECT * FROM dev.shop.secrets")
    with pytest.raises(Denied, match="only the owner can change it"):
        mallory.sql("CREATE OR REPLACE VIEW dev.shop.harmless AS SELECT 2 AS x")
    mallory.sql("CREATE VIEW dev.shop.own AS SELECT 1 AS x")
    with pytest.raises(Denied, match="with whose rights it would act"):
        catalog.securables.update(mallory.principal, SecurableKind.TABLE, "dev.shop.own", owner="root")


def test_new_columns_of_a_table_do_not_appear_in_its_views(flights: Session) -> None:
    flights.sql("CREATE VIEW dev.shop.v AS SELECT *, delay * 2 AS twice FROM dev.shop.flights")
    flights.write_table("dev.shop.flights", flights.sql("SELECT 'EWR' AS origin, 1 AS delay, 'B6' AS carrier"),
                        schema_mode="merge")  # fmt: skip
    result = flights.sql("SELECT * FROM dev.shop.v ORDER BY delay")
    assert result.columns == ["origin", "delay", "twice"]
    assert result.rows()[0] == {"origin": "EWR", "delay": 1, "twice": 2}


def test_a_column_that_has_gone_is_named_with_its_view(flights: Session) -> None:
    flights.sql("CREATE VIEW dev.shop.v AS SELECT delay FROM dev.shop.flights")
    flights.sql("CREATE OR REPLACE TABLE dev.shop.flights AS SELECT 'JFK' AS origin")
    with pytest.raises(InvalidInput, match=r"view dev\.shop\.v reads column delay of dev\.shop\.flights"):
        flights.sql("SELECT * FROM dev.shop.v")
    flights.sql("CREATE TABLE dev.shop.other AS SELECT 1 AS delay")
    with pytest.raises(InvalidInput, match="reads column delay"):  # and is not taken from somewhere else
        flights.sql("SELECT * FROM dev.shop.other, dev.shop.v")


def test_a_column_that_has_become_something_else_is_an_error(flights: Session) -> None:
    flights.sql("CREATE VIEW dev.shop.v AS SELECT delay FROM dev.shop.flights")
    flights.sql("CREATE OR REPLACE TABLE dev.shop.flights AS SELECT 'much' AS delay")
    with pytest.raises(InvalidInput, match=r"column delay of view dev\.shop\.v was INT"):
        flights.sql("SELECT * FROM dev.shop.v").rows()
    flights.sql("CREATE OR REPLACE TABLE dev.shop.flights AS SELECT CAST(7 AS SMALLINT) AS delay")
    assert flights.sql("SELECT * FROM dev.shop.v").rows() == [{"delay": 7}]


def test_the_way_to_a_dropped_table_is_told(flights: Session) -> None:
    flights.sql("CREATE VIEW dev.shop.near AS SELECT * FROM dev.shop.flights")
    flights.sql("CREATE VIEW dev.shop.far AS SELECT * FROM dev.shop.near")
    flights.sql("DROP TABLE dev.shop.flights")
    expected = r"View dev\.shop\.near reads table dev\.shop\.flights, which was not found.*behind view dev\.shop\.far"
    with pytest.raises(NotFound, match=expected):
        flights.sql("SELECT * FROM dev.shop.far")


def test_views_cannot_go_in_a_circle(flights: Session) -> None:
    flights.sql("CREATE VIEW dev.shop.a AS SELECT * FROM dev.shop.flights")
    flights.sql("CREATE VIEW dev.shop.b AS SELECT * FROM dev.shop.a")
    with pytest.raises(InvalidInput, match="leads back to itself"):
        flights.sql("ALTER VIEW dev.shop.a AS SELECT * FROM dev.shop.b")
    assert len(flights.sql("SELECT * FROM dev.shop.b")) == 3


def test_too_many_views_behind_one_another_are_refused(flights: Session) -> None:
    before = "dev.shop.flights"
    for depth in range(20):
        flights.sql(f"CREATE VIEW dev.shop.v{depth} AS SELECT * FROM {before}")
        before = f"dev.shop.v{depth}"
    assert len(flights.sql(f"SELECT * FROM {before}")) == 3
    with pytest.raises(InvalidInput, match="More than 20"):
        flights.sql(f"CREATE VIEW dev.shop.last AS SELECT * FROM {before}")


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("SELECT * FROM dev.shop.v VERSION AS OF 0", "has no versions"),
        ("INSERT INTO dev.shop.v VALUES (1)", "nothing can be written"),
        ("CREATE OR REPLACE TABLE dev.shop.v AS SELECT 1 AS x", "is a view"),
        ("CREATE OR REPLACE VIEW dev.shop.flights AS SELECT 1 AS x", "is a table"),
        ("DROP TABLE dev.shop.v", "DROP VIEW"),
        ("DROP VIEW dev.shop.flights", "DROP TABLE"),
        ("DESCRIBE HISTORY dev.shop.v", "no log"),
        ("CREATE VIEW dev.shop.w AS SELECT :x AS x", "no parameters"),
        ("CREATE VIEW dev.shop.w AS SELECT NULL AS x", "has no type"),
        ("CREATE VIEW dev.shop.w AS SELECT 1 AS x, 2 AS X", "Two columns"),
        ("CREATE VIEW dev.shop.w (a) AS SELECT 1 AS x, 2 AS y", "names 1 columns"),
        ("CREATE VIEW dev.shop.w AS DROP TABLE dev.shop.flights", "query is expected"),
        ("CREATE VIEW dev.shop.w AS", "something is missing"),
        ("CREATE VIEW dev.shop.w AS SELECT nosuch FROM dev.shop.flights", "no column nosuch"),
        ("CREATE OR REPLACE VIEW IF NOT EXISTS dev.shop.w AS SELECT 1 AS x", "contradict"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(flights: Session, statement: str, message: str) -> None:
    flights.sql("CREATE VIEW dev.shop.v AS SELECT delay FROM dev.shop.flights")
    with pytest.raises(InvalidInput, match=message):
        flights.sql(statement).rows()
    assert {row["tableName"] for row in flights.sql("SHOW TABLES IN dev.shop").rows()} == {"flights", "v"}


def test_a_name_is_taken_once(flights: Session) -> None:
    flights.sql("CREATE VIEW dev.shop.v AS SELECT 1 AS x")
    with pytest.raises(AlreadyExists):
        flights.sql("CREATE VIEW dev.shop.v AS SELECT 2 AS x")
    flights.sql("CREATE VIEW IF NOT EXISTS dev.shop.v AS SELECT 2 AS x")
    assert flights.sql("SELECT x FROM dev.shop.v").rows() == [{"x": 1}]
    flights.sql("CREATE OR REPLACE VIEW dev.shop.v AS SELECT 3 AS x")
    assert flights.sql("SELECT x FROM dev.shop.v").rows() == [{"x": 3}]


def test_a_temporary_view_is_known_to_its_session_alone(
    flights: Session, session_of: SessionOf, catalog: Catalog
) -> None:
    flights.sql("CREATE TEMPORARY VIEW late AS SELECT * FROM dev.shop.flights WHERE delay >= 15")
    flights.sql("CREATE TEMP VIEW very_late (o) AS SELECT origin FROM late WHERE delay > 30")
    assert flights.sql("SELECT o FROM very_late").rows() == [{"o": "JFK"}]
    flights.sql("CREATE TABLE dev.shop.kept AS SELECT * FROM very_late")
    with pytest.raises(InvalidInput, match="gone when this session ends"):
        flights.sql("CREATE VIEW dev.shop.v AS SELECT * FROM late")
    with pytest.raises(InvalidInput):
        session_of("ann").sql("SELECT * FROM late")
    flights.sql("DROP VIEW very_late")
    with pytest.raises(InvalidInput):
        flights.sql("SELECT * FROM very_late")


def test_lineage_goes_through_the_view_with_the_versions_of_its_tables(
    flights: Session, session_of: SessionOf, catalog: Catalog
) -> None:
    flights.sql("CREATE VIEW dev.shop.late AS SELECT origin FROM dev.shop.flights WHERE delay >= 15")
    ann = reader(session_of, catalog, "ann", "dev.shop.late")
    ann.sql("SELECT * FROM dev.shop.late").rows()

    def edges(operation: str) -> list[tuple[Any, ...]]:
        rows = flights.sql(
            "SELECT source_table_full_name s, source_version v, target_table_full_name t FROM "
            "system.access.table_lineage WHERE operation = :o AND created_by = 'ann'", {"o": operation}
        ).rows()  # fmt: skip
        return [tuple(row.values()) for row in rows]

    assert edges("THROUGH") == [("dev.shop.flights", 1, "dev.shop.late")]
    assert edges("READ") == [("dev.shop.late", None, None)]


def test_an_information_schema_behind_a_view_shows_each_reader_their_own(
    flights: Session, session_of: SessionOf, catalog: Catalog
) -> None:
    flights.sql("CREATE VIEW dev.shop.names AS SELECT table_name FROM dev.information_schema.tables")
    ann = reader(session_of, catalog, "ann", "dev.shop.names")
    assert ann.sql("SELECT * FROM dev.shop.names").rows() == [{"table_name": "names"}]


def test_views_and_functions_are_granted_and_commented_by_their_own_words(
    flights: Session, session_of: SessionOf
) -> None:
    flights.sql("CREATE VIEW dev.shop.v AS SELECT 1 AS x")
    flights.sql("CREATE FUNCTION dev.shop.f() RETURNS INT RETURN 2")
    flights.sql("COMMENT ON VIEW dev.shop.v IS 'one'")
    flights.sql("COMMENT ON FUNCTION dev.shop.f IS 'two'")
    ann = session_of("ann", Privilege.USE_SCHEMA)
    flights.sql("GRANT SELECT ON VIEW dev.shop.v TO ann")
    flights.sql("GRANT EXECUTE ON FUNCTION dev.shop.f TO ann")
    assert ann.sql("SELECT x + dev.shop.f() AS y FROM dev.shop.v").rows() == [{"y": 3}]
    flights.sql("REVOKE EXECUTE ON FUNCTION dev.shop.f FROM ann")
    with pytest.raises((Denied, NotFound)):
        ann.sql("SELECT dev.shop.f()")
    described = flights.sql("DESCRIBE FUNCTION EXTENDED dev.shop.f").rows()
    assert {"function_desc": "Comment:     two"} in described
