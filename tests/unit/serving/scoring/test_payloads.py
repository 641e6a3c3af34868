import io
import json
from contextlib import suppress
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from boathouse.foundation.errors import InvalidInput
from boathouse.serving.scoring.columns import column_of, first_row, with_columns
from boathouse.serving.scoring.errors import BodyTooLarge, MalformedBody, UnsupportedType
from boathouse.serving.scoring.nouns import Payload, Shape
from boathouse.serving.scoring.payloads import ARROW, CSV, JSON, PARQUET, TYPES, read_payload


def read(body: Any, content_type: str = JSON, most_rows: int = 100) -> Payload:
    return read_payload(
        body if isinstance(body, bytes) else json.dumps(body).encode(), content_type, most_rows=most_rows
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "no valid JSON"),
        (b"\xff\xfe", "no valid JSON"),
        (b"", "no valid JSON"),
        (b"[1]", "This one is a list"),
        ({}, "Received: none"),
        ({"rows": []}, "Received: rows"),
        ({"inputs": [1], "instances": [1]}, "Received: inputs, instances"),
        ({"dataframe_split": []}, "this one is a list"),
        ({"dataframe_split": {"columns": ["a"]}}, "has data"),
        ({"dataframe_split": {"columns": ["a"], "data": [[1]], "more": 1}}, "this one has columns, data, more"),
        ({"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], [1]]}}, "Row 1 has 1 values"),
        ({"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], 3]}}, "Row 1 of data is a number"),
        ({"dataframe_split": {"columns": ["a", "a"], "data": [[1, 2]]}}, "Column a is there twice"),
        ({"dataframe_split": {"columns": "ab", "data": [[1, 2]]}}, "columns is a list"),
        ({"dataframe_records": {"a": 1}}, "list of objects"),
        ({"dataframe_records": [{"a": 1}, 2]}, "Record 1"),
        ({"instances": {"a": 1}}, "one entry per row"),
        ({"instances": [{"a": 1}, 2]}, "number 1 is a number"),
        ({"inputs": [[1], {"a": 1}]}, "number 0 is a list"),
        ({"inputs": None}, "inputs is null"),
        ({"inputs": [1], "params": [1]}, "params is an object"),
    ],
)
def test_a_body_in_no_known_format_is_refused_with_what_it_lacks(body: Any, said: str) -> None:
    with pytest.raises(MalformedBody) as error:
        read(body)

    assert said in str(error.value)
    assert error.value.http_status == 400


@pytest.mark.parametrize("content_type", ["", "text/html", "application/json; charset=latin-1", "multipart/form-data"])
def test_another_content_type_is_refused_and_says_which_are_read(content_type: str) -> None:
    with pytest.raises(UnsupportedType) as error:
        read({"inputs": [1]}, content_type)

    assert error.value.http_status == 415


def test_parameters_of_a_content_type_do_no_harm() -> None:
    assert read({"inputs": [1]}, 'Application/JSON; charset="UTF-8"').rows == 1


def test_more_rows_than_allowed_are_refused() -> None:
    with pytest.raises(BodyTooLarge, match="3 rows; this endpoint takes 2") as error:
        read({"instances": [1, 2, 3]}, most_rows=2)

    assert error.value.http_status == 413


def test_rows_of_a_parquet_file_are_counted_before_it_is_unpacked() -> None:
    sink = io.BytesIO()
    parquet.write_table(pa.table({"a": list(range(1000))}), sink, compression="none")
    content = sink.getvalue()
    torn = content[:4] + bytes(2000) + content[2004:]

    with pytest.raises(BodyTooLarge, match="1,000 rows"):
        read(torn, PARQUET)
    with pytest.raises(MalformedBody):
        read(torn, PARQUET, most_rows=1000)


def test_an_arrow_stream_is_read_no_further_than_its_rows_are_taken() -> None:
    sink = io.BytesIO()
    batch = pa.record_batch({"a": [1, 2, 3]})
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        for _ in range(3):
            writer.write_batch(batch)
    torn = sink.getvalue()[:-100]

    with pytest.raises(BodyTooLarge, match="6 rows"):
        read(torn, ARROW, most_rows=5)
    with pytest.raises(MalformedBody):
        read(torn, ARROW)


def test_single_values_beside_long_lists_are_not_laid_out_without_bound() -> None:
    inputs = {"a": [0] * 3_000, **{f"b{number}": 0 for number in range(3_000)}}

    with pytest.raises(MalformedBody, match="3,000 single values beside lists of 3,000"):
        read({"inputs": inputs}, most_rows=10_000)
    assert read({"inputs": {"a": [0] * 3_000, "b": 1}}, most_rows=10_000).rows == 3_000


def test_of_what_callers_call_a_request_only_the_beginning_is_kept() -> None:
    found = read({"inputs": [1], "client_request_id": "theirs-" + "x" * 1_000_000}).client_request_id
    assert found is not None and found.startswith("theirs-x") and len(found) == 200


def test_pythons_names_for_what_is_no_number_are_read() -> None:
    payload = read(b'{"dataframe_split": {"columns": ["a"], "data": [[NaN], [-Infinity]]}}')

    assert payload.data[1] == [float("-inf")]


def test_params_and_the_callers_own_id_are_kept() -> None:
    payload = read({"inputs": [1], "params": {"k": 2}, "client_request_id": 7, "whatever": None})

    assert (payload.params, payload.client_request_id) == ({"k": 2}, "7")


@given(st.binary(max_size=200), st.sampled_from(TYPES))
def test_no_bytes_do_more_than_be_refused(body: bytes, content_type: str) -> None:
    with suppress(InvalidInput):
        read_payload(body, content_type, most_rows=10)


FRAME = pd.DataFrame({"a": [1.5, None], "b": ["x", "y"], "c": [1, 2]})


def as_arrow(frame: pd.DataFrame) -> bytes:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def as_parquet(frame: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(pa.Table.from_pandas(frame, preserve_index=False), sink)
    return sink.getvalue()


def every_shape() -> list[Any]:
    rows = [[1.5, "x", 1], [None, "y", 2]]
    names = ["a", "b", "c"]
    records = [dict(zip(names, row, strict=True)) for row in rows]
    return [
        pytest.param(read({"dataframe_split": {"columns": names, "data": rows}}), id="split"),
        pytest.param(read({"dataframe_records": records}), id="records"),
        pytest.param(read({"instances": records}), id="instances"),
        pytest.param(read({"inputs": {n: [r[i] for r in rows] for i, n in enumerate(names)}}), id="inputs"),
        pytest.param(read(as_arrow(FRAME), ARROW), id="arrow"),
        pytest.param(read(as_parquet(FRAME), PARQUET), id="parquet"),
    ]


@pytest.mark.parametrize("payload", every_shape())
def test_a_column_is_read_from_any_shape_and_others_are_put_in(payload: Payload) -> None:
    more = with_columns(payload, {"c": [5, 6], "d": [True, None]})

    assert payload.rows == more.rows == 2
    assert column_of(payload, "a") == [1.5, None]
    assert column_of(payload, "c") == [1, 2], "the old one stays as it is"
    assert column_of(payload, "d") is None
    assert [column_of(more, name) for name in more.columns or ()] == [[1.5, None], ["x", "y"], [5, 6], [True, None]]


@pytest.mark.parametrize("payload", [*every_shape(), read({"instances": [1, 2]})])
def test_the_first_row_is_taken_of_any_shape(payload: Payload) -> None:
    first = first_row(payload)

    assert first.rows == 1
    if payload.columns is not None:
        assert [column_of(first, name) for name in payload.columns] == [[1.5], ["x"], [1]]


def test_a_csv_is_text_until_a_signature_says_more() -> None:
    payload = read(b"a,b\n1,\n2.5,UA\n", CSV)

    assert payload.shape is Shape.CSV
    assert column_of(payload, "a") == ["1", "2.5"]
    assert column_of(payload, "b") == [None, "UA"]


@pytest.mark.parametrize(
    ("content_type", "body"), [(CSV, b""), (CSV, b"a,b\n1\n"), (ARROW, b"ARROW1"), (PARQUET, b"PAR1")]
)
def test_a_table_that_is_none_is_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(MalformedBody):
        read(body, content_type)
