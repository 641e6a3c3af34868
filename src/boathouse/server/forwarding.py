"""Requests for predictions that come to the control plane's port: handed on to the data plane as they are.

For clients that know one host. Bytes go through as they come, both ways; only the token is written out anew, since a
page shows it as a cookie. Everything else is the data plane's own to judge.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlsplit

import h11
import orjson

from boathouse.foundation.errors import BoathouseError, Unavailable
from boathouse.foundation.home import Home
from boathouse.server.authentication import token_of
from boathouse.server.errors import error_body, status_of

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

FORWARDED = (
    "/serving-endpoints/{rest:path}",
    "/api/2.0/serving-endpoints/{name}/openapi",
    "/api/2.0/serving-endpoints/{name}/metrics",
)
"""What the data plane answers."""
HELD_BYTES = 2**20
"""A body up to this size is read before it is sent, so that it can be sent again over another connection."""
ANSWER_SECONDS = 600.0
CONNECT_SECONDS = 5.0
_MOST_IDLE = 32
_CHUNK = 2**16
_HOP_BY_HOP = frozenset(
    (b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"te", b"trailer",
     b"transfer-encoding", b"upgrade", b"expect")
)  # fmt: skip
_OURS = frozenset((b"host", b"authorization", b"cookie", b"content-length"))


class _Gone(Exception):
    """The other side had closed the connection before it answered anything."""


class _Connection:
    """One connection to the data plane, for one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.http = h11.Connection(h11.CLIENT)

    async def write(self, event: h11.Request | h11.Data | h11.EndOfMessage) -> None:
        data = self.http.send(event)
        if data:
            self.writer.write(data)
            await self.writer.drain()

    async def next(self) -> Any:
        """The next event of the answer."""
        while True:
            event = self.http.next_event()
            if event is not h11.NEED_DATA:
                return event
            data = await self.reader.read(_CHUNK)
            if not data and self.http.their_state is h11.SEND_RESPONSE:
                raise _Gone
            self.http.receive_data(data)

    def is_reusable(self) -> bool:
        """Ready for another request."""
        if self.http.our_state is not h11.DONE or self.http.their_state is not h11.DONE:
            return False
        self.http.start_next_cycle()
        return True

    def close(self) -> None:
        self.writer.close()


class Forwarder:
    """An ASGI application that is the data plane, as far as its callers see."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._idle: list[tuple[str, _Connection]] = []

    async def close(self) -> None:
        """Close the connections that wait for another request."""
        while self._idle:
            _, connection = self._idle.pop()
            connection.close()
            with suppress(OSError):
                await connection.writer.wait_closed()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._forward(scope, receive, send)
        except BoathouseError as error:
            body = orjson.dumps(error_body(error))
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": status_of(error), "headers": headers})
            await send({"type": "http.response.body", "body": body})

    async def _forward(self, scope: Scope, receive: Receive, send: Send) -> None:
        url = await asyncio.to_thread(self._address)
        held, is_whole = await _beginning(receive)
        connection = self._taken(url) if is_whole else None
        if connection is not None:
            try:
                await self._exchange(connection, url, _request(scope, url, held), held, None, send)
                return
            except (_Gone, ConnectionError):  # it had been idle for too long; nothing was answered
                connection.close()
        connection = await self._connect(url)
        try:
            request = _request(scope, url, held if is_whole else None)
            await self._exchange(connection, url, request, held, None if is_whole else receive, send)
        except (_Gone, ConnectionError, TimeoutError, h11.RemoteProtocolError) as error:
            connection.close()
            raise _unreachable(url) from error

    async def _exchange(
        self,
        connection: _Connection,
        url: str,
        request: h11.Request,
        held: bytes,
        receive: Receive | None,
        send: Send,
    ) -> None:
        """Send a request and hand on its answer.

        Args:
            receive: Brings what follows the beginning that is held; None: nothing does.
        """
        begun = False
        try:
            await connection.write(request)
            if held:
                await connection.write(h11.Data(data=held))
            if receive is not None:
                async for chunk in _rest(receive):
                    await connection.write(h11.Data(data=chunk))
            await connection.write(h11.EndOfMessage())
            async with asyncio.timeout(ANSWER_SECONDS):
                while True:
                    event = await connection.next()
                    if isinstance(event, h11.Response):
                        begun = True
                        head = [(name, value) for name, value in event.headers if name not in _HOP_BY_HOP]
                        await send({"type": "http.response.start", "status": event.status_code, "headers": head})
                    elif isinstance(event, h11.Data):
                        await send({"type": "http.response.body", "body": bytes(event.data), "more_body": True})
                    elif isinstance(event, h11.EndOfMessage):
                        break
                    elif isinstance(event, h11.ConnectionClosed):
                        raise _Gone
            await send({"type": "http.response.body", "body": b""})
        except BaseException:
            if begun:  # the caller has the beginning of an answer, and sees by its length that there is no end
                connection.close()
                return
            raise
        if connection.is_reusable() and len(self._idle) < _MOST_IDLE:
            self._idle.append((url, connection))
        else:
            connection.close()

    def _taken(self, url: str) -> _Connection | None:
        while self._idle:
            known, connection = self._idle.pop()
            if known == url and not connection.reader.at_eof() and not connection.writer.is_closing():
                return connection
            connection.close()
        return None

    async def _connect(self, url: str) -> _Connection:
        parts = urlsplit(url)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        except (OSError, TimeoutError) as error:
            raise _unreachable(url) from error
        return _Connection(reader, writer)

    def _address(self) -> str:
        url = (self._home.running() or {}).get("serving_url")
        if not isinstance(url, str):
            raise Unavailable(
                "This Boathouse runs no data plane, which answers predictions.",
                hint="Start it with BOATHOUSE_SERVING_WORKERS=-1, or leave that out.",
            )
        return url


async def _beginning(receive: Receive) -> tuple[bytes, bool]:
    """The body, or its beginning when it is long; and whether that is all of it."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Unavailable("The caller went away.")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if not message.get("more_body", False):
            return b"".join(parts), True
        if size > HELD_BYTES:
            return b"".join(parts), False


async def _rest(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Unavailable("The caller went away.")
        more = message.get("more_body", False)
        if message.get("body"):
            yield message["body"]


def _request(scope: Scope, url: str, whole: bytes | None) -> h11.Request:
    """The request as the data plane gets it.

    Args:
        whole: The body; None: its length is what the caller says, or nobody knows.
    """
    given: Iterable[tuple[bytes, bytes]] = scope["headers"]
    headers: Headers = [(name, value) for name, value in given if name not in _HOP_BY_HOP | _OURS]
    headers.append((b"host", urlsplit(url).netloc.encode()))
    headers.append((b"authorization", f"Bearer {token_of(scope)}".encode()))
    told = next((value for name, value in given if name == b"content-length"), None)
    if whole is not None:
        headers.append((b"content-length", str(len(whole)).encode()))
    elif told is not None:
        headers.append((b"content-length", told))
    else:
        headers.append((b"transfer-encoding", b"chunked"))
    path: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    query: bytes = scope.get("query_string", b"")
    return h11.Request(method=scope["method"], target=path + (b"?" + query if query else b""), headers=headers)


def _unreachable(url: str) -> Unavailable:
    return Unavailable(f"The data plane, which answers predictions, does not answer at {url}.",
                       hint="Look at it with: boathouse status")  # fmt: skip
