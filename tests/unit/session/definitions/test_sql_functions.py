"""Functions in SQL: a call means its body, whatever names stand around it."""

from collections.abc import Callable

import pytest

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.foundation.errors import Denied, InvalidInput, NotFound
from boathouse.foundation.principals import SYSTEM
from boathouse.session import Session


@pytest.fixture
def shop(session: Session) -> Session:
    session.sql("USE SCHEMA dev.shop")
    session.sql("CREATE TABLE prices (item STRING, price DOUBLE)")
    session.sql("INSERT INTO prices VALUES ('tea', 2.0), ('cup', 5.0)")
    return session


def test_a_function_is_its_expression(shop: Session) -> None:
    shop.sql("CREATE FUNCTION gross(net DOUBLE, rate DOUBLE DEFAULT 0.5) RETURNS DOUBLE RETURN net * (1 + rate)")
    row = shop.sql("SELECT gross(2), gross(net => 4, rate => 1), dev.shop.gross(1) + 1 AS x").rows()[0]
    assert list(row.values()) == [3.0, 8.0, 2.5]
    assert shop.sql("SELECT item FROM prices WHERE gross(price) > 4").rows() == [{"item": "cup"}]
    assert shop.sql("SELECT sum(gross(price)) AS s, gross(sum(price)) AS t FROM prices").rows() == [
        {"s": 10.5, "t": 10.5}
    ]


def test_arguments_are_of_the_types_of_their_parameters(shop: Session) -> None:
    shop.sql("CREATE FUNCTION halved(n INT) RETURNS INT RETURN n / 2")
    assert shop.sql("SELECT halved(7.9) AS x").rows() == [{"x": 3}]
    with pytest.raises(InvalidInput):
        shop.sql("SELECT halved('seven')").rows()


def test_an_argument_that_changes_is_computed_once(shop: Session) -> None:
    shop.sql("CREATE FUNCTION same(x DOUBLE) RETURNS BOOLEAN RETURN x = x AND x + 0 = x")
    assert shop.sql("SELECT bool_and(same(rand())) AS x FROM range(0, 1000)").rows() == [{"x": True}]


def test_names_of_the_caller_are_not_those_of_the_body(shop: Session) -> None:
    shop.sql("CREATE FUNCTION dearer(p DOUBLE) RETURNS BIGINT RETURN SELECT count(*) FROM prices WHERE price > p")
    query = "SELECT item, dearer(price) AS n FROM prices ORDER BY item"  # price is a column on both sides
    assert shop.sql(query).rows() == [{"item": "cup", "n": 0}, {"item": "tea", "n": 1}]
    shop.sql("CREATE FUNCTION of(price DOUBLE) RETURNS BIGINT RETURN SELECT count(*) FROM prices WHERE price = price")
    assert shop.sql("SELECT of(2) AS n").rows() == [{"n": 2}]  # a column of the body comes before a parameter
    shop.sql(
        "CREATE FUNCTION same_price(price DOUBLE) RETURNS BIGINT "
        "RETURN SELECT count(*) FROM prices p WHERE p.price = same_price.price"
    )
    assert shop.sql("SELECT same_price(2) AS n").rows() == [{"n": 1}]


def test_functions_call_functions(shop: Session) -> None:
    shop.sql("CREATE FUNCTION plus(a INT) RETURNS INT RETURN a + 1")
    shop.sql("CREATE FUNCTION twice(a INT) RETURNS INT RETURN plus(plus(a))")
    shop.sql("CREATE FUNCTION four(a INT) RETURNS INT RETURN twice(twice(a))")
    assert shop.sql("SELECT four(four(0)) AS x").rows() == [{"x": 8}]


def test_a_function_may_return_a_table(shop: Session) -> None:
    shop.sql(
        "CREATE FUNCTION dearer_than(least DOUBLE) RETURNS TABLE (name STRING, cents BIGINT COMMENT 'whole') "
        "RETURN SELECT item, price * 100 FROM prices WHERE price > least"
    )
    assert shop.sql("SELECT * FROM dearer_than(3)").rows() == [{"name": "cup", "cents": 500}]
    each = shop.sql("SELECT p.item, o.name FROM prices p, LATERAL dearer_than(p.price) AS o").rows()
    assert each == [{"item": "tea", "name": "cup"}]
    with pytest.raises(InvalidInput, match="returns a table"):
        shop.sql("SELECT dearer_than(3)")


def test_errors_of_a_caller_do_not_tell_of_rows_that_a_table_function_hides(
    shop: Session, session_of: Callable[..., Session], catalog: Catalog
) -> None:
    shop.sql(
        "CREATE FUNCTION dearer_than(least DOUBLE) RETURNS TABLE (name STRING) "
        "RETURN SELECT p.item FROM prices p JOIN (SELECT item FROM prices WHERE price > least) q ON p.item = q.item"
    )
    ann = session_of("ann", Privilege.USE_SCHEMA)
    catalog.grants.grant(SYSTEM, "ann", [Privilege.EXECUTE], SecurableKind.FUNCTION, "dev.shop.dearer_than")
    prying = "IF(name = 'tea', raise_error('there is tea'), 1) = 1"
    assert ann.sql(f"SELECT name FROM dev.shop.dearer_than(3) WHERE {prying}").rows() == [{"name": "cup"}]
    each = f"SELECT x, name FROM VALUES (3), (4) AS v(x), LATERAL dev.shop.dearer_than(v.x) WHERE {prying}"
    assert len(ann.sql(each)) == 2


def test_executing_needs_no_privilege_on_what_is_read(
    shop: Session, session_of: Callable[..., Session], catalog: Catalog
) -> None:
    shop.sql("CREATE FUNCTION top() RETURNS DOUBLE RETURN SELECT max(price) FROM prices")
    ann = session_of("ann", Privilege.USE_SCHEMA)
    with pytest.raises(NotFound):
        ann.sql("SELECT dev.shop.top()")
    catalog.grants.grant(SYSTEM, "ann", [Privilege.EXECUTE], SecurableKind.FUNCTION, "dev.shop.top")
    assert ann.sql("SELECT dev.shop.top() AS x").rows() == [{"x": 5.0}]
    with pytest.raises((Denied, NotFound)):
        ann.sql("SELECT dev.shop.top() FROM dev.shop.prices")
    edges = shop.sql("SELECT source_table_full_name s, source_version v, target_path t FROM "
                     "system.access.table_lineage WHERE operation = 'THROUGH'").rows()  # fmt: skip
    assert edges == [{"s": "dev.shop.prices", "v": 1, "t": "dev.shop.top"}]


@pytest.mark.parametrize("body", ["timestampdiff(MINUTE, a, b) / 60", "datediff(HOUR, a, dateadd(DAY, 0, b))"])
def test_units_are_words_even_beside_a_parameter_of_that_name(shop: Session, body: str) -> None:
    shop.sql(f"CREATE FUNCTION hours(a TIMESTAMP, b TIMESTAMP, day INT DEFAULT 7) RETURNS BIGINT RETURN {body}")
    spelled = "TIMESTAMP '2026-01-01 00:00:00', TIMESTAMP '2026-01-02 00:30:00'"
    assert shop.sql(f"SELECT hours({spelled}) AS x").rows() == [{"x": 24}]


def test_a_built_in_function_cannot_be_taken_dearer_than(shop: Session) -> None:
    shop.sql("CREATE FUNCTION upper(x STRING) RETURNS STRING RETURN 'mine'")
    assert shop.sql("SELECT upper('a') AS x, dev.shop.upper('a') AS y").rows() == [{"x": "A", "y": "mine"}]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("CREATE FUNCTION f(a INT, A INT) RETURNS INT RETURN 1", "there twice"),
        ("CREATE FUNCTION f(a INT DEFAULT 1, b INT) RETURNS INT RETURN 1", "needs a default"),
        ("CREATE FUNCTION f(a NUMBER) RETURNS INT RETURN 1", "not a type"),
        ("CREATE FUNCTION f(a INT) RETURNS INT RETURN f(a)", "call itself"),
        ("CREATE FUNCTION f(a INT) RETURNS INT RETURN sum(a)", "needs the rows of a query"),
        ("CREATE FUNCTION f(a INT) RETURNS INT RETURN b", "no parameter"),
        ("CREATE FUNCTION f(a INT) RETURNS INT RETURN a +", "Syntax error"),
        ("CREATE FUNCTION f(a INT) RETURNS INT RETURN :x", "no parameters"),
        ("CREATE FUNCTION f(a INT) RETURNS INT", "expected RETURN"),
        ("CREATE FUNCTION f(a INT) RETURNS TABLE (x INT) RETURN SELECT 1, 2", "gives more than the 1"),
        ("CREATE FUNCTION f(a INT) RETURNS INT LANGUAGE SCALA AS $$ 1 $$", "SCALA"),
        ("CREATE FUNCTION f(a INT) RETURNS INT RETURN 1, 2", "one expression"),
        ("CREATE OR REPLACE FUNCTION IF NOT EXISTS f() RETURNS INT RETURN 1", "contradict"),
        ("CREATE FUNCTION f(a INT) RETURNS INT RETURN read_csv('/etc/passwd')", "was not found"),
    ],
)
def test_what_makes_no_sense_is_refused_and_creates_nothing(shop: Session, statement: str, message: str) -> None:
    with pytest.raises((InvalidInput, NotFound), match=message):
        shop.sql(statement)
    assert shop.sql("SHOW USER FUNCTIONS").rows() == []


@pytest.mark.parametrize("call", ["f()", "f(1, 2, 3)", "f(c => 1)", "f(1, a => 2)", "f(a => 1, 2)", "f(*)"])
def test_a_call_that_does_not_fit_is_refused(shop: Session, call: str) -> None:
    shop.sql("CREATE FUNCTION f(a INT, b INT DEFAULT 1) RETURNS INT RETURN a + b")
    with pytest.raises(InvalidInput):
        shop.sql(f"SELECT {call} FROM prices")


def test_dropping_takes_the_function_away(shop: Session) -> None:
    shop.sql("CREATE FUNCTION f() RETURNS INT RETURN 1")
    shop.sql("CREATE FUNCTION g() RETURNS INT RETURN f()")
    shop.sql("DROP FUNCTION f")
    with pytest.raises(NotFound, match=r"Function dev\.shop\.g reads function dev\.shop\.f, which was not found"):
        shop.sql("SELECT g()")
    with pytest.raises(NotFound):
        shop.sql("DROP FUNCTION f")
    shop.sql("DROP FUNCTION IF EXISTS f")


def test_a_call_without_an_alias_is_a_column_named_as_it_was_written(shop: Session) -> None:
    shop.sql("CREATE FUNCTION counted() RETURNS BIGINT RETURN SELECT count(*) FROM prices")
    shop.sql("CREATE FUNCTION plus(a INT) RETURNS INT RETURN a + 1")

    assert shop.sql("SELECT dev.shop.counted(), dev.shop.plus(1), counted()").rows() == [
        {"dev.shop.counted()": 2, "dev.shop.plus(1)": 2, "counted()": 2}
    ]
    assert shop.sql("SELECT * FROM (SELECT dev.shop.counted())").rows() == [{"dev.shop.counted()": 2}]


def test_a_field_is_named_after_itself_only_where_a_column_has_it(shop: Session) -> None:
    shop.sql("CREATE FUNCTION both() RETURNS STRUCT<a: INT, b: INT> RETURN named_struct('a', 1, 'b', 2)")

    assert shop.sql("SELECT dev.shop.both().b").rows() == [{"dev.shop.both().b": 2}]
    assert shop.sql("SELECT s.b, x.s.a FROM (SELECT dev.shop.both() AS s) AS x").rows() == [{"b": 2, "a": 1}]
    assert shop.sql("SELECT list[1].b FROM (SELECT array(both(), both()) AS list)").rows() == [{"list[1].b": 2}]
