"""What the control plane's port hands on to the data plane, and what it says when there is none."""

import json
import socket
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.routing import Route

from boathouse.foundation.home import Home
from boathouse.server.forwarding import FORWARDED, HELD_BYTES, Forwarder
from boathouse.server.methods import METHODS

PATH = "/serving-endpoints/delays/invocations"
TOKEN = {"Authorization": "Bearer secret"}


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was sent; hangs up after each answer where the server says so."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length")
        body = self.rfile.read(int(length)) if length is not None else self._chunks()
        told = {"path": self.path, "size": len(body), "token": self.headers["Authorization"],
                "cookie": self.headers.get("Cookie"), "mine": self.headers.get("x-mine")}  # fmt: skip
        answer = json.dumps(told).encode()
        self.send_response(418)
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("x-served-by", "m@1")
        self.end_headers()
        self.wfile.write(answer)
        if self.server.hangs_up:  # type: ignore[attr-defined]
            self.close_connection = True

    def _chunks(self) -> bytes:
        parts: list[bytes] = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    made.daemon_threads = True
    made.hangs_up = False  # type: ignore[attr-defined]
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


def client(folder: Path, url: str | None) -> TestClient:
    home = Home(folder)
    home.run_file.write_text(json.dumps({"url": "http://127.0.0.1:1", **({"serving_url": url} if url else {})}))
    forwarder = Forwarder(home)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        yield
        await forwarder.close()

    routes = [Route(path, forwarder, methods=METHODS) for path in FORWARDED]
    return TestClient(Starlette(routes=routes, lifespan=lifespan))


def test_body_headers_status_and_path_go_through(tmp_path: Path, server: ThreadingHTTPServer) -> None:
    with client(tmp_path, f"http://127.0.0.1:{server.server_port}") as found:
        for size in (0, 10, HELD_BYTES + 70_000):
            answer = found.post(
                f"{PATH}?a=%20b", content=b"x" * size, headers={**TOKEN, "x-mine": "1", "Cookie": "boathouse=1"}
            )
            assert (answer.status_code, answer.headers["x-served-by"]) == (418, "m@1")
            assert answer.json() == {
                "path": f"{PATH}?a=%20b", "size": size, "token": "Bearer secret", "cookie": None, "mine": "1",
            }  # fmt: skip


def test_a_body_of_unknown_length_goes_through(tmp_path: Path, server: ThreadingHTTPServer) -> None:
    with client(tmp_path, f"http://127.0.0.1:{server.server_port}") as found:
        parts = (b"x" * 400_000 for _ in range(5))
        assert found.post(PATH, content=parts, headers=TOKEN).json()["size"] == 2_000_000


def test_a_connection_that_was_closed_meanwhile_costs_no_request(tmp_path: Path, server: ThreadingHTTPServer) -> None:
    server.hangs_up = True  # type: ignore[attr-defined]
    with client(tmp_path, f"http://127.0.0.1:{server.server_port}") as found:
        for _ in range(20):
            assert found.post(PATH, content=b"abc", headers=TOKEN).json()["size"] == 3


def test_without_a_data_plane_a_sentence_says_so(tmp_path: Path) -> None:
    with client(tmp_path, None) as found:
        answer = found.post(PATH, content=b"{}", headers=TOKEN)
    assert (answer.status_code, answer.json()["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
    assert "runs no data plane" in answer.json()["message"]


def test_a_data_plane_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port
        port = taken.getsockname()[1]
        with client(tmp_path, f"http://127.0.0.1:{port}") as found:
            answer = found.post(PATH, content=b"{}", headers=TOKEN)
    assert answer.status_code == 503
    assert f"does not answer at http://127.0.0.1:{port}" in answer.json()["message"]
