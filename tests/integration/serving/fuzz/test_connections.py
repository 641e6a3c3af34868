"""Connections that behave badly: slow, cut, pipelined, in pieces, of another protocol."""

import json
import re
import socket

import pytest

from boathouse.testing.data_planes import TOKEN, LocalDataPlane

pytestmark = pytest.mark.server

ROW = {"dataframe_split": {"columns": ["a", "b"], "data": [[0.5, 0.25]]}}
BODY = json.dumps(ROW).encode()
HEADERS = (
    b"POST /serving-endpoints/linear/invocations HTTP/1.1\r\nhost: x\r\nauthorization: Bearer "
    + TOKEN.encode()
    + b"\r\ncontent-type: application/json\r\n"
)
REQUEST = HEADERS + b"content-length: %d\r\n\r\n" % len(BODY) + BODY


def connected(plane: LocalDataPlane) -> socket.socket:
    return socket.create_connection(("127.0.0.1", plane.port), timeout=30)


def statuses(client: socket.socket, count: int) -> list[int]:
    """Of so many answers, or of fewer when the connection ends."""
    seen = b""
    while len(found := re.findall(rb"HTTP/1\.[01] (\d{3})", seen)) < count:
        try:
            piece = client.recv(65536)
        except ConnectionResetError:
            break
        if not piece:
            break
        seen += piece
    return [int(each) for each in found]


def test_requests_sent_without_waiting_are_answered_in_order(plane: LocalDataPlane) -> None:
    with connected(plane) as client:
        client.sendall(REQUEST * 50)
        assert statuses(client, 50) == [200] * 50


def test_a_body_in_pieces_is_put_together(plane: LocalDataPlane) -> None:
    with connected(plane) as client:
        client.sendall(HEADERS + b"transfer-encoding: chunked\r\n\r\n")
        for at in range(0, len(BODY), 7):
            piece = BODY[at : at + 7]
            client.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        client.sendall(b"0\r\n\r\n")
        assert statuses(client, 1) == [200]


def test_a_body_in_pieces_without_end_is_refused(plane: LocalDataPlane) -> None:
    with connected(plane) as client:
        client.sendall(HEADERS + b"transfer-encoding: chunked\r\n\r\n")
        piece = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
        try:
            for _ in range(40):
                client.sendall(piece)
        except OSError:
            pass  # refused before all of it was there
        assert statuses(client, 1) in ([413], [])
    assert plane.ask("linear", ROW).status == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00" * 1000,
        b"GET\r\n\r\n",
        b"POST / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x01" * 500,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00",
        HEADERS + b"content-length: -1\r\n\r\n",
        HEADERS + b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        HEADERS + b"content-length: 99999999999999999999999\r\n\r\n",
        HEADERS + b"transfer-encoding: chunked\r\n\r\nzz\r\nhello",
        HEADERS + b"x: " + b"y" * 2_000_000 + b"\r\n\r\n",
        HEADERS + b"\r\n".join(b"x%d: y" % number for number in range(5000)) + b"\r\n\r\n",
    ],
)
def test_what_is_no_request_ends_its_connection_only(plane: LocalDataPlane, sent: bytes) -> None:
    with connected(plane) as client:
        try:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            found = statuses(client, 1)
        except OSError:
            found = []  # it ended the connection
        assert all(400 <= status < 500 or status == 505 for status in found)
    assert plane.ask("linear", ROW).status == 200


def test_a_caller_that_leaves_in_the_middle_harms_nobody(plane: LocalDataPlane) -> None:
    for cut in (1, 40, len(HEADERS), len(REQUEST) - 1, len(REQUEST)):
        for _ in range(10):
            with connected(plane) as client:
                client.sendall(REQUEST[:cut])
    assert plane.ask("linear", ROW).status == 200


def test_a_caller_that_sends_no_more_still_gets_its_answer(plane: LocalDataPlane) -> None:
    with connected(plane) as client:
        client.sendall(REQUEST)
        client.shutdown(socket.SHUT_WR)
        assert statuses(client, 1) in ([200], [])
    assert plane.ask("linear", ROW).status == 200


def test_a_kept_connection_goes_on_after_a_refused_request(plane: LocalDataPlane) -> None:
    bad = HEADERS + b"content-length: 1\r\n\r\n{"
    with connected(plane) as client:
        for _ in range(20):
            client.sendall(bad)
            assert statuses(client, 1) == [400]
            client.sendall(REQUEST)
            assert statuses(client, 1) == [200]


def test_an_http2_caller_without_asking_is_refused_and_others_are_answered(plane: LocalDataPlane) -> None:
    with connected(plane) as client:
        client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert 200 not in statuses(client, 1)
    assert plane.ask("linear", ROW).status == 200


def test_three_hundred_idle_connections_keep_nobody_from_answering(plane: LocalDataPlane) -> None:
    idle = [connected(plane) for _ in range(300)]
    try:
        assert plane.ask("linear", ROW).status == 200
    finally:
        for client in idle:
            client.close()
