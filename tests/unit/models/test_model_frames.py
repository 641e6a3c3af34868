"""Between Arrow and models: inputs in types that models know, answers of every shape as a column."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from boathouse.foundation.errors import InvalidInput
from boathouse.models.model_frames import answers, columns_with_nulls, model_frame


def table() -> pa.Table:
    return pa.table(
        {
            "n": pa.array([1, None], pa.int32()),
            "price": [Decimal("1.50"), None],
            "at": pa.array([datetime(2013, 1, 1, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
            "day": [date(2013, 1, 2), None],
            "word": ["a", None],
            "whole": [1, 2],
        }
    )


def test_inputs_come_in_the_order_and_the_types_of_the_model() -> None:
    frame = model_frame(table(), ["word", "at", "price", "n"])
    assert list(frame.columns) == ["word", "at", "price", "n"]
    assert [str(each) for each in frame.dtypes[1:]] == ["datetime64[us]", "float64", "float64"]
    assert frame["at"][0] == pd.Timestamp("2013-01-01")
    assert frame["price"][0] == 1.5


def test_a_signature_decides_of_numbers_and_days() -> None:
    declared = {"whole": "double", "n": "float", "day": "datetime"}
    frame = model_frame(table(), list(declared), declared)
    assert [each.kind for each in frame.dtypes] == ["f", "f", "M"]
    assert str(model_frame(table(), ["whole"], {"whole": "long"}).dtypes["whole"]) == "int64"


def test_whole_numbers_with_nulls_or_fractions_are_noticed() -> None:
    declared = {"n": "integer", "whole": "long", "price": "long", "word": "string", "other": "long"}
    assert columns_with_nulls(table(), declared) == ["n", "price"]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (np.array([1, 2]), [1, 2]),
        (np.array([[1.5], [2.5]]), [1.5, 2.5]),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.zeros((2, 1, 2)), [[[0.0, 0.0]], [[0.0, 0.0]]]),
        (["a", None], ["a", None]),
        (pd.Series([True, False], index=[5, 4]), [True, False]),
        (pd.DataFrame({"p": [1.0, float("nan")]}), [1.0, None]),
        (pd.DataFrame({"a": [1, 2], 7: ["x", "y"]}), [{"a": 1, "7": "x"}, {"a": 2, "7": "y"}]),
        (pl.DataFrame({"a": [1, 2]}), [1, 2]),
        ({"a": np.array([1, 2]), "b": [3, 4]}, [{"a": 1, "b": 3}, {"a": 2, "b": 4}]),
        ([{"text": "x"}, {"text": "y"}], [{"text": "x"}, {"text": "y"}]),
        (pa.chunked_array([[1], [2]]), [1, 2]),
    ],
)
def test_answers_of_every_shape_are_one_column(found: Any, expected: list[Any]) -> None:
    assert answers(found, 2, "models:/m/1").to_pylist() == expected


def test_answers_that_are_none_are_told() -> None:
    with pytest.raises(InvalidInput, match="models:/m/1 gave 3 answers for 2 rows"):
        answers([1, 2, 3], 2, "models:/m/1")
    with pytest.raises(InvalidInput, match="no Arrow form"):
        answers([1, object()], 2, "models:/m/1")
    with pytest.raises(InvalidInput, match="no Arrow form"):
        answers(7, 2, "models:/m/1")
