"""Primary keys in SQL: declared, shown, taken back, and consistent with all that happens to a table."""

import pytest

from boathouse.catalog import Privilege
from boathouse.catalog.keys import PrimaryKey, primary_key_of
from boathouse.foundation.errors import Denied, InvalidInput
from boathouse.foundation.names import TableName
from boathouse.session.sql.problems import Unsupported

T = "dev.shop.spent"
COLUMNS = "id BIGINT NOT NULL, ts TIMESTAMP NOT NULL, x DOUBLE"


def key(session, name=T) -> PrimaryKey | None:
    return primary_key_of(session.law.table(session.principal, TableName.parse(name)))


def keyed(session, rest: str = "CONSTRAINT pk PRIMARY KEY (id, ts TIMESERIES)") -> None:
    session.sql(f"CREATE TABLE {T} ({COLUMNS}, {rest})")


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (f"{COLUMNS}, CONSTRAINT pk PRIMARY KEY (id, ts TIMESERIES)", PrimaryKey(("id",), "ts", "pk")),
        (f"{COLUMNS}, CONSTRAINT pk PRIMARY KEY (TS TIMESERIES, ID)", PrimaryKey(("id",), "ts", "pk")),
        (f"{COLUMNS}, PRIMARY KEY (id, ts)", PrimaryKey(("id", "ts"), None, "spent_pk")),
        (f"{COLUMNS}, PRIMARY KEY (`id`) NOT ENFORCED RELY", PrimaryKey(("id",), None, "spent_pk")),
        ("id STRING NOT NULL PRIMARY KEY, x DOUBLE", PrimaryKey(("id",), None, "spent_pk")),
        ("id STRING NOT NULL CONSTRAINT one PRIMARY KEY, x DOUBLE", PrimaryKey(("id",), None, "one")),
    ],
)
def test_a_table_is_created_with_its_key(session, columns, expected):
    session.sql(f"CREATE TABLE {T} ({columns})")

    assert key(session) == expected


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("ADD CONSTRAINT pk PRIMARY KEY (id, ts TIMESERIES)", PrimaryKey(("id",), "ts", "pk")),
        ("ADD CONSTRAINT pk PRIMARY KEY (id) NOT ENFORCED", PrimaryKey(("id",), None, "pk")),
        ("ADD PRIMARY KEY (Id)", PrimaryKey(("id",), None, "spent_pk")),
    ],
)
def test_a_key_is_declared_afterwards_and_taken_back(session, rest, expected):
    session.sql(f"CREATE TABLE {T} ({COLUMNS})")

    session.sql(f"ALTER TABLE {T} {rest}")
    assert key(session) == expected
    with pytest.raises(InvalidInput, match="has a primary key already"):
        session.sql(f"ALTER TABLE {T} {rest}")
    session.sql(f"ALTER TABLE {T} DROP PRIMARY KEY")

    assert key(session) is None
    session.sql(f"ALTER TABLE {T} DROP PRIMARY KEY IF EXISTS")
    with pytest.raises(InvalidInput, match="has no primary key"):
        session.sql(f"ALTER TABLE {T} DROP PRIMARY KEY")


def test_a_key_is_dropped_by_its_name_and_shares_names_with_no_check(session):
    keyed(session)

    with pytest.raises(InvalidInput, match="There is a constraint PK already"):
        session.sql(f"ALTER TABLE {T} ADD CONSTRAINT PK CHECK (x > 0)")
    session.sql(f"ALTER TABLE {T} DROP CONSTRAINT Pk")
    session.sql(f"ALTER TABLE {T} ADD CONSTRAINT pk CHECK (x > 0)")

    with pytest.raises(InvalidInput, match="There is a constraint pk already"):
        session.sql(f"ALTER TABLE {T} ADD CONSTRAINT pk PRIMARY KEY (id)")
    session.sql(f"ALTER TABLE {T} DROP CONSTRAINT pk")
    assert key(session) is None


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("id BIGINT, PRIMARY KEY (id)", "may be null.*NOT NULL"),
        ("id BIGINT PRIMARY KEY", "may be null"),
        ("id BIGINT NOT NULL, PRIMARY KEY (idd)", "no column idd .*Did you mean id"),
        ("id BIGINT NOT NULL, PRIMARY KEY (id, id)", "twice"),
        ("id BIGINT NOT NULL, PRIMARY KEY (id), PRIMARY KEY (id)", "one primary key"),
        ("id BIGINT NOT NULL PRIMARY KEY, b INT NOT NULL PRIMARY KEY", "one primary key"),
        (f"{COLUMNS}, PRIMARY KEY (x)", "cannot be a key: fractions"),
        ("a ARRAY<INT> NOT NULL, PRIMARY KEY (a)", "cannot be a key"),
        (f"{COLUMNS}, PRIMARY KEY (ts, id TIMESERIES)", "id .* is bigint, which is no time"),
        (f"{COLUMNS}, PRIMARY KEY (ts TIMESERIES)", "beside its time column"),
        (f"{COLUMNS}, PRIMARY KEY (id TIMESERIES, ts TIMESERIES)", "one TIMESERIES column"),
    ],
)
def test_what_is_no_key_is_refused_and_no_table_is_left_behind(session, columns, said):
    with pytest.raises(InvalidInput, match=said):
        session.sql(f"CREATE TABLE {T} ({columns})")

    assert session.sql("SHOW TABLES IN dev.shop").arrow().num_rows == 0


@pytest.mark.parametrize(
    "text",
    [
        f"CREATE TABLE {T} (id BIGINT NOT NULL, CONSTRAINT fk FOREIGN KEY (id) REFERENCES dev.shop.u (id))",
        f"CREATE TABLE {T} (id BIGINT NOT NULL, FOREIGN KEY (id) REFERENCES dev.shop.u (id))",
        f"ALTER TABLE {T} ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES dev.shop.u (id)",
        f"ALTER TABLE {T} DROP FOREIGN KEY (id)",
    ],
)
def test_foreign_keys_are_refused_by_name(session, text):
    with pytest.raises(Unsupported, match="FOREIGN KEY"):
        session.sql(text)


def test_the_key_is_shown(session):
    keyed(session)
    session.sql(f"ALTER TABLE {T} SET TBLPROPERTIES ('feature.known_lag_seconds' = '3600')")

    created = session.sql(f"SHOW CREATE TABLE {T}").arrow()["createtab_stmt"][0].as_py()
    described = session.sql(f"DESCRIBE EXTENDED {T}").arrow().to_pylist()
    shown = session.sql(f"SHOW TBLPROPERTIES {T}").arrow().to_pylist()

    assert {"col_name": "pk", "data_type": "PRIMARY KEY (id, ts TIMESERIES)", "comment": ""} in described
    assert {"key": "feature.known_lag_seconds", "value": "3600"} in shown
    session.sql(f"DROP TABLE {T}")
    session.sql(created)
    assert session.sql(f"SHOW CREATE TABLE {T}").arrow()["createtab_stmt"][0].as_py() == created
    assert key(session) == PrimaryKey(("id",), "ts", "pk")


def test_clocks_are_properties_that_must_make_sense(session):
    keyed(session, "known TIMESTAMP, other DATE, x2 INT, PRIMARY KEY (id, ts TIMESERIES)")
    put = f"ALTER TABLE {T} SET TBLPROPERTIES "

    session.sql(put + "('feature.known_column' = 'known', 'feature.freshness_seconds' = 60, 'mine' = 'a')")
    shown = {row["key"]: row["value"] for row in session.sql(f"SHOW TBLPROPERTIES {T}").arrow().to_pylist()}
    assert (shown["feature.known_column"], shown["feature.freshness_seconds"], shown["mine"]) == ("known", "60", "a")
    for wrong, said in {
        "('feature.known_column' = 'gone')": "no column gone",
        "('feature.known_column' = 'x2')": "which is no time",
        "('feature.known_lag_seconds' = '60')": "a column or a lag, not both",
        "('feature.freshness_seconds' = 'soon')": "no number of seconds",
        "('feature.known_lag_seconds' = '-1')": "no number of seconds",
        "('feature.primary_keys' = '[]')": "cannot be set or unset",
        "('feature.known_colum' = 'known')": "Did you mean feature.known_column",
    }.items():
        with pytest.raises(InvalidInput, match=said):
            session.sql(put + wrong)
    session.sql(f"ALTER TABLE {T} UNSET TBLPROPERTIES ('feature.known_column', 'mine')")

    properties = session.law.table(session.principal, TableName.parse(T)).securable.properties
    assert "feature.known_column" not in properties
    with pytest.raises(InvalidInput, match=r"has no property feature\.known_column"):
        session.sql(f"ALTER TABLE {T} UNSET TBLPROPERTIES ('feature.known_column')")


def test_a_key_column_stays_not_null_and_in_the_table(session):
    keyed(session)

    with pytest.raises(InvalidInput, match="belongs to the primary key"):
        session.sql(f"ALTER TABLE {T} ALTER COLUMN id DROP NOT NULL")
    with pytest.raises(InvalidInput, match="no column ts, which belongs"):
        session.write_table(T, session.sql("SELECT 1L AS id"), mode="overwrite", schema_mode="overwrite")
    session.sql(f"ALTER TABLE {T} DROP PRIMARY KEY")
    session.sql(f"ALTER TABLE {T} ALTER COLUMN id DROP NOT NULL")


def test_the_key_goes_along_with_a_new_name_and_stays_through_changes_of_rows(session):
    keyed(session)
    session.sql(f"INSERT INTO {T} VALUES (1, current_timestamp(), 2.0)")
    session.sql(f"INSERT OVERWRITE {T} VALUES (2, current_timestamp(), 2.0)")
    session.sql(f"ALTER TABLE {T} ADD COLUMNS (y INT)")
    session.sql(f"RESTORE {T} TO VERSION AS OF 1")

    session.sql(f"ALTER TABLE {T} RENAME TO paid")

    assert key(session, "dev.shop.paid") == PrimaryKey(("id",), "ts", "pk")


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("AS SELECT 1L AS other", None),
        (f"({COLUMNS})", None),
        ("(a INT)", None),
        ("(a INT) TBLPROPERTIES ('delta.appendOnly' = 'true')", None),
        ("(a INT NOT NULL PRIMARY KEY)", PrimaryKey(("a",), None, "spent_pk")),
    ],
)
def test_a_replaced_table_has_the_key_that_its_new_definition_says(session, definition, expected):
    keyed(session)
    session.sql(f"ALTER TABLE {T} SET TBLPROPERTIES ('feature.known_lag_seconds' = '3600')")

    session.sql(f"CREATE OR REPLACE TABLE {T} {definition}")

    assert key(session) == expected
    properties = session.law.table(session.principal, TableName.parse(T)).securable.properties
    assert "feature.known_lag_seconds" not in properties


def test_declaring_takes_the_right_to_modify(session, session_of):
    session.sql(f"CREATE TABLE {T} ({COLUMNS})")
    reader, writer = session_of("ann", Privilege.SELECT), session_of("bob", Privilege.MODIFY)

    with pytest.raises(Denied):
        reader.sql(f"ALTER TABLE {T} ADD CONSTRAINT pk PRIMARY KEY (id)")
    writer.sql(f"ALTER TABLE {T} ADD CONSTRAINT pk PRIMARY KEY (id)")

    assert key(session) == PrimaryKey(("id",), None, "pk")


def test_the_information_schema_tells_of_keys(session):
    keyed(session)
    session.sql("CREATE TABLE dev.shop.plain (id BIGINT)")

    constraints = session.sql("SELECT * FROM dev.information_schema.table_constraints").arrow().to_pylist()
    columns = session.sql(
        "SELECT constraint_name, table_name, column_name, ordinal_position "
        "FROM system.information_schema.key_column_usage"
    ).arrow()

    assert [(row["constraint_name"], row["table_name"], row["constraint_type"]) for row in constraints] == [
        ("pk", "spent", "PRIMARY KEY")
    ]
    assert [tuple(row.values()) for row in columns.to_pylist()] == [("pk", "spent", "id", 1), ("pk", "spent", "ts", 2)]
