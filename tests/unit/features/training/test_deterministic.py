"""A deterministic function in Python is called once for rows that are alike."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boathouse.features.feature_spec import Computed
from boathouse.features.specs.functions import OnDemand, functions_of
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import FunctionName
from boathouse.session import Session
from boathouse.session.distinct_rows import distinct_rows

NAME = FunctionName.parse("dev.shop.f")
COUNTING = "calls = 0\ndef count(x):\n    global calls\n    calls += 1\n    return calls"


def values(session: Session, x: pa.Array) -> list[object]:
    step = Computed(NAME, (("x", "x"),), "y", "int")
    with OnDemand(session, functions_of(session, [NAME])) as ready:
        return ready.apply(step, pa.table({"x": x})).to_pylist()


@pytest.mark.parametrize(("word", "calls"), [("DETERMINISTIC", 4), ("", 9_000)])
def test_a_deterministic_function_is_called_once_for_rows_that_are_alike(
    session: Session, word: str, calls: int
) -> None:
    session.sql(
        f"CREATE FUNCTION dev.shop.f(x INT) RETURNS INT LANGUAGE PYTHON {word} HANDLER 'count' AS $$\n{COUNTING}\n$$"
    )
    x = [None if n % 4 == 3 else n % 4 for n in range(9_000)]

    found = values(session, pa.array(x, pa.int32()))

    assert max(found) == calls
    if word:
        assert [found[n] for n in range(4)] * 2_250 == found


def test_a_deterministic_function_that_raises_still_names_the_first_row(session: Session) -> None:
    session.sql("CREATE FUNCTION dev.shop.f(x INT) RETURNS INT LANGUAGE PYTHON DETERMINISTIC AS $$\nreturn 10 // x\n$$")

    with pytest.raises(InvalidInput, match=r"failed in row 5001 with x=0 "):
        values(session, pa.array([1, 2] * 2_500 + [0] * 5_000, pa.int32()))


@given(st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from([0.5, float("nan"), None])), max_size=30))
def test_distinct_rows_give_all_rows_back(rows: list[tuple[str | None, float | None]]) -> None:
    columns = [
        pa.chunked_array([pa.array([row[0] for row in rows], pa.string())]),
        pa.chunked_array([pa.array([row[1] for row in rows], pa.float64())]),
    ]

    distinct = distinct_rows(columns)

    assert distinct is not None
    back = [column.take(distinct.first).take(distinct.of_row) for column in columns]
    assert [str(column.to_pylist()) for column in back] == [str(column.to_pylist()) for column in columns]
    assert len(distinct.first) == len({str(row) for row in rows})


def test_lists_cannot_be_told_apart() -> None:
    assert distinct_rows([pa.chunked_array([[[1], [2]]])]) is None
