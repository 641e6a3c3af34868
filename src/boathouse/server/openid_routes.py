"""The way to the provider and back."""

import base64
import json
from dataclasses import asdict

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from boathouse.foundation.errors import BoathouseError, Unauthenticated
from boathouse.server.authentication import OPENID, OPENID_CALLBACK, SIGN_IN, session_cookie
from boathouse.server.browser_sessions import Doorkeeper, TooManyAttempts, own_page
from boathouse.server.errors import status_of
from boathouse.server.openid import Begun, OpenIdConnect
from boathouse.server.sign_in_pages import onward, refusal

BEGUN_SECONDS = 600
"""How long somebody may take at the provider."""


def routes(openid: OpenIdConnect, door: Doorkeeper) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get(OPENID)
    def begin(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        try:
            address, begun = openid.begin(_callback(openid, request), own_page(request.query_params.get("next", "")))
        except BoathouseError as error:
            return refusal(str(error), status=status_of(error))
        answer = RedirectResponse(address, 303, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
        answer.set_cookie(
            _cookie(request),
            base64.urlsafe_b64encode(json.dumps(asdict(begun)).encode()).decode(),
            max_age=BEGUN_SECONDS,
            path=SIGN_IN,
            httponly=True,
            samesite="lax",  # the provider leads back here, and a strict cookie would stay behind
            secure=_callback(openid, request).startswith("https:"),
        )
        return answer

    @router.get(OPENID_CALLBACK)
    def finish(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        try:
            door.require_patience(request)
            begun = _begun(request)
            principal = openid.finish(_callback(openid, request), dict(request.query_params), begun)
        except TooManyAttempts as error:
            return refusal(str(error), status=429)
        except BoathouseError as error:
            door.refuse(request, error)
            return refusal(str(error), status=status_of(error))
        answer = door.admit(request, onward(begun.onward), principal)
        answer.delete_cookie(_cookie(request), path=SIGN_IN)
        return answer

    return router


def _callback(openid: OpenIdConnect, request: Request) -> str:
    return f"{openid.public_url or str(request.base_url).rstrip('/')}{OPENID_CALLBACK}"


def _cookie(request: Request) -> str:
    return f"{session_cookie(request.scope)}_openid"


def _begun(request: Request) -> Begun:
    try:
        kept = json.loads(base64.urlsafe_b64decode(request.cookies.get(_cookie(request), "")))
        return Begun(kept["state"], kept["nonce"], kept["verifier"], own_page(kept["onward"]))
    except (ValueError, KeyError, TypeError) as error:
        raise Unauthenticated(
            "No sign-in was begun in this browser, or it took longer than ten minutes.",
            hint="Begin again from the sign-in page.",
        ) from error
