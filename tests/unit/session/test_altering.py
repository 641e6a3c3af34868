"""ALTER, OPTIMIZE, VACUUM, RESTORE and EXPLAIN through a session."""

from collections.abc import Callable
from typing import Any

import pytest

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.foundation.errors import Denied, InvalidInput, NotFound
from boathouse.foundation.names import TableName
from boathouse.session import Session


@pytest.fixture
def shop(session: Session) -> Session:
    session.sql("CREATE TABLE dev.shop.t AS SELECT id, 'n' || id AS name FROM range(10)")
    return session


def columns(session: Session) -> list[tuple[str, str, str | None]]:
    rows = session.sql("DESCRIBE dev.shop.t").rows()
    return [(row["col_name"], row["data_type"], row["comment"]) for row in rows]


def test_columns_are_added_and_the_catalog_follows(shop: Session, catalog: Catalog) -> None:
    shop.sql("ALTER TABLE dev.shop.t ADD COLUMNS (x INT COMMENT 'an x', y STRUCT<a: INT>)")
    shop.sql("ALTER TABLE dev.shop.t ADD COLUMN z DECIMAL(10, 2)")
    shop.sql("ALTER TABLE dev.shop.t ALTER COLUMN name COMMENT 'the name'")
    assert columns(shop) == [
        ("id", "bigint", None), ("name", "string", "the name"), ("x", "int", "an x"), ("y", "struct<a:int>", None),
        ("z", "decimal(10,2)", None),
    ]  # fmt: skip
    known = catalog.securables.table(shop.principal, TableName.parse("dev.shop.t")).columns
    assert [column.name for column in known] == ["id", "name", "x", "y", "z"]
    shop.sql("UPDATE dev.shop.t SET x = 1, y.a = 2 WHERE id = 3")
    assert shop.sql("SELECT x, y FROM dev.shop.t WHERE id IN (3, 4) ORDER BY id").rows() == [
        {"x": 1, "y": {"a": 2}},
        {"x": None, "y": None},
    ]


def test_not_null_holds_for_every_statement(shop: Session) -> None:
    shop.sql("ALTER TABLE dev.shop.t ALTER COLUMN id SET NOT NULL")
    for statement in (
        "UPDATE dev.shop.t SET id = NULL WHERE id = 1",
        "INSERT INTO dev.shop.t (name) VALUES ('a')",
        "MERGE INTO dev.shop.t USING (SELECT 1 AS q) AS s ON false WHEN NOT MATCHED THEN INSERT (name) VALUES ('a')",
    ):
        with pytest.raises(InvalidInput, match="Column id must not be null"):
            shop.sql(statement)
    shop.sql("ALTER TABLE dev.shop.t ALTER COLUMN id DROP NOT NULL")
    assert shop.sql("UPDATE dev.shop.t SET id = NULL WHERE id = 1").rows() == [{"num_affected_rows": 1}]
    with pytest.raises(InvalidInput, match=r"1 row\(s\) of dev\.shop\.t have no id"):
        shop.sql("ALTER TABLE dev.shop.t ALTER COLUMN id SET NOT NULL")


def test_a_constraint_holds_for_every_statement(shop: Session) -> None:
    with pytest.raises(InvalidInput, match=r"5 row\(s\) of dev\.shop\.t break the constraint tiny"):
        shop.sql("ALTER TABLE dev.shop.t ADD CONSTRAINT tiny CHECK (id < 5)")
    shop.sql("ALTER TABLE dev.shop.t ADD CONSTRAINT small CHECK (id < 100 AND name <> 'bad')")
    for statement in (
        "UPDATE dev.shop.t SET id = id + 95 WHERE id > 3",
        "INSERT INTO dev.shop.t (id, name) VALUES (1000, 'a')",
        "MERGE INTO dev.shop.t USING (SELECT 300 AS k) AS s ON id = k WHEN NOT MATCHED THEN INSERT (id) VALUES (s.k)",
    ):
        with pytest.raises(InvalidInput, match=r"constraint"):
            shop.sql(statement)
    shop.sql("ALTER TABLE dev.shop.t DROP CONSTRAINT small")
    shop.sql("UPDATE dev.shop.t SET id = id + 95")
    with pytest.raises(InvalidInput, match="There is no constraint small"):
        shop.sql("ALTER TABLE dev.shop.t DROP CONSTRAINT small")
    shop.sql("ALTER TABLE dev.shop.t DROP CONSTRAINT IF EXISTS small")


def test_a_broken_constraint_does_not_tell_where_the_table_lies(shop: Session) -> None:
    shop.sql("ALTER TABLE dev.shop.t ADD CONSTRAINT known CHECK (id IS NOT NULL)")
    with pytest.raises(InvalidInput, match="constraint") as broken:
        shop.sql("INSERT OVERWRITE dev.shop.t (id) SELECT CAST(NULL AS BIGINT)")
    assert "file:" not in str(broken.value)


def test_properties_come_and_go(shop: Session) -> None:
    shop.sql("ALTER TABLE dev.shop.t SET TBLPROPERTIES ('my.own' = 'x', delta.appendOnly = 'true')")
    with pytest.raises(InvalidInput, match=r"Table dev\.shop\.t is append-only") as refused:
        shop.sql("DELETE FROM dev.shop.t")
    assert "file:" not in str(refused.value)
    shop.sql("ALTER TABLE dev.shop.t UNSET TBLPROPERTIES ('delta.appendOnly')")
    assert shop.sql("DELETE FROM dev.shop.t WHERE id = 1").rows() == [{"num_affected_rows": 1}]
    with pytest.raises(InvalidInput, match=r"delta\.columnMapping\.mode cannot be set"):
        shop.sql("ALTER TABLE dev.shop.t SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name')")


def test_names_owners_and_tags_are_the_catalogs(shop: Session, catalog: Catalog, session_of: Any) -> None:
    other = session_of("ann", Privilege.SELECT)
    with pytest.raises(Denied):
        other.sql("ALTER TABLE dev.shop.t RENAME TO dev.shop.mine")
    shop.sql("ALTER TABLE dev.shop.t SET TAGS ('pii' = 'no', 'plain')")
    shop.sql("ALTER TABLE dev.shop.t UNSET TAGS ('plain')")
    shop.sql("ALTER TABLE dev.shop.t RENAME TO dev.shop.u")
    shop.sql("ALTER TABLE dev.shop.u SET OWNER TO ann")
    found = catalog.securables.get(shop.principal, SecurableKind.TABLE, "dev.shop.u")
    assert (found.owner, found.tags) == ("ann", {"pii": "no"})
    with pytest.raises(NotFound):
        shop.sql("SELECT * FROM dev.shop.t")
    with pytest.raises(InvalidInput, match="cannot be moved"):
        shop.sql("ALTER TABLE dev.shop.u RENAME TO prod.shop.u")


@pytest.mark.parametrize(("statement", "message"), [
    ("ALTER TABLE dev.shop.t RENAME COLUMN id TO key", "Renaming or dropping a column is not supported"),
    ("ALTER TABLE dev.shop.t DROP COLUMN id", "Renaming or dropping a column is not supported"),
    ("ALTER TABLE dev.shop.t ALTER COLUMN id TYPE INT", "Changing the type of a column is not supported"),
    ("ALTER TABLE dev.shop.t ADD COLUMN id INT", "There is a column id already"),
    ("ALTER TABLE dev.shop.t ADD COLUMN x INT NOT NULL", "cannot be NOT NULL"),
    ("ALTER TABLE dev.shop.t ADD COLUMN x INT x INT", "the columns cannot be read"),
    ("ALTER TABLE dev.shop.t ADD CONSTRAINT c CHECK (idd < 5)", "idd"),
    ("ALTER TABLE dev.shop.t ADD CONSTRAINT c CHECK (length(name) < 50)", "which not every writer could check"),
    ("ALTER TABLE dev.shop.t ADD CONSTRAINT c CHECK (id IN (SELECT 1))", "reads more than the row"),
    ("ALTER TABLE dev.shop.t ALTER COLUMN nme COMMENT 'x'", "There is no column nme"),
    ("ALTER TABLE dev.shop.t FROBNICATE", "expected ADD, DROP"),
    ("RESTORE TABLE dev.shop.t TO VERSION AS OF 7", "Table dev.shop.t has no version 7"),
    ("OPTIMIZE dev.shop.t ZORDER BY (nme)", "has no column nme"),
    ("VACUUM dev.shop.t RETAIN 0 HOURS", "A retention of 0 hours is shorter than 168"),
    ("EXPLAIN DELETE FROM dev.shop.t", "DELETE"),
])  # fmt: skip
def test_a_mistake_is_named_and_changes_nothing(shop: Session, statement: str, message: str) -> None:
    with pytest.raises(Exception, match=message):
        shop.sql(statement)
    assert len(shop.sql("DESCRIBE HISTORY dev.shop.t")) == 1


def test_restore_brings_rows_and_columns_back(shop: Session) -> None:
    shop.sql("ALTER TABLE dev.shop.t ADD COLUMN x INT")
    shop.sql("DELETE FROM dev.shop.t WHERE id < 5")
    (answer,) = shop.sql("RESTORE TABLE dev.shop.t TO VERSION AS OF :v", {"v": 0}).rows()
    assert (answer["num_restored_files"], answer["num_removed_files"]) == (1, 1)
    assert len(shop.table("dev.shop.t")) == 10
    assert [name for name, *_ in columns(shop)] == ["id", "name"]


def test_to_restore_what_is_there_does_nothing(shop: Session) -> None:
    newest = max(row["version"] for row in shop.sql("DESCRIBE HISTORY dev.shop.t").rows())
    (answer,) = shop.sql(f"RESTORE TABLE dev.shop.t TO VERSION AS OF {newest}").rows()
    assert (answer["num_restored_files"], answer["num_removed_files"]) == (0, 0)
    assert max(row["version"] for row in shop.sql("DESCRIBE HISTORY dev.shop.t").rows()) == newest


def test_restore_of_what_vacuum_took_is_refused(shop: Session) -> None:
    shop.sql("ALTER TABLE dev.shop.t SET TBLPROPERTIES ('boathouse.vacuum.retentionCheck' = 'false')")
    shop.sql("DELETE FROM dev.shop.t WHERE id < 5")
    assert len(shop.sql("VACUUM dev.shop.t RETAIN 0 HOURS DRY RUN")) > 0
    shop.sql("VACUUM dev.shop.t RETAIN 0 HOURS")
    with pytest.raises(Exception, match="has lost a data file"):
        shop.sql("RESTORE TABLE dev.shop.t TO VERSION AS OF 0")
    assert len(shop.table("dev.shop.t")) == 5


def test_vacuum_keeps_what_is_pinned(shop: Session, catalog: Catalog) -> None:
    table = catalog.securables.table(shop.principal, TableName.parse("dev.shop.t"))
    catalog.pins.pin(shop.principal, table.securable.id, 0, "model m, version 1")
    shop.sql("ALTER TABLE dev.shop.t SET TBLPROPERTIES ('boathouse.vacuum.retentionCheck' = 'false')")
    shop.sql("DELETE FROM dev.shop.t WHERE id < 5")
    shop.sql("VACUUM dev.shop.t RETAIN 0 HOURS")
    assert len(shop.table("dev.shop.t", version=0)) == 10


def test_optimize_puts_files_together(shop: Session) -> None:
    for n in range(3):
        shop.sql(f"INSERT INTO dev.shop.t VALUES ({100 + n}, 'x')")
    (answer,) = shop.sql("OPTIMIZE dev.shop.t").rows()
    assert (answer["numFilesAdded"], answer["numFilesRemoved"]) == (1, 4)
    assert len(shop.table("dev.shop.t")) == 13


def test_explain_tells_tables_versions_files_and_plan_but_no_place(shop: Session) -> None:
    shop.sql("INSERT INTO dev.shop.t VALUES (100, 'x')")
    (row,) = shop.sql("EXPLAIN EXTENDED SELECT name FROM dev.shop.t WHERE id = :id", {"id": 100}).rows()
    assert "dev.shop.t version 1: 1 of 2 files" in row["plan"]
    assert "id = 100" in row["plan"]
    assert ".parquet" not in row["plan"]


@pytest.mark.parametrize("arguments", ["'dev.shop.t', 1", "'dev.shop.t', 1, 2", "'dev.shop.t', :first, 2"])
def test_changes_are_read_as_a_table(shop: Session, arguments: str) -> None:
    shop.sql("UPDATE dev.shop.t SET name = 'new' WHERE id = 3")
    shop.sql("DELETE FROM dev.shop.t WHERE id = 4")
    rows = shop.sql(
        f"SELECT id, name, _change_type AS change, _commit_version AS version FROM table_changes({arguments}) "
        "ORDER BY version, change", {"first": 1} if ":first" in arguments else None,
    ).rows()  # fmt: skip
    assert [tuple(row.values()) for row in rows] == [
        (3, "new", "update_postimage", 1), (3, "n3", "update_preimage", 1), (4, "n4", "delete", 2),
    ]  # fmt: skip


def test_changes_are_for_those_who_may_read_the_table(shop: Session, session_of: Callable[..., Session]) -> None:
    with pytest.raises((Denied, NotFound)):
        session_of("bob").sql("SELECT * FROM table_changes('dev.shop.t', 0)")


def test_a_table_with_instants_without_a_zone_can_be_changed_after_its_properties_were(session):
    session.sql("CREATE TABLE dev.shop.clocks (id BIGINT, at TIMESTAMP_NTZ)")
    session.sql("INSERT INTO dev.shop.clocks VALUES (1, TIMESTAMP_NTZ'2020-01-01 00:00:00')")
    session.sql("ALTER TABLE dev.shop.clocks SET TBLPROPERTIES ('my.own' = 'x')")

    session.sql("UPDATE dev.shop.clocks SET id = 2")
    session.sql("ALTER TABLE dev.shop.clocks UNSET TBLPROPERTIES ('my.own')")
    session.sql("DELETE FROM dev.shop.clocks WHERE id = 1")

    assert session.sql("SELECT id FROM dev.shop.clocks").rows() == [{"id": 2}]


@pytest.mark.parametrize("rows", ["", " AS SELECT 1 AS x"])
def test_a_table_is_created_with_properties_of_ones_own(session: Session, rows: str) -> None:
    columns = "" if rows else "(x INT) "
    session.sql(f"CREATE TABLE dev.shop.own {columns}TBLPROPERTIES ('my.own' = 'x', 'delta.appendOnly' = 'true'){rows}")
    shown = {row["key"]: row["value"] for row in session.sql("SHOW TBLPROPERTIES dev.shop.own").rows()}
    assert shown["my.own"] == "x"
    assert shown["delta.appendOnly"] == "true"
    assert len(session.sql("SELECT * FROM dev.shop.own")) == (1 if rows else 0)
