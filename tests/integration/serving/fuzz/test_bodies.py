"""Bodies that nobody should send: each is answered with what is wrong, and the next request is answered."""

import gzip
import json
import time

import pytest
import urllib3

from boathouse.testing.data_planes import LocalDataPlane

pytestmark = pytest.mark.server

ROW = {"dataframe_split": {"columns": ["a", "b"], "data": [[0.5, 0.25]]}}
ROWS = {"dataframe_split": {"columns": ["a", "b"], "data": [[0.5, 0.25]] * 10_000}}


def split(a: str) -> bytes:
    return b'{"dataframe_split": {"columns": ["a", "b"], "data": [[' + a.encode() + b", 0.25]]}}"


def is_told(plane: LocalDataPlane, body: bytes, statuses: set[int], content_type: str = "application/json") -> None:
    """One of these statuses, with a code and a sentence; and others are answered as before."""
    try:
        with urllib3.PoolManager(retries=False) as http:
            answered = plane.ask("linear", body, content_type=content_type, http=http)
    except urllib3.exceptions.ProtocolError:
        assert 413 in statuses  # the answer has left before the body was sent, and the connection has ended
    else:
        assert answered.status in statuses, answered.body[:500]
        if answered.status != 200:
            assert answered.json["error_code"]
            assert 10 < len(answered.json["message"]) < 3000
            assert "Traceback" not in answered.json["message"]
    assert plane.ask("linear", ROW).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"null", b"[]", b"1", b'"text"', b"{", b"}", b'{"dataframe_split": ', b"\x00", b"\xff\xfe{}",
        b"\xef\xbb\xbf{}", b'{"inputs": null}', b'{"dataframe_split": null}', b'{"dataframe_split": []}',
        b'{"dataframe_split": {"columns": ["a", "b"]}}', b'{"dataframe_split": {"data": [[1, 2]]}, "inputs": [[1, 2]]}',
        b'{"dataframe_split": {"columns": ["a"], "data": [[1, 2]]}}',
        b'{"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], [3]]}}',
        b'{"dataframe_split": {"columns": ["a", "b"], "data": [1, 2]}}',
        b'{"dataframe_split": {"columns": ["a", "b"], "data": []}}',
        b'{"dataframe_split": {"columns": "ab", "data": [[1, 2]]}}',
        b'{"dataframe_records": {"a": 1, "b": 2}}', b'{"dataframe_records": [1]}', b'{"dataframe_records": [{}]}',
        b'{"dataframe_records": []}', b'{"dataframe_records": [{"a": 1, "b": {"c": 1}}]}',
        b'{"dataframe_records": [{"a": 1, "b": [1]}]}', b'{"instances": [[1]]}', b'{"instances": "x"}',
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused(plane: LocalDataPlane, body: bytes) -> None:
    is_told(plane, body, {400})


@pytest.mark.parametrize(
    "value", ['"late"', '"\\ud800"', "[1]", '{"c": 1}', "01", "1.", "0x10", "'1'", '"🛶"', "1e400"]
)
def test_what_is_no_number_is_refused(plane: LocalDataPlane, value: str) -> None:
    is_told(plane, split(value), {400})


@pytest.mark.parametrize(
    "value", ["NaN", "Infinity", "-Infinity", "1e308", "-0.0", "9" * 400, "null", "true", "1" + "0" * 30]
)
def test_odd_numbers_are_answered_or_refused(plane: LocalDataPlane, value: str) -> None:
    is_told(plane, split(value), {200, 400})


@pytest.mark.parametrize(("mark", "end"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("depth", [500, 2_000, 100_000])
def test_deep_nesting_is_refused(plane: LocalDataPlane, mark: str, end: str, depth: int) -> None:
    is_told(plane, split(mark * depth + "1" + end * depth), {400})
    is_told(plane, (mark * depth).encode(), {400})


def test_of_duplicate_keys_the_last_one_counts_or_all_are_refused(plane: LocalDataPlane) -> None:
    is_told(plane, b'{"dataframe_records": [{"a": 1, "a": 2, "b": 3}]}', {200, 400})
    is_told(plane, b'{"inputs": [[1]], "inputs": {"a": [1], "b": [2]}}', {200, 400})


def test_more_columns_than_wanted_are_answered_as_in_mlflow(plane: LocalDataPlane) -> None:
    is_told(plane, json.dumps({"dataframe_records": [{"a": 1.0, "b": 2.0, "c": "x"}]}).encode(), {200})


def test_ten_thousand_rows_are_answered(plane: LocalDataPlane) -> None:
    answered = plane.ask("linear", ROWS)
    assert answered.status == 200
    assert len(answered.json["predictions"]) == 10_000


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/xml", "multipart/form-data; boundary=x", "application/json/extra", "\t",
     "application/x-www-form-urlencoded", "application/" + "x" * 4000],
)  # fmt: skip
def test_unknown_content_types_are_refused(plane: LocalDataPlane, content_type: str) -> None:
    is_told(plane, json.dumps(ROW).encode(), {415}, content_type)


@pytest.mark.parametrize(
    "content_type", ["text/csv", "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"]
)
@pytest.mark.parametrize(
    "body", [b"", b"\x00" * 100, b"PAR1", b"a,b\n1", b"ARROW1\0\0", b'"a,b\n1,2', b"\xff\xff\xff\xff"]
)
def test_tables_that_are_none_are_refused(plane: LocalDataPlane, content_type: str, body: bytes) -> None:
    is_told(plane, body, {400, 415}, content_type)


def test_twenty_megabytes_are_refused_before_they_are_read(plane: LocalDataPlane) -> None:
    is_told(plane, b" " * 20_000_000, {413})


def test_a_compressed_body_is_refused_by_name(plane: LocalDataPlane) -> None:
    body = gzip.compress(json.dumps(ROW).encode())
    answered = plane.ask("linear", body, headers={"content-encoding": "gzip"})
    assert answered.status == 415 and "packed with gzip" in answered.json["message"]
    bomb = gzip.compress(b" " * 100_000_000)
    assert plane.ask("linear", bomb, headers={"content-encoding": "gzip"}).status in (400, 413, 415)
    assert plane.ask("linear", ROW).status == 200


@pytest.mark.parametrize(
    "token", ["", "x" * 10_000, "a-token-of-a-caller ", "a-token-of-a-calle", "A-TOKEN-OF-A-CALLER", "x y z", "\x7f"]
)
def test_a_token_that_is_none_is_refused(plane: LocalDataPlane, token: str) -> None:
    with urllib3.PoolManager(retries=False) as http:
        answered = plane.ask("linear", ROW, token=None, headers={"authorization": f"Bearer {token}"}, http=http)
    assert answered.status in ((200,) if token.strip() == "a-token-of-a-caller" else (400, 401, 431))


@pytest.mark.parametrize(
    "name", ["%00", "%2e%2e", "..%2f..%2fetc", "%F0%9F%9B%B6", "%ff", "x" * 5000, "linear%20", "LINEAR", "%25", "'"]
)
def test_an_endpoint_that_is_not_there_is_not_found(plane: LocalDataPlane, name: str) -> None:
    answered = plane.ask(name, ROW)
    assert answered.status == 404
    assert answered.json["error_code"] == "RESOURCE_DOES_NOT_EXIST"
    assert len(answered.body) < 12_000


@pytest.mark.parametrize(("mood", "status"), [("raise", 500), ("hang", 504), ("exit", 500), ("good", 200)])
def test_a_model_that_misbehaves_is_told_and_harms_nobody(plane: LocalDataPlane, mood: str, status: int) -> None:
    body = {"dataframe_records": [{"mood": mood}]}
    for _ in range(60):  # the process of the model may be under way again after the one before
        answered = plane.ask("moody", body)
        assert plane.ask("linear", ROW).status == 200
        if answered.status == status:
            break
        assert answered.status in (500, 503, 504), answered.body
        time.sleep(0.5)
    assert answered.status == status, answered.body
    assert status == 200 or answered.json["error_code"] in ("MODEL_FAILED", "DEADLINE_EXCEEDED")


def test_a_model_that_eats_memory_meets_a_bound_that_nobody_had_to_declare(plane: LocalDataPlane) -> None:
    answered = plane.ask("unhurried", {"dataframe_records": [{"mood": "eat"}]})

    assert (answered.status, answered.json["error_code"]) == (500, "MODEL_FAILED"), answered.body
    assert "MemoryError" in answered.json["message"] or "MB of memory" in answered.json["message"]
    assert plane.ask("linear", ROW).status == 200
