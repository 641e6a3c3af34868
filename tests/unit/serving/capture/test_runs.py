"""Rows that were put into arrays become the columns that they would have become one by one."""

import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from boathouse.serving.capture.runs import block, columns_of_numbers, plain

WIDTH = 3
numbers = st.lists(st.lists(st.floats(), min_size=WIDTH, max_size=WIDTH), min_size=1, max_size=40)
anything = st.lists(
    st.lists(st.one_of(st.floats(), st.integers(), st.none(), st.booleans()), min_size=WIDTH, max_size=WIDTH),
    min_size=1,
    max_size=40,
)


@settings(deadline=None)
@given(st.lists(st.one_of(numbers, anything), min_size=1, max_size=5))
def test_columns_are_those_of_the_rows_one_after_another(requests: list[list[list[Any]]]) -> None:
    rows = [row for request in requests for row in request]
    found = columns_of_numbers([block(request) for request in requests])

    if all(type(value) is float for row in rows for value in row):
        assert found is not None
        expected = np.array(rows, np.float64).T
        assert [column.tobytes() for column in found] == [column.tobytes() for column in expected]
    else:
        assert found is None


@settings(deadline=None)
@given(anything)
def test_what_was_put_into_an_array_comes_out_as_it_was(rows: list[list[Any]]) -> None:
    def shown(values: Any) -> list[list[tuple[type, str]]]:
        return [[(type(value), repr(value)) for value in row] for row in values]

    assert shown(plain(block(rows))) == shown(rows)


def test_only_many_rows_of_nothing_but_floating_point_numbers_are_put_into_an_array() -> None:
    assert isinstance(block([(0.5, math.nan)] * 100), np.ndarray)
    assert block([(0.5, math.nan)]) == [(0.5, math.nan)]
    for odd in (1, None, True, "x"):
        assert isinstance(block([*[(0.5,)] * 100, (odd,)]), list)
