"""Tags in SQL: of columns and of everything else, and what the information schema says of them."""

from typing import Any

import pytest

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.catalog.column_tags import tags_of
from boathouse.foundation.errors import Denied, InvalidInput, NotFound
from boathouse.foundation.names import TableName
from boathouse.session import Session


@pytest.fixture
def people(session: Session) -> Session:
    session.sql("CREATE TABLE dev.shop.people (Mail STRING, phone STRING, age INT)")
    return session


def tags(catalog: Catalog, session: Session, name: str = "dev.shop.people") -> dict[str, dict[str, str]]:
    return tags_of(catalog.securables.table(session.principal, TableName.parse(name)).columns)


def test_columns_are_tagged_and_untagged(people: Session, catalog: Catalog) -> None:
    people.sql("ALTER TABLE dev.shop.people ALTER COLUMN mail SET TAGS ('pii' = 'email', 'checked')")
    people.sql("SET TAG ON COLUMN dev.shop.people.phone pii = phone")
    people.sql("SET TAG ON COLUMN dev.shop.people.`phone` `owner team` = 'a b'")
    people.sql("SET TAG ON COLUMN dev.shop.people.age plain")
    assert tags(catalog, people) == {
        "Mail": {"pii": "email", "checked": ""}, "phone": {"pii": "phone", "owner team": "a b"}, "age": {"plain": ""},
    }  # fmt: skip
    people.sql("ALTER TABLE dev.shop.people ALTER COLUMN mail UNSET TAGS ('checked', 'never')")
    people.sql("UNSET TAG ON COLUMN dev.shop.people.age plain")
    assert people.sql("SELECT * FROM dev.information_schema.column_tags WHERE tag_name = 'pii'").rows() == [
        {"catalog_name": "dev", "schema_name": "shop", "table_name": "people", "column_name": "Mail",
         "tag_name": "pii", "tag_value": "email"},
        {"catalog_name": "dev", "schema_name": "shop", "table_name": "people", "column_name": "phone",
         "tag_name": "pii", "tag_value": "phone"},
    ]  # fmt: skip
    (shown,) = [row for row in people.sql("DESCRIBE EXTENDED dev.shop.people").rows()
                if row["col_name"] == "Column Tags"]  # fmt: skip
    assert '"Mail": {"pii": "email"}' in shown["data_type"]


def test_tags_stay_when_the_table_changes(people: Session, catalog: Catalog) -> None:
    people.sql("SET TAG ON COLUMN dev.shop.people.mail pii = email")
    people.sql("ALTER TABLE dev.shop.people ADD COLUMN city STRING")
    people.sql("INSERT INTO dev.shop.people VALUES ('a@b.c', '1', 2, 'x')")
    people.sql("ALTER TABLE dev.shop.people RENAME TO dev.shop.persons")
    assert tags(catalog, people, "dev.shop.persons") == {"Mail": {"pii": "email"}}
    people.sql("CREATE OR REPLACE TABLE dev.shop.persons AS SELECT 'x' AS city, 'y' AS mail")
    assert tags(catalog, people, "dev.shop.persons") == {"mail": {"pii": "email"}}


def test_columns_of_views_are_tagged_too(people: Session, catalog: Catalog) -> None:
    people.sql("CREATE VIEW dev.shop.v AS SELECT mail AS address, age FROM dev.shop.people")
    people.sql("ALTER VIEW dev.shop.v ALTER COLUMN address SET TAGS ('pii' = 'email')")
    people.sql("ALTER VIEW dev.shop.v SET TAGS ('team' = 'sales')")
    people.sql("ALTER VIEW dev.shop.v AS SELECT age, mail AS address FROM dev.shop.people")
    assert tags(catalog, people, "dev.shop.v") == {"address": {"pii": "email"}}
    people.sql("CREATE OR REPLACE VIEW dev.shop.v AS SELECT phone AS address FROM dev.shop.people")
    assert tags(catalog, people, "dev.shop.v") == {"address": {"pii": "email"}}
    assert people.sql("SELECT table_name, tag_name FROM dev.information_schema.table_tags").rows() == [
        {"table_name": "v", "tag_name": "team"}
    ]


def test_every_kind_of_thing_is_tagged_in_the_same_words(people: Session, catalog: Catalog) -> None:
    people.sql("CREATE VOLUME dev.shop.files")
    for target in ("CATALOG dev", "SCHEMA dev.shop", "TABLE dev.shop.people", "VOLUME dev.shop.files"):
        people.sql(f"SET TAG ON {target} `cost_center` = hr")
        noun = target.split()[0].lower()
        rows = people.sql(f"SELECT tag_name, tag_value FROM system.information_schema.{noun}_tags").rows()
        assert rows == [{"tag_name": "cost_center", "tag_value": "hr"}]
        people.sql(f"UNSET TAG ON {target} cost_center")
        assert people.sql(f"SELECT * FROM dev.information_schema.{noun}_tags").rows() == []
    assert catalog.securables.get(people.principal, SecurableKind.SCHEMA, "dev.shop").tags == {}


def test_one_sees_tags_of_what_one_may_know_and_needs_a_right_to_set_them(people: Session, session_of: Any) -> None:
    people.sql("SET TAG ON COLUMN dev.shop.people.mail pii = email")
    ann = session_of("ann", Privilege.SELECT)
    assert len(ann.sql("SELECT * FROM dev.information_schema.column_tags").rows()) == 1
    with pytest.raises(Denied):
        ann.sql("ALTER TABLE dev.shop.people ALTER COLUMN mail UNSET TAGS ('pii')")
    bob = session_of("bob")
    with pytest.raises(NotFound):
        bob.sql("SET TAG ON COLUMN dev.shop.people.mail pii = no")


@pytest.mark.parametrize(("statement", "message"), [
    ("SET TAG ON COLUMN people pii = x", "the name of a table before that of its column"),
    ("SET TAG ON COLUMN dev.shop.people.mial pii = x", "has no column mial"),
    ("ALTER TABLE dev.shop.people ALTER COLUMN mial SET TAGS ('a' = 'b')", "has no column mial"),
    ("ALTER TABLE dev.shop.people ALTER COLUMN mail SET TAGS ('' = 'b')", "cannot be empty"),
    ("ALTER VIEW dev.shop.people ALTER COLUMN mail COMMENT 'x'", "expected SET TAGS or UNSET TAGS"),
    ("SET TAG ON PERSON ann pii = x", "expected COLUMN, CATALOG"),
    ("SET TAG ON COLUMN dev.shop.people.mail", "expected the key of a tag"),
    ("SET spark.sql.ansi.enabled = true", "SET"),
])  # fmt: skip
def test_a_mistake_in_a_tag_is_named(people: Session, statement: str, message: str) -> None:
    with pytest.raises((InvalidInput, NotFound), match=message):
        people.sql(statement)
