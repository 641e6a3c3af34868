"""What becomes of requests and answers of all kinds in the rows of inference tables."""

import base64
import io
import json
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boathouse.serving.capture.bodies import rows_of
from boathouse.serving.capture.building import Builder
from boathouse.serving.capture.contexts import KnownEndpoint
from boathouse.serving.capture.layout import TableKind, schema_of
from boathouse.serving.capture.masking import PREFIX, Masks, masks_of
from boathouse.serving.capture.model_facts import KnownModels, digest_of
from boathouse.serving.capture.nouns import Exchange
from boathouse.serving.endpoints.policy import CaptureRules

from .exchanges import ENTITY, endpoint, exchange

MASKS = Masks(b"key")
KNOWN = KnownEndpoint.of(endpoint())


def built(kind: TableKind, *exchanges: Exchange, known: KnownEndpoint = KNOWN) -> list[dict[str, Any]]:
    builder = Builder(KnownModels(), MASKS)
    return builder.columns(kind, known, builder.read(known, exchanges)).table(schema_of(kind)).to_pylist()


def typed(one: Exchange, known: KnownEndpoint = KNOWN) -> list[dict[str, Any]]:
    rows = built(TableKind.PREDICTIONS, one, known=known)
    return [{name: row[name] for name in row if name.startswith(("in_", "out_", "feature_"))} for row in rows]


def body(**parts: Any) -> bytes:
    return json.dumps(parts).encode()


@pytest.mark.parametrize(
    "request_body",
    [
        body(dataframe_split={"columns": ["a", "b"], "data": [[1.0, "x"], [2.0, "y"]]}),
        body(dataframe_records=[{"a": 1.0, "b": "x"}, {"a": 2.0, "b": "y"}]),
        body(instances=[{"a": 1.0, "b": "x"}, {"a": 2.0, "b": "y"}]),
        body(inputs={"a": [1.0, 2.0], "b": ["x", "y"]}),
    ],
)
def test_the_same_rows_come_out_of_every_format(request_body: bytes) -> None:
    answered = exchange(1, request=request_body, response=body(predictions=[0.1, 0.2]))
    assert typed(answered) == [
        {"in_a": 1.0, "in_b": "x", "out_prediction": 0.1},
        {"in_a": 2.0, "in_b": "y", "out_prediction": 0.2},
    ]


def test_rows_need_not_have_the_same_names() -> None:
    request = body(dataframe_records=[{"a": 1.0, "b": "x"}, {"a": 2.0, "c": "y"}])
    assert typed(exchange(1, request=request, response=body(predictions=[0.1, 0.2]))) == [
        {"in_a": 1.0, "in_b": "x", "in_c": None, "out_prediction": 0.1},
        {"in_a": 2.0, "in_b": None, "in_c": "y", "out_prediction": 0.2},
    ]


def test_names_that_differ_in_case_only_share_a_column_as_long_as_no_row_has_both() -> None:
    def values(*records: dict[str, Any]) -> list[dict[str, Any]]:
        return typed(
            exchange(1, request=body(dataframe_records=records), response=body(predictions=[0] * len(records)))
        )

    assert values({"a": 1.0}, {"A": 2.0}) == [
        {"in_a": 1.0, "out_prediction": 0.0},
        {"in_a": 2.0, "out_prediction": 0.0},
    ]
    assert values({"a": 1.0, "A": 2.0}, {"a": 3.0, "A": 4.0}) == [
        {"in_a": 1.0, "in_A_2": 2.0, "out_prediction": 0.0},
        {"in_a": 3.0, "in_A_2": 4.0, "out_prediction": 0.0},
    ]


def test_csv_and_arrow_are_read_too() -> None:
    table = pa.table({"a": [1.0, 2.0], "b": ["x", "y"]})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    kinds = {"text/csv": b"a,b\n1.0,x\n2.0,y\n", "application/vnd.apache.arrow.stream": sink.getvalue()}
    for content_type, content in kinds.items():
        answered = exchange(1, request=content, content_type=content_type, response=body(predictions=[0.1, 0.2]))
        assert [row["in_b"] for row in typed(answered)] == ["x", "y"]
        (row,) = built(TableKind.PAYLOAD, answered)
        kept = row["request"].encode() if content_type == "text/csv" else base64.b64decode(row["request"])
        assert kept == content


def test_answers_have_a_column_per_output() -> None:
    request = body(instances=[[1.0], [2.0]])
    for response, shown in [
        (body(predictions=[{"p": 0.1, "label": "a"}, {"p": 0.2, "label": "b"}]), {"out_p": 0.2, "out_label": "b"}),
        (body(predictions={"p": [0.1, 0.2]}), {"out_p": 0.2}),
        (body(predictions=[[0.1, 0.9], [0.2, 0.8]]), {"out_prediction": [0.2, 0.8]}),
        (body(predictions=["late", "on time"]), {"out_prediction": "on time"}),
        (body(outputs=[{"mean": 1.0}, {"mean": None}]), {"out_mean": None}),
        (b'{"predictions": [1.0, NaN]}', {"out_prediction": pytest.approx(float("nan"), nan_ok=True)}),
    ]:
        assert typed(exchange(1, request=request, response=response))[1] == {"in_0": 2.0, **shown}


@pytest.mark.parametrize(("count", "names"), [(3_000, 3_000), (40_000, 40)])
def test_records_of_which_each_has_names_of_its_own_are_not_laid_out_in_columns(count: int, names: int) -> None:
    records = [{"a": 1.0, f"only-{number % names}": 2.0} for number in range(count)]
    answered = exchange(1, request=body(dataframe_records=records), response=body(predictions=[0.5] * count))
    tracemalloc.start()
    rows = rows_of(answered)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows is not None and rows.count == count
    assert rows.inputs[0] == ("values",) and rows.inputs[1][7] == (records[7],)
    assert peak < 2_000 * count


def test_answers_of_which_each_has_names_of_its_own_are_kept_in_one_column() -> None:
    scores = [{f"item-{number}": 0.5} for number in range(2_000)]
    rows = rows_of(exchange(1, request=body(instances=[[1.0]] * 2_000), response=body(predictions=scores)))
    assert rows is not None and rows.outputs == (("prediction",), [(each,) for each in scores])


def test_types_are_those_of_the_signature_and_keys_stay_whole(tmp_path: Path) -> None:
    inputs = json.dumps(
        [
            {"type": "long", "name": "n", "required": True},
            {"type": "double", "name": "x", "required": True},
            {"type": "datetime", "name": "t", "required": True},
        ]
    )
    (tmp_path / "MLmodel").write_text(f"flavors: {{}}\nsignature:\n  inputs: '{inputs}'\n  outputs: null\n")
    known = KnownEndpoint.of(endpoint(entities=(replace(ENTITY, folder=str(tmp_path)),)))
    request = body(dataframe_records=[{"n": 3, "x": 1, "t": "2026-01-01T00:00:00Z", "flight": 12}])
    builder = Builder(KnownModels(), MASKS)
    columns = builder.columns(TableKind.PREDICTIONS, known, builder.read(known, [exchange(1, request=request)]))
    schema = columns.table(schema_of(TableKind.PREDICTIONS)).schema
    types = {name: str(schema.field(name).type) for name in schema.names if name.startswith("in_")}
    assert types == {"in_n": "int64", "in_x": "double", "in_t": "timestamp[us, tz=UTC]", "in_flight": "int64"}
    (row,) = built(TableKind.PAYLOAD, exchange(1), known=known)
    assert row["model_files"] == digest_of(tmp_path)


def test_a_body_that_is_too_long_is_left_out_and_its_values_are_not() -> None:
    known = KnownEndpoint.of(endpoint(CaptureRules(longest_body=10)))
    (row,) = built(TableKind.PAYLOAD, exchange(1), known=known)
    assert row["request"] is None and row["response"] is None
    assert row["logging_error_codes"] == ["MAX_REQUEST_SIZE_EXCEEDED", "MAX_RESPONSE_SIZE_EXCEEDED"]
    assert typed(exchange(1), known) == [{"in_a": 1.5, "in_b": "x", "out_prediction": 0.25}]


MASKED = KnownEndpoint.of(endpoint(masked_columns=frozenset({"b", "mail"})))


@pytest.mark.parametrize(
    "request_body",
    [
        body(dataframe_split={"columns": ["a", "b"], "data": [[1.0, "secret"]]}),
        body(dataframe_records=[{"a": 1.0, "b": "secret"}]),
        body(instances=[{"a": 1.0, "b": "secret"}]),
        body(inputs={"a": [1.0], "b": ["secret"]}),
        body(inputs={"a": 1.0, "b": "secret"}),
    ],
)
def test_masked_columns_are_hashes_wherever_they_stand(request_body: bytes) -> None:
    read = b'[{"values": {"b": "secret", "m": 1}, "event": {"m": 5}}]'
    answered = exchange(1, request=request_body, response=body(predictions=[{"b": "secret", "p": 1}]), features=read)
    (row,) = built(TableKind.PAYLOAD, answered, known=MASKED)
    assert "secret" not in str(row) and MASKS.of("secret") in row["request"]
    assert row["masked_columns"] == ["b", "mail"] and row["logging_error_codes"] == []
    assert json.loads(row["features"])[0]["values"]["m"] == 1
    (values,) = typed(answered, MASKED)
    assert values["in_b"] == values["feature_b"] == values["out_b"] == MASKS.of("secret")


@pytest.mark.parametrize(
    "records",
    [
        [{"a": {"b": "secret", "c": [{"mail": "secret"}]}}],
        [{"a": 1.0, "b": "secret", **{f"x{number}": number for number in range(1_100)}}],
        [{"b": "secret", f"x{number}": number} for number in range(2_000)],
    ],
)
def test_masked_values_are_hashes_where_many_stand_in_one_column_too(records: list[dict[str, Any]]) -> None:
    predictions = [{"b": "secret", f"y{number}": number} for number in range(len(records))]
    answered = exchange(1, request=body(dataframe_records=records), response=body(predictions=predictions))
    rows = typed(answered, MASKED)
    assert len(rows) == len(records)
    assert "secret" not in str(rows) and MASKS.of("secret") in str(rows[0])


@pytest.mark.parametrize(
    ("request_body", "content_type"),
    [
        (b'{"b": "secret"', "application/json"),
        (b'["secret"]', "application/json"),
        (body(instances=[[1.0, "secret"]]), "application/json"),
        (body(dataframe_split={"data": [[1.0, "secret"]]}), "application/json"),
        (b"a,b\n1,secret\n", "text/csv"),
    ],
)
def test_text_in_which_masked_values_cannot_be_found_is_not_kept(request_body: bytes, content_type: str) -> None:
    refused = exchange(
        1, request=request_body, content_type=content_type, status=400, response=body(message="'secret' is no number")
    )
    (row,) = built(TableKind.PAYLOAD, refused, known=MASKED)
    assert "secret" not in str(row)
    assert "NOT_MASKABLE" in row["logging_error_codes"]


def test_why_another_rung_answered_tells_no_masked_value() -> None:
    fell = exchange(1, rung="constant", why="main.flights.delays@3: 'secret' is no number; previous: 'secret'")
    assert built(TableKind.PAYLOAD, fell)[0]["fallback_reason"] == fell.why
    (row,) = built(TableKind.PAYLOAD, fell, known=MASKED)
    assert row["fallback_reason"] == "main.flights.delays@3: NOT_MASKABLE"


def test_the_key_of_a_home_is_made_once_and_is_its_owners(tmp_path: Path) -> None:
    file = tmp_path / "masking.key"
    assert masks_of(file).of("x") == masks_of(file).of("x") != Masks(b"other").of("x")
    assert file.stat().st_mode & 0o777 == 0o600
    assert MASKS.of(1) == MASKS.of(1.0) and MASKS.of(None) is None and str(MASKS.of(1)).startswith(PREFIX)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "A", "b", "c d"]), inner, max_size=3)
    ),
    max_leaves=8,
)
_RECORDS = st.lists(st.dictionaries(st.sampled_from(["a", "A", "b", "c d"]), _JSON, max_size=4), min_size=1, max_size=4)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.tuples(_RECORDS, st.lists(_JSON, min_size=1, max_size=4)), min_size=1, max_size=4), st.booleans())
def test_whatever_callers_send_finds_a_place(
    calls: list[tuple[list[dict[str, Any]], list[Any]]], is_masked: bool
) -> None:
    """And goes on doing so in a table that has got its columns from others."""
    known = MASKED if is_masked else KNOWN
    schema = schema_of(TableKind.PREDICTIONS)
    builder = Builder(KnownModels(), MASKS)
    for number, (records, predictions) in enumerate(calls):
        one = exchange(
            number,
            request=orjson.dumps({"dataframe_records": records}),
            response=orjson.dumps({"predictions": predictions}),
        )
        rows = rows_of(one)
        columns = builder.columns(TableKind.PREDICTIONS, known, builder.read(known, [one]))
        table = columns.table(schema)
        assert rows is not None and table.num_rows == len(predictions)
        lowered = [name.lower() for name in table.column_names]
        assert len(set(lowered)) == len(lowered)
        for name in table.column_names:
            if name in schema.names:
                assert schema.field(name).type == table.schema.field(name).type
            else:
                schema = schema.append(table.schema.field(name))


@pytest.mark.parametrize("is_masked", [False, True])
def test_values_that_are_no_unicode_or_too_large_stop_nothing(is_masked: bool) -> None:
    """NaN makes the body one that only Python's own reader takes, which takes much more."""
    strange = rb'[{"b": "\ud800", "a": NaN, "n": 123456789012345678901234567890, "l": {"\udfff": [1e999]}}]'
    answered = exchange(1, request=b'{"dataframe_records": ' + strange + b"}", response=b'{"predictions": ["\\ud800"]}')
    known = MASKED if is_masked else KNOWN
    (row,) = built(TableKind.PAYLOAD, answered, known=known)
    assert row["status_code"] == 200
    (values,) = built(TableKind.PREDICTIONS, answered, known=known) or [{}]
    assert values.get("in_b") != "\ud800"


VALUES = st.one_of(st.floats(allow_infinity=False), st.integers(-9, 9), st.none(), st.booleans())
SENT = st.lists(
    st.lists(st.tuples(st.floats(allow_nan=False, allow_infinity=False), VALUES), min_size=1, max_size=4),
    min_size=1,
    max_size=4,
)


@given(SENT)
@settings(max_examples=200, deadline=None)
def test_many_requests_together_become_the_rows_that_each_becomes_alone(sent: list[list[tuple[Any, Any]]]) -> None:
    exchanges = [
        exchange(
            number,
            request=body(dataframe_split={"columns": ["a", "b"], "data": [list(row) for row in rows]}),
            response=body(predictions=[row[0] for row in rows]),
        )
        for number, rows in enumerate(sent)
    ]
    schema = schema_of(TableKind.PREDICTIONS).append(pa.field("in_b", pa.string()))
    builder = Builder(KnownModels(), MASKS)

    def rows_for(some: list[Exchange]) -> list[dict[str, Any]]:
        return builder.columns(TableKind.PREDICTIONS, KNOWN, builder.read(KNOWN, some)).table(schema).to_pylist()

    alone = [row for each in exchanges for row in rows_for([each])]
    assert rows_for(exchanges) == alone
    assert [row["row_number"] for row in alone] == [at for rows in sent for at in range(len(rows))]
