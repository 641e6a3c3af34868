"""What the client refuses before it asks, and what it asks again."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from boathouse.foundation.errors import InvalidInput, Unavailable
from boathouse.foundation.rest import TASK_VARIABLE, Connection, RestClient


@pytest.mark.parametrize("path", ["/files/v/../w/x.csv", "/files/v/%2e%2e/w", "/files/./x", "/files/v/.."])
def test_a_path_that_would_mean_another_one_is_refused(path: str) -> None:
    with pytest.raises(InvalidInput, match=r"holds '\.' or '\.\.'"):
        RestClient(Connection("http://127.0.0.1:1", "bhs_x")).put(path)


class _Taken:
    """A server that begins to listen when it is told to; the first requests may be dropped after they were taken."""

    def __init__(self, *, drops: int = 0) -> None:
        self.drops, self.methods = drops, list[str]()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    @contextmanager
    def after(self, seconds: float) -> Iterator[None]:
        """Listen from then on, until the block is over."""
        taken, over = self, threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                taken.methods.append(self.command)
                if taken.drops:
                    taken.drops -= 1
                    self.close_connection = True
                    return
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None:
                pass

        def serve() -> None:
            time.sleep(seconds)
            with HTTPServer(("127.0.0.1", self.port), Handler) as server:
                server.timeout = 0.05
                while not over.is_set():
                    server.handle_request()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def client(self, **how: bool) -> RestClient:
        return RestClient(Connection(f"http://127.0.0.1:{self.port}", "bhs_x"), timeout_seconds=20, **how)


def test_the_task_of_a_job_waits_for_a_control_plane_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TASK_VARIABLE, "7")
    server = _Taken()
    with server.after(1.0), closing(server.client()) as client:
        assert client.post("/x", {"a": 1}) == {}
    assert server.methods == ["POST"]


def test_anybody_else_hears_at_once_that_nobody_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TASK_VARIABLE, raising=False)
    with closing(_Taken().client()) as client, pytest.raises(Unavailable, match="Nothing answers"):
        client.get("/x")


def test_what_was_taken_is_asked_for_again_only_where_twice_is_as_good_as_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(TASK_VARIABLE, "7")
    for method, how, asked in (("GET", {}, 2), ("POST", {}, 1), ("POST", {"repeats_all": True}, 2)):
        server = _Taken(drops=1)
        with server.after(0), closing(server.client(**how)) as client:
            with nullcontext() if asked == 2 else pytest.raises(Unavailable):
                client.call(method, "/x", body={} if method == "POST" else None)
        assert server.methods == [method] * asked, (method, how)
