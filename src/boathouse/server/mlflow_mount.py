"""MLflow behind our door: an ASGI application for everything that no route of ours answers.

Most of MLflow is a Flask application. Its requests make one hop to a thread, in which they are judged, answered and
written down; MLflow's ASGI application, which streams files and takes telemetry, is called directly once a request has
been admitted.
"""

import asyncio
import io
import logging
import sys
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any
from urllib.parse import parse_qs, urlencode

import anyio
import anyio.to_thread
import orjson

from boathouse.foundation.errors import BoathouseError, InvalidInput, Unavailable
from boathouse.foundation.principals import Principal
from boathouse.models.mlflow_server import READY_DEADLINE_SECONDS, MlflowApps
from boathouse.models.models import Models
from boathouse.models.policy.call import Call, Reply, read_body
from boathouse.models.policy.gatekeeper import Admission
from boathouse.models.policy.rules import Route
from boathouse.server.errors import error_body, status_of

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

UI_PREFIX = "/mlflow"
"""Where MLflow's pages are; their addresses are relative, so everything they ask for begins with it too."""

THREADS = 16
"""Requests that MLflow answers side by side. More would only wait for each other at the database."""

MOST_BODY_BYTES = 256 * 2**20
"""A request that has to be read before it is judged; files are streamed and know no such limit."""

HELD_BYTES = 2**20
"""An answer up to this size goes out in one piece; a longer one as it comes."""


def mlflow_app(models: Models, *, ready_deadline_seconds: float = READY_DEADLINE_SECONDS) -> Asgi:
    """The ASGI application to mount last, at ``/``."""
    return MlflowMount(models, ready_deadline_seconds)


class MlflowMount:
    """Translates between ASGI, the gatekeeper and MLflow's two applications."""

    def __init__(self, models: Models, ready_deadline_seconds: float) -> None:
        self._models = models
        self._deadline = ready_deadline_seconds
        self._limiter: anyio.CapacityLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
            return
        if scope["type"] != "http":
            return
        try:
            await self._http(scope, receive, send)
        except BoathouseError as error:
            await _send_error(error, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path == UI_PREFIX:
            await _redirect(f"{UI_PREFIX}/", send)
            return
        inner = path[len(UI_PREFIX) :] if path.startswith(f"{UI_PREFIX}/") else path
        if inner == "/" and inner is path:
            await _redirect("/ui/", send)
            return
        route, params = self._models.gatekeeper.route(scope["method"], inner)
        call = _call_of(scope, inner, params, route)
        await self._until_ready()
        principal: Principal = scope["state"]["principal"]
        scope = {**scope, "path": inner, "raw_path": inner.encode(), "root_path": ""}
        if route.is_native:
            await self._native(principal, route, call, scope, receive, send)
        else:
            await self._flask(principal, route, call, scope, receive, send)

    async def _until_ready(self) -> None:
        server = self._models.server
        server.start()
        ends = asyncio.get_running_loop().time() + self._deadline
        while not server.is_settled:
            if asyncio.get_running_loop().time() > ends:
                raise Unavailable("MLflow is still starting.", hint="Try again in a few seconds.")
            await asyncio.sleep(0.05)

    async def _flask(
        self, principal: Principal, route: Route, call: Call, scope: Scope, receive: Receive, send: Send
    ) -> None:
        raw = await _read(receive)

        def work() -> Reply:
            apps = self._models.server.apps()
            if route.reads_body and not call.reads_query:
                call.body = read_body(raw)
            admission = self._models.gatekeeper.admit(principal, route, call)
            return self._models.gatekeeper.answer(admission, lambda asked: _ask_flask(apps, scope, asked, raw))

        reply = await self._in_thread(work)
        await self._send_reply(reply, send, is_head=scope["method"] == "HEAD")

    async def _native(
        self, principal: Principal, route: Route, call: Call, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if route.holds_body:
            call.raw = await _read(receive)
            receive = _again(call.raw)
        admission = await self._in_thread(lambda: self._models.gatekeeper.admit(principal, route, call))
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._models.server.apps().asgi(scope, receive, watched)
        if route.action is not None:
            await self._in_thread(lambda: self._record(admission, status))

    def _record(self, admission: Admission, status: int) -> None:
        self._models.gatekeeper.record(admission, status, None if status < 400 else f"MLflow answered {status}.")

    async def _send_reply(self, reply: Reply, send: Send, *, is_head: bool) -> None:
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
        if reply.rest is None and not is_head:
            headers = [(name, value) for name, value in headers if name != b"content-length"]
            headers.append((b"content-length", str(len(reply.body)).encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        body = b"" if is_head else reply.body
        await send({"type": "http.response.body", "body": body, "more_body": reply.rest is not None})
        if reply.rest is not None:
            rest = reply.rest
            while chunk := await self._in_thread(lambda: next(rest, b"")):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(THREADS)
        return await anyio.to_thread.run_sync(work, limiter=self._limiter)


def _call_of(scope: Scope, path: str, params: dict[str, str], route: Route) -> Call:
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    is_get = scope["method"] in ("GET", "HEAD")
    return Call(
        method=scope["method"],
        path=path,
        params=params,
        query=query,
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        reads_query=(is_get and bool(query)) or not route.reads_body,
    )


def _ask_flask(apps: MlflowApps, scope: Scope, call: Call, raw: bytes) -> Reply:
    """Call a WSGI application and hold what it answers."""
    body, query = raw, scope.get("query_string", b"").decode("latin-1")
    if call.is_changed and call.reads_query:
        query = urlencode(call.query, doseq=True)
    elif call.is_changed:
        body = orjson.dumps(call.body)
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        started[:] = [int(status.split(" ", 1)[0]), headers]
        return lambda _: None

    answer = apps.wsgi(_environ(scope, body, query), start_response)
    chunks, size = [], 0
    parts = iter(answer)
    for chunk in parts:
        chunks.append(chunk)
        size += len(chunk)
        if size > HELD_BYTES:
            return Reply(started[0], started[1], b"".join(chunks), _rest(parts, answer))
    _close(answer)
    return Reply(started[0], started[1], b"".join(chunks))


def _rest(parts: Iterator[bytes], answer: Any) -> Iterator[bytes]:
    try:
        yield from (part for part in parts if part)
    finally:
        _close(answer)


def _close(answer: Any) -> None:
    if (close := getattr(answer, "close", None)) is not None:
        close()


def _environ(scope: Scope, body: bytes, query: str) -> dict[str, Any]:
    """The request as WSGI describes it (PEP 3333)."""
    server, client = scope.get("server") or ("127.0.0.1", 80), scope.get("client") or ("", 0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_PROTOCOL": f"HTTP/{scope.get('http_version', '1.1')}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").upper().replace("-", "_"), raw_value.decode("latin-1")
        if name == "CONTENT_TYPE":
            environ[name] = value
        elif name not in ("CONTENT_LENGTH", "TRANSFER_ENCODING"):
            key = f"HTTP_{name}"
            environ[key] = f"{environ[key]},{value}" if key in environ else value
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ


async def _read(receive: Receive) -> bytes:
    chunks, size, is_more = [], 0, True
    while is_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidInput("The client went away before its request was complete.")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > MOST_BODY_BYTES:
            raise InvalidInput(f"The request is longer than {MOST_BODY_BYTES >> 20} MB.")
        is_more = message.get("more_body", False)
    return b"".join(chunks)


def _again(body: bytes) -> Receive:
    """A request whose body has been read, to be read once more."""
    waiting = [body]

    async def receive() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        await asyncio.Event().wait()  # nothing more comes; whoever listens for the end is cancelled
        return {"type": "http.disconnect"}

    return receive


async def _send_error(error: BoathouseError, send: Send) -> None:
    status = status_of(error)
    if status >= 500:
        log.error("A request to MLflow failed: %s", error)
    body = orjson.dumps(error_body(error))
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _redirect(to: str, send: Send) -> None:
    headers = [(b"location", to.encode()), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 307, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


__all__ = ["mlflow_app"]
