"""The browser's way in: a token typed once, a link of one's own, or OpenID Connect, becomes a session cookie.

The cookie holds a token of its own with a short life, so that signing out, or losing the browser, does not touch what
was shown to get in.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, RedirectResponse, Response

from boathouse.foundation.errors import BoathouseError, Unauthenticated
from boathouse.foundation.principals import Principal
from boathouse.server.authentication import OPENID, OPENID_CALLBACK, SIGN_IN, SIGN_IN_LINK, Authenticate, session_cookie
from boathouse.server.browser_sessions import (
    Doorkeeper,
    IssueSession,
    TellRefusal,
    TooManyAttempts,
    form_of,
    own_page,
)
from boathouse.server.errors import status_of
from boathouse.server.sign_in_pages import link_page, refusal, sign_in_form

if TYPE_CHECKING:
    from boathouse.server.openid import OpenIdConnect

FAVICON = Path(__file__).parent / "ui" / "static" / "favicon.svg"


def routes(
    authenticate: Authenticate,
    issue_session: IssueSession,
    end_session: Callable[[str], None],
    tell_refusal: TellRefusal,
    redeem_link: Callable[[str], Principal] | None = None,
    openid: "OpenIdConnect | None" = None,
) -> APIRouter:
    """Sign-in and sign-out."""
    router = APIRouter(include_in_schema=False)
    door = Doorkeeper(issue_session, tell_refusal)

    @router.get("/")
    def to_the_page() -> Response:  # pyright: ignore[reportUnusedFunction]
        return RedirectResponse("/ui/")

    @router.get("/ui")
    def to_the_home_page() -> Response:  # pyright: ignore[reportUnusedFunction]
        return RedirectResponse("/ui/")

    @router.get("/favicon.ico")
    @router.get("/ui/favicon.ico")
    def favicon() -> Response:  # pyright: ignore[reportUnusedFunction]
        return FileResponse(FAVICON, media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"})

    @router.get(SIGN_IN)
    def form(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        return sign_in_form(provider=_provider(openid, request))

    @router.post(SIGN_IN)
    async def sign_in(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        def again(problem: str, status: int) -> Response:
            return sign_in_form(problem=problem, provider=_provider(openid, request), status=status)

        try:
            door.require_patience(request)
            known = authenticate((await form_of(request)).get("token", ""))
            if known.task is not None:
                raise Unauthenticated("This is the token of a task; nobody signs in with it.")
        except TooManyAttempts as error:
            return _wait(again(str(error), 429), error)
        except BoathouseError as error:
            await run_in_threadpool(door.refuse, request, error)
            return again(str(error), status_of(error))
        return door.admit(
            request, RedirectResponse(own_page(request.query_params.get("next", "")), 303), known.principal
        )

    @router.get(SIGN_IN_LINK)
    def open_link() -> Response:  # pyright: ignore[reportUnusedFunction]
        return link_page(SIGN_IN_LINK)

    @router.post(SIGN_IN_LINK)
    async def use_link(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        try:
            door.require_patience(request)
            code = (await form_of(request)).get("code", "")
            if redeem_link is None:
                raise Unauthenticated("Nobody signs in with a link here.")
            principal = await run_in_threadpool(redeem_link, code)
        except TooManyAttempts as error:
            return _wait(refusal(str(error), status=429), error)
        except BoathouseError as error:
            await run_in_threadpool(door.refuse, request, error)
            return refusal(str(error), status=status_of(error))
        return door.admit(request, RedirectResponse("/ui/", 303), principal)

    @router.post("/ui/sign-out")
    def sign_out(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        if session := request.cookies.get(session_cookie(request.scope)):
            end_session(session)
        answer = RedirectResponse(SIGN_IN, 303)
        answer.delete_cookie(session_cookie(request.scope))
        return answer

    if openid is not None:
        from boathouse.server import openid_routes

        router.include_router(openid_routes.routes(openid, door))
        return router

    @router.get(OPENID)
    @router.get(OPENID_CALLBACK)
    def nowhere() -> Response:  # pyright: ignore[reportUnusedFunction]
        return refusal("This Boathouse knows no OpenID Connect provider.", status=404)

    return router


def _provider(openid: "OpenIdConnect | None", request: Request) -> tuple[str, str] | None:
    if openid is None:
        return None
    wanted = request.query_params.get("next", "")
    return openid.name, f"{OPENID}?next={quote(wanted)}" if wanted else OPENID


def _wait(answer: Response, error: TooManyAttempts) -> Response:
    answer.headers["Retry-After"] = str(error.seconds)
    return answer
