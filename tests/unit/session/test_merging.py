"""MERGE through a session."""

from typing import Any

import pytest

from boathouse.session import Session

SETUP = (
    "CREATE TABLE dev.shop.t AS SELECT id, 'old' AS v FROM range(5)",
    "CREATE TABLE dev.shop.s AS SELECT id, 'new' || id AS v FROM range(3, 7)",
)


@pytest.fixture
def shop(session: Session) -> Session:
    for statement in SETUP:
        session.sql(statement)
    return session


def content(session: Session) -> dict[int, Any]:
    return {row["id"]: row["v"] for row in session.sql("SELECT id, v FROM dev.shop.t").rows()}


@pytest.mark.parametrize(("clauses", "expected"), [
    ("WHEN MATCHED THEN UPDATE SET *", {0: "old", 1: "old", 2: "old", 3: "new3", 4: "new4"}),
    ("WHEN MATCHED THEN UPDATE SET t.v = concat(t.v, s.v)", {0: "old", 1: "old", 2: "old", 3: "oldnew3", 4: "oldnew4"}),
    ("WHEN MATCHED AND s.id = 3 THEN DELETE WHEN MATCHED THEN UPDATE SET v = 'kept'",
     {0: "old", 1: "old", 2: "old", 4: "kept"}),
    ("WHEN NOT MATCHED THEN INSERT *",
     {0: "old", 1: "old", 2: "old", 3: "old", 4: "old", 5: "new5", 6: "new6"}),
    ("WHEN NOT MATCHED BY TARGET AND s.id > 5 THEN INSERT (id) VALUES (s.id + 10)",
     {0: "old", 1: "old", 2: "old", 3: "old", 4: "old", 16: None}),
    ("WHEN NOT MATCHED BY SOURCE AND t.id > 0 THEN DELETE", {0: "old", 3: "old", 4: "old"}),
    ("WHEN NOT MATCHED BY SOURCE THEN UPDATE SET v = 'gone'", {0: "gone", 1: "gone", 2: "gone", 3: "old", 4: "old"}),
    ("WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT * WHEN NOT MATCHED BY SOURCE THEN DELETE",
     {3: "new3", 4: "new4", 5: "new5", 6: "new6"}),
])  # fmt: skip
def test_each_clause_does_what_it_says(shop: Session, clauses: str, expected: dict[int, Any]) -> None:
    shop.sql(f"MERGE INTO dev.shop.t USING dev.shop.s ON t.id = s.id {clauses}")
    assert content(shop) == expected


def test_the_counts_are_told(shop: Session) -> None:
    answer = shop.sql(
        "MERGE INTO dev.shop.t AS a USING (SELECT * FROM dev.shop.s) AS b ON a.id = b.id "
        "WHEN MATCHED AND b.id = 3 THEN DELETE WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
    ).rows()
    counts = {"num_affected_rows": 4, "num_updated_rows": 1, "num_deleted_rows": 1, "num_inserted_rows": 2}
    assert answer == [counts]


def test_two_source_rows_for_one_row_are_refused(shop: Session) -> None:
    with pytest.raises(Exception, match="Several rows of the source match one row"):
        shop.sql(
            "MERGE INTO dev.shop.t USING (SELECT 2 AS id UNION ALL SELECT 2) AS s ON t.id = s.id "
            "WHEN MATCHED THEN UPDATE SET v = 'x' WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)"
        )
    assert content(shop) == dict.fromkeys(range(5), "old")
    assert len(shop.sql("DESCRIBE HISTORY dev.shop.t")) == 1


@pytest.mark.parametrize("clauses", [
    "WHEN MATCHED THEN DELETE",
    "WHEN MATCHED AND s.n = 1 THEN UPDATE SET v = 'x'",
])  # fmt: skip
def test_two_source_rows_are_fine_where_only_one_changes_the_row(shop: Session, clauses: str) -> None:
    answer = shop.sql(
        "MERGE INTO dev.shop.t USING (SELECT 2 AS id, 1 AS n UNION ALL SELECT 2, 2) AS s ON t.id = s.id " + clauses
    ).rows()
    assert answer[0]["num_affected_rows"] == 1


def test_values_are_computed_once(shop: Session) -> None:
    shop.sql(
        "MERGE INTO dev.shop.t USING (SELECT id, uuid() AS u FROM dev.shop.s) AS s ON t.id = s.id "
        "WHEN MATCHED THEN UPDATE SET v = s.u || uuid() WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, uuid())"
    )
    written = {row["v"] for row in shop.sql("SELECT v FROM dev.shop.t WHERE id > 2").rows()}
    come = "_change_type IN ('update_postimage', 'insert')"
    feed = {row["v"] for row in shop.sql(f"SELECT v FROM table_changes('dev.shop.t', 1) WHERE {come}").rows()}
    assert len(written) == 4
    assert feed == written


@pytest.mark.parametrize(("statement", "message"), [
    ("USING dev.shop.s ON t.id = s.id WHEN MATCHED THEN DELETE WHEN MATCHED THEN UPDATE SET v = 'x'",
     "no other is reached"),
    ("USING dev.shop.s ON t.id = s.id WHEN MATCHED THEN INSERT *", "cannot be followed by INSERT"),
    ("USING dev.shop.s ON t.id = s.id WHEN NOT MATCHED THEN INSERT (id, v) VALUES (1)", "names 2 columns, but gives 1"),
    ("USING dev.shop.s ON t.id = s.id WHEN NOT MATCHED BY SOURCE THEN UPDATE SET *", "there is none here"),
    ("USING dev.shop.s ON t.id = s.id WHEN NOT MATCHED THEN INSERT (id) VALUES (t.id)", "does not meet the table"),
    ("USING dev.shop.s ON t.id = s.id WHEN NOT MATCHED BY SOURCE THEN UPDATE SET v = s.v", "does not meet the source"),
    ("USING dev.shop.s ON t.id = s.id WHEN MATCHED AND rand() < 0.5 THEN DELETE", r"rand\(\) in a WHEN of a MERGE"),
    ("USING dev.shop.s ON t.v = uuid() WHEN MATCHED THEN DELETE", r"uuid\(\) in the ON of a MERGE"),
    ("USING dev.shop.s ON t.id IN (SELECT 1) WHEN MATCHED THEN DELETE", "A subquery in the ON of a MERGE"),
    ("USING dev.shop.s ON t.id = s.id WHEN MATCHED THEN UPDATE SET v = (SELECT 1)", "A subquery in the values"),
    ("USING (SELECT 3 AS id) AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET *", "There is no column v"),
    ("USING dev.shop.t ON t.id = t.id WHEN MATCHED THEN DELETE", "Give the source another alias"),
    ("USING dev.shop.s ON t.id = s.idd WHEN MATCHED THEN DELETE", "There is no column idd"),
])  # fmt: skip
def test_a_mistake_is_named_and_changes_nothing(shop: Session, statement: str, message: str) -> None:
    with pytest.raises(Exception, match=message):
        shop.sql(f"MERGE INTO dev.shop.t {statement}")
    assert content(shop) == dict.fromkeys(range(5), "old")


@pytest.mark.parametrize("source", ["(VALUES (1, 'x'), (9, 'y')) AS s(id, v)", "VALUES (1, 'x'), (9, 'y') AS s(id, v)"])
def test_the_source_may_be_values(shop: Session, source: str) -> None:
    shop.sql(
        f"MERGE INTO dev.shop.t USING {source} ON t.id = s.id "
        "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
    )
    assert content(shop) == {0: "old", 1: "x", 2: "old", 3: "old", 4: "old", 9: "y"}


def test_a_view_and_the_table_itself_can_be_the_source(shop: Session) -> None:
    shop.sql("CREATE VIEW dev.shop.w AS SELECT id, 'seen' AS v FROM dev.shop.t WHERE id < 2")
    shop.sql("MERGE INTO dev.shop.t AS a USING dev.shop.w AS b ON a.id = b.id WHEN MATCHED THEN UPDATE SET *")
    assert content(shop) == {0: "seen", 1: "seen", 2: "old", 3: "old", 4: "old"}
    shop.sql(
        "MERGE INTO dev.shop.t AS a USING (SELECT max(id) + 1 AS id, 'next' AS v FROM dev.shop.t) AS b ON a.id = b.id "
        "WHEN NOT MATCHED THEN INSERT *"
    )
    assert content(shop)[5] == "next"
