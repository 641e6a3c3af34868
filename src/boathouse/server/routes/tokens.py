"""Tokens in the Databricks REST shapes."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from boathouse.catalog.law import Catalog
from boathouse.catalog.tokens import IssuedToken, TokenInfo
from boathouse.foundation.errors import NotFound
from boathouse.server.authentication import SIGN_IN_LINK, Caller
from boathouse.server.routes.unity_examples import NEW_TOKEN, TOKEN, example
from boathouse.server.routes.unity_shapes import JSON, Body, answered

_NEVER = -1
"""How Databricks writes that a token does not expire."""


class NewToken(Body):
    model_config = ConfigDict(
        extra="allow", json_schema_extra={"examples": [{"lifetime_seconds": 2592000, "comment": "laptop"}]}
    )

    lifetime_seconds: float | None = None
    comment: str | None = None
    user_name: str | None = None
    """Whom it is for, if not the caller; only administrators may name somebody else. Ours, not Databricks'."""


class NewTokenOnBehalf(Body):
    model_config = ConfigDict(
        extra="allow", json_schema_extra={"examples": [{"application_id": "nightly", "lifetime_seconds": 2592000}]}
    )

    application_id: str
    lifetime_seconds: float | None = None
    comment: str | None = None


class TokenReference(Body):
    model_config = ConfigDict(
        extra="allow", json_schema_extra={"examples": [{"token_id": "0405f8f3-9190-46bc-abd5-b2912612717d"}]}
    )

    token_id: str


class NewSignInLink(BaseModel):
    """A link that signs its maker in, once, within ten minutes."""

    path: str
    """To be put behind the address of this server. The code stands behind the #, which browsers keep to themselves."""
    expires_at: int


def link_routes(catalog: Catalog) -> APIRouter:
    """Sign-in links."""
    router = APIRouter(tags=["Tokens"])

    @router.post(
        "/sign-in-links",
        summary="Make a link that signs its maker in once, within ten minutes",
        responses=example({"path": f"{SIGN_IN_LINK}#bhl_4f0c...", "expires_at": 1767225600000}),
    )
    def make(caller: Caller) -> NewSignInLink:  # pyright: ignore[reportUnusedFunction]
        link = catalog.sign_in_links.make(caller)
        return NewSignInLink(path=f"{SIGN_IN_LINK}#{link.code}", expires_at=link.expires_at)

    return router


def routes(catalog: Catalog) -> APIRouter:
    """One's own tokens, and for administrators those of all."""
    router = APIRouter(tags=["Tokens"])
    identities = catalog.identities

    @router.post("/token/create", summary="Make a token; the secret is shown this once", responses=example(NEW_TOKEN))
    def create(caller: Caller, body: NewToken) -> JSON:  # pyright: ignore[reportUnusedFunction]
        issued = identities.issue_token(
            caller,
            body.user_name or caller.name,
            lifetime_seconds=_lifetime(body.lifetime_seconds),
            comment=body.comment,
        )
        return answered(body, _issued(issued))

    @router.get(
        "/token/list", summary="The caller's tokens that still work", responses=example({"token_infos": [TOKEN]})
    )
    def list_own(caller: Caller) -> JSON:  # pyright: ignore[reportUnusedFunction]
        return {"token_infos": [_shown(token) for token in identities.list_tokens(caller)]}

    @router.post("/token/delete", summary="Revoke a token", responses=example({}))
    def delete(caller: Caller, body: TokenReference) -> JSON:  # pyright: ignore[reportUnusedFunction]
        identities.revoke_token(caller, body.token_id)
        return {}

    @router.get(
        "/token-management/tokens",
        summary="Everybody's tokens, for administrators",
        responses=example({"token_infos": [TOKEN]}),
    )
    def list_all(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, created_by_username: str | None = None
    ) -> JSON:
        found = identities.list_tokens(caller, created_by_username, everyone=created_by_username is None)
        return {"token_infos": [_shown(token) for token in found]}

    @router.get(
        "/token-management/tokens/{token_id}",
        summary="One token, for administrators",
        responses=example({"token_info": TOKEN}),
    )
    def get(caller: Caller, token_id: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        for token in identities.list_tokens(caller, everyone=True):
            if token.token_id == token_id:
                return {"token_info": _shown(token)}
        raise NotFound(f"There is no token {token_id}.")

    @router.delete("/token-management/tokens/{token_id}", summary="Revoke anybody's token", responses=example({}))
    def revoke(caller: Caller, token_id: str) -> JSON:  # pyright: ignore[reportUnusedFunction]
        identities.revoke_token(caller, token_id)
        return {}

    @router.post(
        "/token-management/on-behalf-of/tokens",
        summary="Make a token for a service principal",
        responses=example(NEW_TOKEN),
    )
    def create_for(caller: Caller, body: NewTokenOnBehalf) -> JSON:  # pyright: ignore[reportUnusedFunction]
        issued = identities.issue_token(
            caller,
            body.application_id,
            lifetime_seconds=_lifetime(body.lifetime_seconds),
            comment=body.comment,
        )
        return answered(body, _issued(issued))

    return router


def _lifetime(seconds: float | None) -> float | None:
    return None if seconds == _NEVER else seconds


def _issued(token: IssuedToken) -> JSON:
    info = {
        "token_id": token.token_id,
        "creation_time": token.created_at,
        "expiry_time": token.expires_at or _NEVER,
        "comment": token.comment or "",
    }
    return {"token_value": token.secret, "token_info": info}


def _shown(token: TokenInfo) -> dict[str, Any]:
    return {
        "token_id": token.token_id,
        "creation_time": token.created_at,
        "expiry_time": token.expires_at or _NEVER,
        "comment": token.comment or "",
        "owner_id": token.principal_id,
        "user_name": token.principal,
        "created_by_username": token.created_by,
    }
