"""On-demand features: functions in SQL and Python over the columns of a frame."""

from collections.abc import Callable

import pyarrow as pa
import pytest

from boathouse.catalog import Privilege
from boathouse.features.feature_spec import Computed
from boathouse.features.lookups import FeatureFunction
from boathouse.features.specs.functions import OnDemand, bound, functions_of
from boathouse.foundation.errors import Denied, InvalidInput, NotFound
from boathouse.foundation.names import FunctionName
from boathouse.session import Session

NAME = FunctionName.parse("dev.shop.f")


def python(body: str, *parameters: str, returns: str = "INT") -> str:
    signature = f"dev.shop.f({', '.join(parameters)}) RETURNS {returns}"
    return f"CREATE OR REPLACE FUNCTION {signature} LANGUAGE PYTHON AS $$\n{body}\n$$"


def sql(body: str, *parameters: str, returns: str = "INT") -> str:
    return f"CREATE OR REPLACE FUNCTION dev.shop.f({', '.join(parameters)}) RETURNS {returns} RETURN {body}"


def apply(session: Session, table: pa.Table, **bindings: str) -> list[object]:
    functions = functions_of(session, [NAME])
    types = {field.name: field.type for field in table.schema}
    step = bound(functions[NAME], FeatureFunction("dev.shop.f", bindings), types)
    with OnDemand(session, functions) as ready:
        return ready.apply(step, table).to_pylist()


@pytest.mark.parametrize("make", [sql, python])
def test_a_function_takes_columns_and_keeps_the_order_of_rows(session: Session, make: Callable[..., str]) -> None:
    body = "a - 2 * b" if make is sql else "return None if a is None else a - 2 * b"
    session.sql(make(body, "a BIGINT", "b INT", returns="BIGINT"))
    table = pa.table({"x": pa.chunked_array([[5, None], list(range(9_000))]), "b": pa.array([1] * 9_002, pa.int16())})
    assert apply(session, table, a="x") == [3, None, *(n - 2 for n in range(9_000))]


@pytest.mark.parametrize("make", [sql, python])
def test_a_parameter_with_a_default_may_be_left_out(session: Session, make: Callable[..., str]) -> None:
    session.sql(make("a * b" if make is sql else "return a * b", "a INT", "b INT DEFAULT 3"))
    assert apply(session, pa.table({"a": [1, 2]})) == [3, 6]
    assert apply(session, pa.table({"a": [1, 2], "c": [5, 6]}), b="c") == [5, 12]


@pytest.mark.parametrize("make", [sql, python])
def test_no_rows_give_no_values_of_the_right_type(session: Session, make: Callable[..., str]) -> None:
    session.sql(make("a" if make is sql else "return a", "a INT", returns="DECIMAL(5,2)"))
    functions = functions_of(session, [NAME])
    step = Computed(NAME, (("a", "a"),), "y", "decimal(5,2)")
    with OnDemand(session, functions) as ready:
        assert ready.apply(step, pa.table({"a": pa.array([], pa.int32())})).type == pa.decimal128(5, 2)


def test_a_python_function_that_raises_names_itself_the_row_and_the_arguments(session: Session) -> None:
    session.sql(python("y = 10\nreturn y // x", "x INT"))
    table = pa.table({"x": pa.array([1] * 5_000 + [0], pa.int32())})
    message = r"dev\.shop\.f failed in row 5001 with x=0 \(line 2 of the function\): ZeroDivisionError"
    with pytest.raises(InvalidInput, match=message):
        apply(session, table)


def test_an_sql_function_that_fails_names_itself_the_row_and_the_arguments(session: Session) -> None:
    session.sql(sql("CAST(word AS INT)", "word STRING"))
    table = pa.table({"word": ["1", "2", "3", "four", "five"]})
    with pytest.raises(InvalidInput, match=r"dev\.shop\.f failed in row 4 with word='four': "):
        apply(session, table)


def test_functions_in_sql_may_call_functions_in_python(session: Session) -> None:
    session.sql("CREATE FUNCTION dev.shop.highest(x INT) RETURNS INT LANGUAGE PYTHON AS $$\nreturn x + 1\n$$")
    session.sql(sql("dev.shop.highest(x) * 2", "x INT"))
    assert apply(session, pa.table({"x": [1, 2]})) == [4, 6]


def test_an_expression_may_use_its_parameters_as_often_as_it_likes(session: Session) -> None:
    session.sql(sql("CASE WHEN x > 2 THEN (SELECT max(v) FROM VALUES (x), (y) AS t(v)) ELSE y END", "x INT", "y INT"))
    assert apply(session, pa.table({"x": [1, 3, 9], "y": [7, 8, 4]})) == [7, 8, 9]


def test_what_cannot_be_bound_is_told_before_a_row_is_computed(session: Session) -> None:
    session.sql(sql("a + b", "a INT", "b INT"))
    table = pa.table({"a": [1], "word": ["x"], "size": [1.5]})
    with pytest.raises(InvalidInput, match="given nothing for its parameter b"):
        apply(session, table)
    with pytest.raises(InvalidInput, match=r"takes b from the column wrod, which is not there. Did you mean word"):
        apply(session, table, b="wrod")
    with pytest.raises(InvalidInput, match=r"takes b as INT, and the column word is string"):
        apply(session, table, b="word")
    with pytest.raises(InvalidInput, match=r"takes b as INT, and the column size is double"):
        apply(session, table, b="size")
    with pytest.raises(InvalidInput, match="has no parameter bb"):
        apply(session, table, bb="a")


def test_a_value_that_its_parameter_cannot_hold_is_refused(session: Session) -> None:
    session.sql(sql("a", "a INT"))
    with pytest.raises(InvalidInput, match=r"dev.shop.f cannot take a value as its parameter a"):
        apply(session, pa.table({"a": [2**40]}))


def test_a_function_that_reads_tables_cannot_compute_a_feature(session: Session) -> None:
    session.write_table("dev.shop.prices", pa.table({"price": [1]}))
    session.sql("CREATE FUNCTION dev.shop.highest() RETURNS BIGINT RETURN (SELECT max(price) FROM dev.shop.prices)")
    session.sql(sql("x + dev.shop.highest()", "x INT", returns="BIGINT"))
    with pytest.raises(InvalidInput, match=r"dev.shop.f reads table dev.shop.prices"):
        functions_of(session, [NAME])


def test_a_function_that_returns_rows_cannot_compute_a_feature(session: Session) -> None:
    session.sql("CREATE FUNCTION dev.shop.f(n INT) RETURNS TABLE (x BIGINT) RETURN SELECT id FROM range(0, 3)")
    with pytest.raises(InvalidInput, match="returns a table"):
        functions_of(session, [NAME])


def test_a_function_needs_execute(session: Session, session_of: Callable[..., Session]) -> None:
    session.sql(sql("x", "x INT"))
    with pytest.raises((Denied, NotFound), match=r"dev.shop.f"):
        functions_of(session_of("eve", Privilege.SELECT), [NAME])
    assert functions_of(session_of("bob", Privilege.EXECUTE), [NAME])[NAME].full_name == "dev.shop.f"


def test_names_with_strange_letters_are_quoted(session: Session) -> None:
    session.sql("CREATE FUNCTION dev.shop.`größe-1`(`der Wert` INT) RETURNS INT RETURN `der Wert` + 1")
    name = FunctionName.parse("dev.shop.`größe-1`")
    functions = functions_of(session, [name])
    step = Computed(name, (("der Wert", "ein Wert"),), "y", "int")
    with OnDemand(session, functions) as ready:
        assert ready.apply(step, pa.table({"ein Wert": [1]})).to_pylist() == [2]
