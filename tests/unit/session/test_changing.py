"""DELETE, UPDATE and TRUNCATE through a session."""

from decimal import Decimal
from typing import Any

import pytest

from boathouse.catalog import Catalog, Privilege
from boathouse.foundation.errors import Denied, InvalidInput
from boathouse.lake import rewriting
from boathouse.session import Session


@pytest.fixture
def shop(session: Session) -> Session:
    session.sql(
        "CREATE TABLE dev.shop.t AS SELECT id, 'n' || id AS name, CAST(id * 1.5 AS DECIMAL(10,2)) AS price, "
        "named_struct('a', id, 'b', 'x') AS st FROM range(10)"
    )
    return session


def column(session: Session, name: str, rest: str = "") -> list[Any]:
    return [row[name] for row in session.sql(f"SELECT {name} FROM dev.shop.t {rest} ORDER BY id").rows()]


@pytest.mark.parametrize(("where", "left"), [
    ("", []),
    ("WHERE id < 8", [8, 9]),
    ("WHERE id IN (SELECT id * 2 FROM range(5))", [1, 3, 5, 7, 9]),
    ("AS a WHERE EXISTS (SELECT 1 FROM dev.shop.t AS b WHERE b.id = a.id + 3)", [7, 8, 9]),
    ("WHERE price >= (SELECT max(price) FROM dev.shop.t)", [0, 1, 2, 3, 4, 5, 6, 7, 8]),
    ("WHERE t.id = 3 OR dev.shop.t.id = 4", [0, 1, 2, 5, 6, 7, 8, 9]),
    ("WHERE NULL", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
])  # fmt: skip
def test_delete_removes_what_the_condition_says(shop: Session, where: str, left: list[int]) -> None:
    (answer,) = shop.sql(f"DELETE FROM dev.shop.t {where}").rows()
    assert answer == {"num_affected_rows": 10 - len(left)}
    assert column(shop, "id") == left


def test_update_sets_columns_fields_and_the_results_of_queries(shop: Session) -> None:
    shop.sql("UPDATE dev.shop.t SET name = upper(name), price = price + 0.5, st.b = 'new' WHERE id = 2")
    shop.sql("UPDATE dev.shop.t AS x SET x.price = (SELECT max(y.id) FROM dev.shop.t AS y) WHERE x.id = 5")
    rows = shop.sql("SELECT * FROM dev.shop.t WHERE id IN (2, 5) ORDER BY id").rows()
    assert rows[0] == {"id": 2, "name": "N2", "price": Decimal("3.50"), "st": {"a": 2, "b": "new"}}
    assert rows[1] == {"id": 5, "name": "n5", "price": Decimal("9.00"), "st": {"a": 5, "b": "x"}}
    assert column(shop, "name", "WHERE id NOT IN (2)") == [f"n{n}" for n in range(10) if n != 2]


def test_parameters_are_values_in_conditions_and_assignments(shop: Session) -> None:
    shop.sql("UPDATE dev.shop.t SET name = :name WHERE id = :id", {"name": "'; DROP", "id": 3})
    assert column(shop, "name", "WHERE id = 3") == ["'; DROP"]


def test_what_changes_no_row_makes_no_version(shop: Session) -> None:
    assert shop.sql("UPDATE dev.shop.t SET name = 'x' WHERE id = 77").rows() == [{"num_affected_rows": 0}]
    assert len(shop.sql("DESCRIBE HISTORY dev.shop.t")) == 1


@pytest.mark.parametrize(("statement", "message"), [
    ("UPDATE dev.shop.t SET id = 'x'", "Column id is BIGINT; a value of type STRING cannot be put there"),
    ("UPDATE dev.shop.t SET id = 1e30", "does not fit into column id, which is BIGINT"),
    ("UPDATE dev.shop.t SET price = 123456789012", "The value 123456789012 does not fit into column price"),
    ("UPDATE dev.shop.t SET nam = 1", "There is no column nam to set. Did you mean name"),
    ("UPDATE dev.shop.t SET st.c = 1", "st has no field c"),
    ("UPDATE dev.shop.t SET name = 'a', NAME = 'b'", "name is set twice"),
    ("UPDATE dev.shop.t SET st.a = 1, st = NULL", "st is set twice"),
    ("UPDATE dev.shop.t SET name = DEFAULT", "DEFAULT is not supported"),
    ("UPDATE dev.shop.t SET name = 'a' FROM dev.shop.t AS b", "FROM in UPDATE is not supported"),
    ("UPDATE dev.shop.t SET name = nme", "There is no column nme here"),
    ("DELETE FROM dev.shop.t USING dev.shop.t AS b WHERE 1 = 1", "USING in DELETE is not supported"),
    ("DELETE FROM dev.shop.t VERSION AS OF 0", "is not the plain name of a table"),
    ("DELETE FROM dev.shop.t WHERE 1 / 0 = 1", "Division by zero"),
    ("DELETE FROM dev.shop.t WHERE read_text('/etc/passwd') = ''", "read_text"),
    ("DELETE FROM dev.shop.t WHERE id IN (SELECT id FROM dev.shop.u)", "dev.shop.u"),
])  # fmt: skip
def test_a_mistake_is_named_and_changes_nothing(shop: Session, statement: str, message: str) -> None:
    with pytest.raises(Exception, match=message.replace("(", r"\(")):
        shop.sql(statement)
    assert len(shop.sql("DESCRIBE HISTORY dev.shop.t")) == 1
    assert column(shop, "id") == list(range(10))


def test_rows_are_changed_only_by_who_may_read_and_modify(shop: Session, session_of: Any) -> None:
    reader = session_of("reader", Privilege.SELECT)
    with pytest.raises(Denied):
        reader.sql("DELETE FROM dev.shop.t")
    writer = session_of("writer", Privilege.SELECT, Privilege.MODIFY)
    assert writer.sql("DELETE FROM dev.shop.t WHERE id = 1").rows() == [{"num_affected_rows": 1}]


def test_a_change_leaves_lineage_and_history(shop: Session, catalog: Catalog) -> None:
    shop.sql("CREATE TABLE dev.shop.o AS SELECT 3 AS id, 'o' AS label")
    shop.sql("UPDATE dev.shop.t SET name = (SELECT label FROM dev.shop.o) WHERE id IN (SELECT id FROM dev.shop.o)")
    edge = catalog.lineage.edges(shop.principal)[0].edge
    assert (edge.source.name, edge.target.name, edge.target.version) == ("dev.shop.o", "dev.shop.t", 1)  # pyright: ignore
    assert edge.columns.direct == {"name": ("label",)}  # pyright: ignore
    (latest, _) = shop.sql("DESCRIBE HISTORY dev.shop.t").rows()
    assert latest["operation"] == "UPDATE"
    assert dict(latest["operationMetrics"])["numUpdatedRows"] == "1"


def test_truncate_leaves_an_empty_table(shop: Session) -> None:
    assert shop.sql("TRUNCATE TABLE dev.shop.t").rows() == [{"num_affected_rows": 10}]
    assert column(shop, "id") == []


def test_a_view_is_not_changed_but_may_be_read(shop: Session) -> None:
    shop.sql("CREATE VIEW dev.shop.v AS SELECT id FROM dev.shop.t WHERE id > 7")
    with pytest.raises(InvalidInput, match=r"dev\.shop\.v is a view"):
        shop.sql("DELETE FROM dev.shop.v")
    shop.sql("DELETE FROM dev.shop.t WHERE id IN (SELECT id FROM dev.shop.v)")
    assert column(shop, "id") == list(range(8))


def test_a_lost_race_is_run_again_with_the_same_python_functions(
    shop: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a function in Python, and somebody who is faster with the same rows
    shop.sql("CREATE FUNCTION dev.shop.f(x BIGINT) RETURNS STRING LANGUAGE PYTHON AS $$ return f'f{x}' $$")
    land, rounds = rewriting.land, list[int]()

    def landed_second(*arguments: Any, **options: Any) -> Any:
        rounds.append(len(rounds))
        if len(rounds) == 1:
            shop.sql("DELETE FROM dev.shop.t WHERE id > 1")
        return land(*arguments, **options)

    monkeypatch.setattr(rewriting, "land", landed_second)

    # when a change calls the function
    shop.sql("UPDATE dev.shop.t SET name = dev.shop.f(id)")

    # then it is computed anew from what the other has left
    assert len(rounds) == 3
    assert column(shop, "name") == ["f0", "f1"]


def test_a_partition_that_must_not_be_null_does_not_become_the_empty_text(session: Session) -> None:
    session.sql("CREATE TABLE dev.shop.parts (id INT, part STRING NOT NULL) PARTITIONED BY (part)")
    session.sql("INSERT INTO dev.shop.parts VALUES (1, 'a')")
    for statement in (
        "UPDATE dev.shop.parts SET part = ''",
        (
            "MERGE INTO dev.shop.parts AS t USING (SELECT 2 AS id, '' AS part) AS s ON t.id = s.id "
            "WHEN NOT MATCHED THEN INSERT *"
        ),
    ):
        with pytest.raises(InvalidInput, match="Column part must not be null"):
            session.sql(statement)
    assert session.sql("SELECT * FROM dev.shop.parts").arrow().to_pylist() == [{"id": 1, "part": "a"}]
