"""A small client for Boathouse's own REST API: one connection, bearer token, our errors back as our errors."""

import json
import os
import re
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Self
from urllib.parse import unquote, urlencode

from boathouse.foundation.errors import BoathouseError, InvalidInput, Unauthenticated, Unavailable, category_of
from boathouse.foundation.home import require_home

if TYPE_CHECKING:
    import urllib3

URL_VARIABLE = "BOATHOUSE_URL"
TOKEN_VARIABLE = "BOATHOUSE_TOKEN"
TASK_VARIABLE = "BOATHOUSE_TASK_RUN_ID"
CHUNK_BYTES = 1 << 20
PATIENCE_SECONDS = 180.0
"""How long the task of a job waits for a control plane that is away: one that was killed is started again."""
PAUSE_SECONDS = 0.5
_SENDABLE = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Connection:
    """Where a control plane answers, and the token to show it."""

    url: str
    token: str

    @classmethod
    def from_surroundings(cls) -> Self:
        """From ``BOATHOUSE_URL`` and ``BOATHOUSE_TOKEN``, else from the nearest home folder.

        Raises:
            NotFound: There is no home folder.
            Unavailable: The home's Boathouse is not running.
            Unauthenticated: There is no token to show.
        """
        url, token = os.environ.get(URL_VARIABLE), os.environ.get(TOKEN_VARIABLE)
        if token and not _SENDABLE.fullmatch(token):
            raise Unauthenticated(
                f"{TOKEN_VARIABLE} holds blanks or other characters that no token has.",
                hint="boathouse env prints a token that works.",
            )
        if url and token:
            return cls(url.rstrip("/"), token)
        home = require_home()
        if not url:
            running = home.running()
            if running is None:
                raise Unavailable(f"The Boathouse of {home.root} is not running.", hint="Start it with: boathouse up")
            url = str(running["url"])
        token = token or home.token()
        if not token:
            raise Unauthenticated(
                f"There is no token in {home.token_file}.", hint=f"Set {TOKEN_VARIABLE}, or start with: boathouse up"
            )
        return cls(url.rstrip("/"), token)


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer, read whole."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)


class RestClient:
    """Calls a control plane; raises the error categories that the server named. May be shared by threads.

    The task of a job waits while nobody is there to take a request, and asks again for what was to be read; with
    ``repeats_all``, for everything, because asking twice for what it asks for is asking once.
    """

    def __init__(self, connection: Connection, *, timeout_seconds: float = 60.0, repeats_all: bool = False) -> None:
        self.connection = connection
        self._timeout_seconds = timeout_seconds
        self._repeats_all = repeats_all
        self._patience_seconds = PATIENCE_SECONDS if os.environ.get(TASK_VARIABLE) else 0.0
        self._pool: urllib3.PoolManager | None = None

    def get(self, path: str, **params: Any) -> Any:
        return self.call("GET", path, params=params)

    def post(self, path: str, body: Any = None) -> Any:
        return self.call("POST", path, body=body)

    def patch(self, path: str, body: Any = None) -> Any:
        return self.call("PATCH", path, body=body)

    def put(self, path: str, body: Any = None) -> Any:
        return self.call("PUT", path, body=body)

    def delete(self, path: str, **params: Any) -> Any:
        return self.call("DELETE", path, params=params)

    def call(self, method: str, path: str, *, body: Any = None, params: Mapping[str, Any] | None = None) -> Any:
        """Send JSON, return JSON (None for an empty answer)."""
        answer = self.send(method, path, json=body, params=params)
        return answer.json() if answer.content else None

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        content: bytes | IO[bytes] | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send JSON or bytes, read the whole answer; it has a good status."""
        with self._open(method, path, params, json, content, headers) as response:
            return Answer(response.status, response.headers, response.data)

    def download(self, path: str, **params: Any) -> Iterator[bytes]:
        """The answer's bytes as they come."""
        with self._open("GET", path, params) as response:
            yield from response.stream(CHUNK_BYTES, decode_content=True)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.clear()
            self._pool = None

    @contextmanager
    def _open(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        json_body: Any = None,
        content: bytes | IO[bytes] | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> "Generator[urllib3.BaseHTTPResponse]":
        import urllib3

        if {".", ".."}.intersection(unquote(path).split("/")):  # urllib3 would resolve them, and mean another thing
            raise InvalidInput(f"The path {unquote(path)!r} holds '.' or '..'.", hint="Write the path without them.")
        sent = {"Authorization": f"Bearer {self.connection.token}", "User-Agent": "boathouse", **(headers or {})}
        if json_body is not None:
            content, sent["Content-Type"] = json.dumps(json_body).encode(), "application/json"
        given = [(key, _as_text(each)) for key, value in (params or {}).items() for each in _each(value)]
        url = f"{self.connection.url}{path}" + (f"?{urlencode(given)}" if given else "")
        until = time.monotonic() + self._patience_seconds
        while True:
            try:
                response = self._connections().request(method, url, body=content, headers=sent, preload_content=False)
                break
            except urllib3.exceptions.TimeoutError as error:
                raise Unavailable(
                    f"{self.connection.url} did not answer {method} {path} within {self._timeout_seconds:g} s."
                ) from error
            except urllib3.exceptions.HTTPError as error:
                if time.monotonic() > until or not self._may_repeat(method, content, error):
                    raise Unavailable(
                        f"Nothing answers at {self.connection.url}.", hint="Is it running? Try: boathouse status"
                    ) from error
                time.sleep(PAUSE_SECONDS)
        try:
            if response.status >= 400:
                raise error_from(response.status, response.data)
            yield response
        finally:
            response.release_conn()

    def _may_repeat(self, method: str, content: object, error: Exception) -> bool:
        """Whether a request can be sent again: nobody has taken it, or twice is as good as once."""
        from urllib3.exceptions import NewConnectionError

        was_taken = not isinstance(getattr(error, "reason", error), NewConnectionError)
        return isinstance(content, bytes | None) and (self._repeats_all or method == "GET" or not was_taken)

    def _connections(self) -> "urllib3.PoolManager":
        if self._pool is None:
            import urllib3

            # A request that was sent may have been carried out, so only connecting is tried again.
            retries = urllib3.Retry(connect=1, read=0, redirect=0, status=0, other=0, backoff_factor=0.1)
            self._pool = urllib3.PoolManager(maxsize=16, timeout=self._timeout_seconds, retries=retries)
        return self._pool


def error_from(status: int, content: bytes) -> BoathouseError:
    """The error that an answer with a bad status describes."""
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    if not isinstance(body, dict) or "error_code" not in body:
        return BoathouseError(f"The server answered {status}: {content[:200].decode(errors='replace')}")
    return category_of(body["error_code"])(body.get("message", ""))


def _each(value: Any) -> Iterable[Any]:
    """The values of a parameter: none, one, or as many as a list or a tuple has."""
    if value is None:
        return ()
    return value if isinstance(value, list | tuple) else (value,)


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
