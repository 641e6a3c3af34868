"""Who asks: tokens as the snapshot has them. What it does not have is not valid."""

import time
from collections.abc import Mapping
from hashlib import sha256

from boathouse.foundation.errors import Denied, Unauthenticated
from boathouse.serving.snapshot.nouns import KnownToken, LiveEndpoint

_ASK_FOR_ANOTHER = "Send Authorization: Bearer TOKEN; make one with: boathouse tokens create"


class Doorkeeper:
    """Knows the tokens of one snapshot. The next one brings another doorkeeper, so nothing is remembered longer."""

    def __init__(self, tokens: Mapping[str, KnownToken], anyone: KnownToken | None = None) -> None:
        """Args:
        anyone: Who asks without a token; None refuses them.
        """
        self._tokens = tokens
        self._anyone = anyone
        self._seen: dict[str, KnownToken] = {}
        """By the whole header. Only valid ones, written in one way, so there are never more than tokens."""

    def identify(self, authorization: str | None) -> KnownToken:
        """Whose token it is.

        Args:
            authorization: The header of that name.

        Raises:
            Unauthenticated: There is none, it is unknown, or it has expired.
        """
        token = self._seen.get(authorization) if authorization is not None else self._anyone
        if token is None:
            token = self._recognised(authorization)
        if token.expires_at is not None and token.expires_at <= time.time() * 1000:
            raise Unauthenticated("The token has expired.", hint=_ASK_FOR_ANOTHER)
        return token

    def _recognised(self, authorization: str | None) -> KnownToken:
        header = authorization or ""
        scheme, _, secret = header.partition(" ")
        secret = secret.strip()
        if not secret or scheme.lower() != "bearer":
            raise Unauthenticated("The request has no token.", hint=_ASK_FOR_ANOTHER)
        token = self._tokens.get(sha256(secret.encode("utf-8", "surrogatepass")).hexdigest())
        if token is None:
            raise Unauthenticated("The token is not valid.", hint=_ASK_FOR_ANOTHER)
        if header == f"Bearer {secret}":
            self._seen[header] = token
        return token


def may_ask(token: KnownToken, endpoint: LiveEndpoint) -> bool:
    """Whether a right to ask the endpoint reaches the holder of the token."""
    return token.is_admin or not token.identities.isdisjoint(endpoint.callers)


def require_caller(token: KnownToken, endpoint: LiveEndpoint) -> None:
    """
    Raises:
        Denied: The principal may not ask the endpoint.
    """
    if not may_ask(token, endpoint):
        raise Denied(
            f"{token.principal} may not ask endpoint {endpoint.name}.",
            hint="Its owner can let you: "
            f"boathouse endpoint permissions {endpoint.name} --give {token.principal} CAN_QUERY",
        )
