"""OpenID Connect: people sign in where their organisation has them sign in. Code flow with PKCE, state and nonce.

Authlib is imported with this module, which is imported only where a provider is configured.
"""

import hmac
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from boathouse.foundation.errors import Denied, InvalidInput, Unauthenticated, Unavailable
from boathouse.foundation.principals import Principal
from boathouse.foundation.settings import Settings

SCOPE = "openid profile email"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures that only the provider can make; never a shared secret, never none."""
REMEMBERED_SECONDS = 3600.0
"""How long what the provider says of itself, and its keys, are remembered."""
LEEWAY_SECONDS = 60
TIMEOUT_SECONDS = 10.0

Admit = Callable[[str], Principal]
"""The principal of a name that the provider vouches for; raises when nobody has it."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What one browser must show again when it comes back from the provider."""

    state: str
    nonce: str
    verifier: str
    onward: str
    """The page asked for."""


class OpenIdConnect:
    """Sends people to the provider and reads what they bring back."""

    def __init__(self, settings: Settings, admit: Admit) -> None:
        self._settings = settings
        self._admit = admit
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._read_at = 0.0

    @property
    def name(self) -> str:
        """How people know the provider."""
        return urlsplit(self._settings.oidc_issuer).hostname or self._settings.oidc_issuer

    @property
    def public_url(self) -> str:
        return self._settings.public_url.rstrip("/")

    def begin(self, redirect_uri: str, onward: str) -> tuple[str, Begun]:
        """The provider's address to send a browser to, and what that browser keeps meanwhile."""
        begun = Begun(generate_token(32), generate_token(32), generate_token(64), onward)
        metadata = self._provider()
        with self._session(redirect_uri) as session:
            address, _ = session.create_authorization_url(
                metadata["authorization_endpoint"], state=begun.state, nonce=begun.nonce, code_verifier=begun.verifier
            )
        return address, begun

    def finish(self, redirect_uri: str, brought: Mapping[str, str], begun: Begun) -> Principal:
        """Who has come back from the provider.

        Raises:
            Unauthenticated: The provider said no, or what was brought does not belong to what was begun.
            Denied: The provider knows the person, and Boathouse does not.
            Unavailable: The provider does not answer.
        """
        if error := brought.get("error"):
            why = error if re.fullmatch(r"[a-z_]{1,40}", error) else "no reason was given"
            raise Unauthenticated(f"{self.name} did not sign you in: {why}.", hint=_AGAIN)
        if not hmac.compare_digest(brought.get("state", "").encode(), begun.state.encode()):
            raise Unauthenticated("This answer does not belong to the sign-in that was begun here.", hint=_AGAIN)
        return self._admit(self._named(self._claims(redirect_uri, brought.get("code", ""), begun)))

    def _claims(self, redirect_uri: str, code: str, begun: Begun) -> Mapping[str, Any]:
        metadata = self._provider()
        try:
            with self._session(redirect_uri) as session:
                token = session.fetch_token(
                    metadata["token_endpoint"], code=code, code_verifier=begun.verifier, timeout=TIMEOUT_SECONDS
                )
            return self._verified(token, begun.nonce)
        except (AuthlibBaseError, JoseError, ValueError, KeyError) as error:
            raise Unauthenticated(f"{self.name} sent no valid proof of who you are.", hint=_AGAIN) from error
        except requests.RequestException as error:
            raise Unavailable(f"{self.name} does not answer.", hint=_AGAIN) from error

    def _verified(self, token: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        offered = self._provider().get("id_token_signing_alg_values_supported") or ["RS256"]
        registry = JWSRegistry(algorithms=[each for each in ALGORITHMS if each in offered], strict_check_header=False)
        try:
            decoded = jwt.decode(token["id_token"], self._key_set(), registry=registry)
        except JoseError:
            decoded = jwt.decode(token["id_token"], self._key_set(anew=True), registry=registry)  # keys are changed
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            {"iss": {"values": [self._provider()["issuer"]]}},
            {"nonce": nonce, "client_id": self._settings.oidc_client_id, "access_token": token.get("access_token")},
        )
        claims.validate(leeway=LEEWAY_SECONDS)
        return dict(claims)

    def _named(self, claims: Mapping[str, Any]) -> str:
        claim = self._settings.oidc_claim
        name = claims.get(claim)
        if not isinstance(name, str) or not name:
            raise Denied(
                f"{self.name} does not say your {claim}, by which Boathouse knows people.",
                hint="Whoever runs Boathouse can choose another claim: BOATHOUSE_OIDC_CLAIM.",
            )
        if claim == "email" and claims.get("email_verified") is False:
            raise Denied(f"{self.name} has not verified the address {name}.", hint="Verify it there, then sign in.")
        return name

    def _session(self, redirect_uri: str) -> Any:
        return OAuth2Session(
            self._settings.oidc_client_id,
            self._settings.oidc_client_secret or None,
            token_endpoint_auth_method="client_secret_basic" if self._settings.oidc_client_secret else "none",
            scope=SCOPE,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )

    def _provider(self) -> dict[str, Any]:
        with self._lock:
            if self._metadata and time.monotonic() - self._read_at < REMEMBERED_SECONDS:
                return self._metadata
            issuer = self._settings.oidc_issuer.rstrip("/")
            found = self._get(f"{issuer}/.well-known/openid-configuration")
            if str(found.get("issuer", "")).rstrip("/") != issuer:
                raise InvalidInput(
                    f"BOATHOUSE_OIDC_ISSUER is {issuer}, but the provider there calls itself {found.get('issuer')}."
                )
            self._metadata, self._keys, self._read_at = found, None, time.monotonic()
            return found

    def _key_set(self, *, anew: bool = False) -> KeySet:
        address = self._provider()["jwks_uri"]
        if self._keys is None or anew:
            self._keys = KeySet.import_key_set(self._get(address))  # pyright: ignore[reportArgumentType]
        return self._keys

    def _get(self, address: str) -> dict[str, Any]:
        try:
            answer = requests.get(address, timeout=TIMEOUT_SECONDS)
            answer.raise_for_status()
            return dict(answer.json())
        except (requests.RequestException, ValueError) as error:
            raise Unavailable(
                f"{self.name}, where people sign in, does not answer.",
                hint="Try again; meanwhile sign in with a token.",
            ) from error


_AGAIN = "Begin again from the sign-in page."
