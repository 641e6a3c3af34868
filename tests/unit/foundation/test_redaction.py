"""No secret gets through, however the output is cut into pieces, and nothing else is touched."""

import base64
import json
import os
from urllib.parse import quote

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from boathouse.foundation.redaction import LEDGER_VARIABLE, MARK, Redactor, note, of_this_task, read_ledger

letters = st.binary(max_size=12).map(lambda data: bytes(b"abc"[one % 3] for one in data))
secrets = st.lists(letters.filter(len), min_size=1, max_size=3)


def through(values: list[bytes], pieces: list[bytes]) -> bytes:
    redactor = Redactor()
    redactor.add(values)
    return b"".join(map(redactor.feed, pieces)) + redactor.finish()


@settings(deadline=None)
@given(secrets, st.lists(letters, max_size=8))
@example([b"aab", b"abcc"], [b"caab", b"c"])
@example([b"ab", b"abc"], [b"ab", b"a"])
def test_the_pieces_of_a_stream_make_no_difference(values: list[bytes], pieces: list[bytes]) -> None:
    assert through(values, pieces) == through(values, [b"".join(pieces)])


@settings(deadline=None)
@given(secrets, st.lists(letters, max_size=8))
def test_no_secret_is_left_and_all_else_stays(values: list[bytes], pieces: list[bytes]) -> None:
    shown = through(values, pieces)

    rest = shown.split(MARK)
    assert not any(value in part for value in values for part in rest)
    if not any(value in b"".join(pieces) for value in values):
        assert shown == b"".join(pieces)


@settings(deadline=None, max_examples=50)
@given(st.binary(min_size=1, max_size=200), st.binary(max_size=50), st.binary(max_size=50))
def test_any_bytes_can_be_a_secret(value: bytes, before: bytes, after: bytes) -> None:
    assume(value.strip())
    redactor = Redactor()
    redactor.add([value])

    shown = b"".join(redactor.feed(bytes((one,))) for one in before + value + after) + redactor.finish()

    assert not any(value in part for part in shown.split(MARK))


def test_only_what_may_begin_a_secret_is_held_back() -> None:
    redactor = Redactor()
    redactor.add([b"s3cret-value"])

    assert redactor.feed(b"progress 10 %") == b"progress 10 %"
    assert redactor.feed(b" ... s3cre") == b" ... "
    assert redactor.feed(b"mental\n") == b"s3cremental\n"
    assert redactor.feed(b"s3cret-") == b""
    assert redactor.feed(b"value.") == MARK + b"."


@pytest.mark.parametrize(
    "spelled",
    [
        lambda value: base64.b64encode(value),
        lambda value: base64.b64encode(b"user:" + value + b"@host"),
        lambda value: base64.b64encode(b"us:" + value),
        lambda value: base64.urlsafe_b64encode(b"u:" + value + b"!"),
        lambda value: base64.encodebytes(value * 1),
        lambda value: json.dumps(value.decode()).encode(),
        lambda value: repr(value.decode()).encode(),
        lambda value: repr(value).encode(),
        lambda value: quote(value.decode()).encode(),
        lambda value: quote(value.decode(), safe="").encode(),
    ],
)
def test_a_secret_is_known_in_other_spellings(spelled) -> None:
    value = 'p"ä?>/s wörd\t&x'.encode() * 3

    shown = through([value], [b"<", spelled(value), b">"])

    assert MARK in shown and shown.startswith(b"<") and shown.endswith(b">") and len(shown) < 60


def test_the_lines_of_a_secret_are_hidden_one_by_one() -> None:
    key = b"-----BEGIN KEY-----\nMIIEvQIBADANBgkqh\nkiG9w0BAQEFAASCBK\n-----END KEY-----\n"
    log = b"".join(b"INFO " + line + b"\n" for line in key.splitlines())

    assert through([key], [log]) == b"INFO [REDACTED]\n" * 4


def test_a_large_secret_and_much_output_take_no_time_to_speak_of() -> None:
    value = b"ab" * 60_000 + b"c"
    pieces = [b"ab" * 30_000, b"x" * 100_000, value[:70_000], value[70_000:], b"ab" * 40_000] * 5

    shown = through([value], pieces)

    assert shown.count(MARK) == 5 and value not in shown


def test_the_ledger_is_read_as_it_grows(tmp_path, monkeypatch) -> None:
    file = tmp_path / "ledger"
    file.touch()
    monkeypatch.setenv(LEDGER_VARIABLE, str(file))
    note([b"one-secret", b"two\0secret"])
    descriptor = os.open(file, os.O_RDONLY)

    values, offset = read_ledger(descriptor)
    note([b"three"])

    assert values == [b"one-secret", b"two\0secret"] and read_ledger(descriptor, offset)[0] == [b"three"]
    os.close(descriptor)
    told = {"a": ["x one-secret y", 3, None], "three": True}
    assert of_this_task(told) == {"a": ["x [REDACTED] y", 3, None], "[REDACTED]": True}


def test_outside_of_a_task_nothing_is_known(monkeypatch) -> None:
    monkeypatch.delenv(LEDGER_VARIABLE, raising=False)
    note([b"anything"])

    assert of_this_task({"a": "anything"}) == {"a": "anything"}
