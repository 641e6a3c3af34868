"""A small client for Boathouse's own REST API: one connection, bearer token, our errors back as our errors."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from boathouse.foundation.errors import BoathouseError, Unauthenticated, Unavailable, category_of
from boathouse.foundation.home import require_home

if TYPE_CHECKING:
    import httpx

URL_VARIABLE = "BOATHOUSE_URL"
TOKEN_VARIABLE = "BOATHOUSE_TOKEN"


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


class RestClient:
    """Calls a control plane; raises the error categories that the server named."""

    def __init__(self, connection: Connection, *, timeout_seconds: float = 60.0) -> None:
        self.connection = connection
        self._timeout_seconds = timeout_seconds
        self._http: httpx.Client | None = None

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

    def call(self, method: str, path: str, *, body: Any = None, params: dict[str, Any] | None = None) -> Any:
        """Send JSON, return JSON (None for an empty answer)."""
        response = self.send(method, path, json=body, params=params)
        return response.json() if response.content else None

    def send(self, method: str, path: str, *, params: dict[str, Any] | None = None, **content: Any) -> "httpx.Response":
        """Send any body that httpx takes (``json=``, ``content=``); the answer has a good status."""
        import httpx

        given = {key: value for key, value in (params or {}).items() if value is not None}
        try:
            response = self._client().request(method, path, params=given, **content)
        except httpx.TimeoutException as error:
            raise Unavailable(
                f"{self.connection.url} did not answer {method} {path} within {self._timeout_seconds:g} s."
            ) from error
        except httpx.TransportError as error:
            raise Unavailable(
                f"Nothing answers at {self.connection.url} ({error}).",
                hint="Is it running? Try: boathouse status",
            ) from error
        if response.is_error:
            raise error_from(response)
        return response

    def download(self, path: str, **params: Any) -> Iterator[bytes]:
        """The answer's bytes as they come."""
        with self._client().stream("GET", path, params=params) as response:
            if response.is_error:
                response.read()
                raise error_from(response)
            yield from response.iter_bytes()

    def close(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None

    def _client(self) -> "httpx.Client":
        if self._http is None:
            import httpx

            self._http = httpx.Client(
                base_url=self.connection.url,
                headers={"Authorization": f"Bearer {self.connection.token}", "User-Agent": "boathouse"},
                timeout=self._timeout_seconds,
                trust_env=False,
            )
        return self._http


def error_from(response: "httpx.Response") -> BoathouseError:
    """The error that an answer with a bad status describes."""
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict) or "error_code" not in body:
        return BoathouseError(f"The server answered {response.status_code}: {response.text[:200]}")
    return category_of(body["error_code"])(body.get("message", ""), hint=body.get("hint"))
