"""Numbers are found again, however they lie."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boathouse.features.point_in_time import hashing
from boathouse.features.point_in_time.hashing import number_index
from boathouse.features.point_in_time.keys import Keys

WHOLE = st.one_of(st.integers(-5, 5), st.integers(-(2**63), 2**63 - 1), st.integers(0, 50).map(lambda n: n << 40))


@pytest.fixture(params=["by value or by hash", "by hash"], autouse=True)
def ways(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "by hash":
            patch.setattr(hashing, "DENSE_FROM", 0)
            patch.setattr(hashing, "SPREAD", 0)
        yield


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(distinct=st.lists(WHOLE, unique=True), asked=st.lists(WHOLE))
def test_each_number_is_found_where_it_stands(distinct: list[int], asked: list[int]) -> None:
    index = number_index(np.array(distinct, np.int64))
    numbers = [*asked, *distinct]
    expected = [distinct.index(number) if number in distinct else -1 for number in numbers]
    assert index.find(np.array(numbers, np.int64)).tolist() == expected


def test_hundreds_of_thousands_of_numbers_and_texts_are_found() -> None:
    numbers = np.random.default_rng(1).integers(-(2**62), 2**62, 300_000)
    for column in (pa.array(numbers), pa.array([f"N{number}" for number in numbers.tolist()])):
        keys = Keys([pa.chunked_array([column, column.slice(0, 10)])], [column.type])
        assert keys.count == len(set(column.to_pylist()))
        assert (keys.find([column]) == keys.codes[: len(column)]).all()
        assert (keys.codes[len(column) :] == keys.codes[:10]).all()
        assert (keys.find([pa.array(["x"] if pa.types.is_string(column.type) else [1])]) == -1).all()
