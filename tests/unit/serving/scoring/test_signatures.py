"""Columns and tensors without any model: what is read, and how what is wrong is named."""

import json
from typing import Any

import numpy as np
import pytest

from boathouse.serving.scoring.columns import with_columns
from boathouse.serving.scoring.errors import WrongInput
from boathouse.serving.scoring.frames import FrameReader, read_columns
from boathouse.serving.scoring.matrices import MatrixReader
from boathouse.serving.scoring.nouns import Payload
from boathouse.serving.scoring.payloads import CSV, JSON, read_payload
from boathouse.serving.scoring.signature import Signature, signature_of
from boathouse.serving.scoring.tensors import TensorReader


def signature(*inputs: dict[str, Any]) -> Signature:
    found = signature_of({"signature": {"inputs": json.dumps(inputs)}})
    assert found is not None
    return found


def column(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "required": True} | more


def read(body: Any) -> Payload:
    return read_payload(json.dumps(body).encode(), JSON, most_rows=100)


LEG = column(
    "leg",
    "object",
    properties={
        "from": {"type": "string", "required": True},
        "stops": {"type": "array", "items": {"type": "long"}, "required": False},
    },
)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"from": "EWR", "stops": [1, "x"]}, "Column leg.stops[1], row 0: 'x' is no long."),
        ({"from": "EWR", "stops": 3}, "Column leg.stops, row 0: 3 is no array."),
        ({"from": 3}, "Column leg.from, row 0: 3 is no string."),
        ({"stops": []}, "Column leg, row 0: from is missing."),
        ({"from": "EWR", "to": "BOS"}, "Column leg, row 0: the model knows no to in it."),
        ("EWR", "Column leg, row 0: 'EWR' is no object."),
        (None, "Column leg, row 0: null is no object."),
    ],
)
def test_what_is_wrong_inside_a_column_is_named_with_the_way_there(value: Any, said: str) -> None:
    with pytest.raises(WrongInput) as error:
        read_columns(read({"dataframe_records": [{"leg": value}]}), signature(LEG), takes_nulls=True)

    assert str(error.value) == said


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("string", 5, "5 is no string"),
        ("string", True, "true is no string"),
        ("binary", "not base64!", "is no binary"),
        ("datetime", "soon", "'soon' is no datetime"),
        ("datetime", True, "true is no datetime"),
    ],
)
def test_texts_bytes_and_instants_are_checked(kind: str, value: Any, said: str) -> None:
    with pytest.raises(WrongInput, match=said):
        read_columns(read({"dataframe_records": [{"a": value}]}), signature(column("a", kind)), takes_nulls=True)


def test_a_frame_has_the_signatures_types_and_what_is_optional_as_nulls() -> None:
    kinds = {"t": "datetime", "s": "string", "b": "binary", "i": "integer", "f": "float", "k": "boolean"}
    asked = signature(*(column(name, kind) for name, kind in kinds.items()), column("o", "double", required=False))
    row = {"t": "2024-05-01T10:00:00Z", "s": "UA", "b": "aGk=", "i": 3, "f": 0.1, "k": True}

    frame = FrameReader(asked, takes_nulls=True).read(read({"dataframe_records": [row]}))

    assert [str(dtype) for dtype in frame.dtypes] == [
        "datetime64[ns]", "str", "object", "int32", "float32", "bool", "float64",
    ]  # fmt: skip
    assert frame.loc[0, "b"] == b"hi"
    assert str(frame.loc[0, "t"]) == "2024-05-01 10:00:00"


def test_null_is_refused_by_name_where_a_model_takes_none() -> None:
    asked = signature(column("a", "double"), column("n", "long"))
    reader = MatrixReader(asked, takes_nulls=False)

    with pytest.raises(WrongInput, match="Column a, row 1: null, and the model takes no missing or infinite values"):
        reader.read(read({"dataframe_split": {"columns": ["a", "n"], "data": [[1, 2], [None, 2]]}}))
    with pytest.raises(WrongInput, match="Column n, row 0: null is no long"):
        reader.read(read({"dataframe_split": {"columns": ["a", "n"], "data": [[1, None]]}}))


def test_a_csv_is_read_by_the_signature() -> None:
    asked = signature(column("n", "long"), column("k", "boolean"), column("a", "double"))
    payload = read_payload(b"a,k,n\n1.5,true,3\n,False,4\n", CSV, most_rows=10)

    matrix = MatrixReader(asked, takes_nulls=True).read(payload)

    np.testing.assert_array_equal(matrix, [[3, 1, 1.5], [4, 0, np.nan]])


def test_features_put_into_a_request_are_read_with_it() -> None:
    asked = signature(column("a", "double"), column("rain", "double"))
    payload = with_columns(read({"dataframe_records": [{"a": 1}, {"a": 2}]}), {"rain": [0.5, None]})

    np.testing.assert_array_equal(MatrixReader(asked, takes_nulls=True).read(payload), [[1, 0.5], [2, np.nan]])


def test_values_without_names_go_by_position_only_where_the_signature_has_none_either() -> None:
    unnamed = signature({"type": "double"}, {"type": "long"})
    named = signature(column("a", "double"), column("b", "long"))
    payload = read({"instances": [[0.5, 2], [1.5, 3]]})

    np.testing.assert_array_equal(MatrixReader(unnamed, takes_nulls=True).read(payload), [[0.5, 2], [1.5, 3]])
    with pytest.raises(WrongInput, match="no names, and the model wants the columns a, b"):
        MatrixReader(named, takes_nulls=True).read(payload)


TENSOR = {"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": [[1, 2], [3, 4]]},
        {"instances": [[1, 2], [3, 4]]},
        {"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], [3, 4]]}},
        {"dataframe_records": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]},
    ],
)
def test_a_tensor_comes_from_any_format(body: Any) -> None:
    array = TensorReader(signature(TENSOR)).read(read(body))

    assert isinstance(array, np.ndarray)
    assert array.dtype == np.float32
    assert array.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"inputs": [[1, 2, 3]]}, "has the shape (1, 3); the model wants (any, 2)"),
        ({"inputs": [[1, 2], [3]]}, "holds lists of different length"),
        ({"inputs": [[1, "two"]]}, "[0][1]: 'two' is no float32"),
        ({"inputs": [1, 2]}, "has the shape (2); the model wants (any, 2)"),
    ],
)
def test_a_wrong_tensor_is_named_with_its_place(body: Any, said: str) -> None:
    with pytest.raises(WrongInput) as error:
        TensorReader(signature(TENSOR)).read(read(body))

    assert said in str(error.value)


def test_named_tensors_are_taken_by_name() -> None:
    two = signature(TENSOR | {"name": "now"}, TENSOR | {"name": "then"})

    found = TensorReader(two).read(read({"inputs": {"now": [[1, 2]], "then": [[3, 4], [5, 6]]}}))

    assert isinstance(found, dict)
    assert {name: array.shape for name, array in found.items()} == {"now": (1, 2), "then": (2, 2)}
    with pytest.raises(WrongInput, match="Input then is missing"):
        TensorReader(two).read(read({"inputs": {"now": [[1, 2]]}}))
