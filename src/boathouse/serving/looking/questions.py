"""Asking an endpoint as any program does: the data plane is shown the caller's token, and judges by it."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any
from urllib.parse import quote

import orjson

from boathouse.foundation.errors import Unavailable
from boathouse.foundation.home import Home
from boathouse.foundation.principals import Principal
from boathouse.foundation.rest import Connection, RestClient

ANSWER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, and who gave it."""

    body: Any
    request_id: str | None
    served_by: str | None
    """The version, as ``catalog.schema.model@3``."""
    fallback: str | None
    """The rung that answered in its place."""
    milliseconds: float
    """From here to the data plane and back."""


class Questions:
    """Over HTTP, as everybody asks."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def document(self, _: Principal, token: str, name: str) -> Mapping[str, Any]:
        """The endpoint's OpenAPI document: what can be sent to it, and an example.

        Raises:
            Denied, NotFound: As the data plane judges the token.
            Unavailable: No data plane answers, or the endpoint is not ready.
        """
        return self._client(token).get(f"/api/2.0/serving-endpoints/{quote(name, safe='')}/openapi")

    def ask(self, _: Principal, token: str, name: str, body: object, *, entity: str | None = None) -> Answered:
        """An answer to a body of the scoring protocol.

        Args:
            entity: Ask this served entity, whatever its share of the traffic.

        Raises:
            BoathouseError: What the data plane says: the caller may not ask, the body does not fit, nobody can answer.
        """
        where = f"/served-models/{quote(entity, safe='')}" if entity else ""
        began = perf_counter()
        answer = self._client(token).send(
            "POST",
            f"/serving-endpoints/{quote(name, safe='')}{where}/invocations",
            content=orjson.dumps(body),
            headers={"Content-Type": "application/json"},
        )
        told = answer.headers
        return Answered(
            answer.json(),
            told.get("x-request-id"),
            told.get("x-served-by"),
            told.get("x-fallback"),
            (perf_counter() - began) * 1000,
        )

    def _client(self, token: str) -> RestClient:
        url = (self._home.running() or {}).get("serving_url")
        if not isinstance(url, str):
            raise Unavailable(
                "This Boathouse runs no data plane, which answers predictions.",
                hint="Start it with BOATHOUSE_SERVING_WORKERS=-1, or leave that out.",
            )
        return RestClient(Connection(url, token), timeout_seconds=ANSWER_SECONDS)
