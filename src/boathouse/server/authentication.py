"""Who is asking: every request shows a token, or a browser session that stands for one."""

import base64
import binascii
from collections.abc import Callable
from typing import Annotated, Protocol
from urllib.parse import quote, urlsplit

import orjson
from fastapi import Depends, Request
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from boathouse.foundation.context import RequestContext, TaskContext, in_request
from boathouse.foundation.errors import BoathouseError, Denied, Unauthenticated
from boathouse.foundation.ids import new_id
from boathouse.foundation.principals import Principal
from boathouse.server.errors import error_body, status_of
from boathouse.server.reproduction_guard import require_harmless
from boathouse.server.sign_in_pages import onward

SIGN_IN = "/ui/sign-in"
SIGN_IN_LINK = f"{SIGN_IN}/link"
OPENID = f"{SIGN_IN}/openid"
OPENID_CALLBACK = f"{OPENID}/callback"
OPEN_PATHS = frozenset(
    {"/", "/health", "/.well-known/databricks-config", "/docs", "/openapi.json", "/favicon.ico",
     SIGN_IN, SIGN_IN_LINK, OPENID, OPENID_CALLBACK}
)  # fmt: skip
OPEN_PREFIXES = ("/static-offline-docs/", "/api/2.0/sql/downloads/")
"""Beside pages that everybody may see: results of statements, whose addresses are signed."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
PAGES = "/ui/"
PAGES_SOCKET = "/ui/_nicegui_ws/"
"""Where pages hear of what somebody presses: by a WebSocket, or by requests where that is not to be had."""


class Identified(Protocol):
    """What a token stands for."""

    @property
    def principal(self) -> Principal: ...

    @property
    def task(self) -> TaskContext | None: ...


Authenticate = Callable[[str], Identified]


class AuthenticationMiddleware:
    """Refuses a request without a valid token; tells the rest of the call who asks, and from where.

    A token comes as ``Authorization: Bearer``, as the password of ``Authorization: Basic`` (clients that know nothing
    else), or in the session cookie that the sign-in page sets.
    """

    def __init__(self, app: ASGIApp, authenticate: Authenticate) -> None:
        self._app = app
        self._authenticate = authenticate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        context = _request_context(scope, headers)
        if _is_open(scope["path"]):
            with in_request(context):
                await self._app(scope, receive, send)
            return
        try:
            identified = self._authenticate(_token_of(scope, headers))
            if (task := identified.task) is not None:
                _require_fit_for_tasks(task, scope)
        except BoathouseError as error:
            with in_request(context):
                await _refuse(error, scope, headers, send)
            return
        scope.setdefault("state", {})["principal"] = identified.principal
        with in_request(_with_task(context, identified.task)):
            await self._app(scope, receive, send)


def acting_principal(request: Request) -> Principal:
    """The principal whose token came with the request."""
    return request.state.principal


Caller = Annotated[Principal, Depends(acting_principal)]
"""The type of a route's parameter that receives the acting principal."""


def session_cookie(scope: Scope) -> str:
    """The name of the session cookie. Browsers share cookies between the ports of a machine; the name has the port, so
    that two servers on one machine do not sign each other's people out."""
    server = scope.get("server")
    return f"boathouse_session_{server[1]}" if server and server[1] else "boathouse_session"


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(OPEN_PREFIXES)


def token_of(scope: Scope) -> str:
    """The token that came with a request, however it is shown."""
    return _token_of(scope, Headers(scope=scope))


def _token_of(scope: Scope, headers: Headers) -> str:
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    match scheme.lower():
        case "bearer":
            return credentials.strip()
        case "basic":
            return _basic_password(credentials)
        case _:
            pass
    # Other servers of this machine leave cookies here as well: one that is malformed must not hide ours.
    session = cookie_parser(headers.get("cookie", "")).get(session_cookie(scope))
    if session is None:
        raise Unauthenticated(
            "This request carries no token.",
            hint="Send it as 'Authorization: Bearer TOKEN'; boathouse env prints yours.",
        )
    _require_own_page(scope, headers)
    return session


def _require_own_page(scope: Scope, headers: Headers) -> None:
    """What a browser sends along by itself must not serve the pages of others, on other ports of this machine either:
    where something is done, and on the pages' socket, a page of ours must be asking."""
    is_harmless = scope["type"] == "http" and scope["method"] in SAFE_METHODS
    if is_harmless and not scope["path"].startswith(PAGES_SOCKET):
        return
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is not None:
        is_ours = _host_of(origin) == headers.get("host") and site in (None, "same-origin")
    else:
        is_ours = site == "same-origin" or (site is None and is_harmless)
    if not is_ours:
        raise Denied("A page of another site sent this request; it is refused.")


def _host_of(origin: str) -> str:
    """The host and port of an origin; nothing for what is none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _require_fit_for_tasks(task: TaskContext, scope: Scope) -> None:
    if scope["path"].startswith(PAGES):
        raise Denied(f"The task {task.task_key} of run {task.run_id} opens no pages; they are for people.")
    if task.reproduction is not None:
        require_harmless(task, scope.get("method", "GET"), scope["path"])


def _basic_password(credentials: str) -> str:
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Unauthenticated("The Authorization header is not valid Basic credentials.") from error


def _request_context(scope: Scope, headers: Headers) -> RequestContext:
    client = scope.get("client")
    return RequestContext(
        request_id=headers.get("x-request-id", "")[:100] or new_id(),
        source_ip=client[0] if client else "",
        user_agent=headers.get("user-agent", "")[:300],
    )


def _with_task(context: RequestContext, task: TaskContext | None) -> RequestContext:
    if task is None:
        return context
    return RequestContext(context.request_id, context.source_ip, context.user_agent, task)


async def _refuse(error: BoathouseError, scope: Scope, headers: Headers, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4401})
        return
    wants_page = "text/html" in headers.get("accept", "") and scope["method"] == "GET"
    if wants_page and isinstance(error, Unauthenticated):
        await _lead_in(scope, headers, send)
        return
    extra = [(b"www-authenticate", b"Bearer")] if isinstance(error, Unauthenticated) else []
    body = orjson.dumps(error_body(error))
    await _answer(send, status_of(error), body, [(b"content-type", b"application/json"), *extra])


async def _lead_in(scope: Scope, headers: Headers, send: Send) -> None:
    """To the sign-in page; who comes by a link of another site may be signed in, and is asked once more from here."""
    query = scope.get("query_string", b"").decode(errors="replace")
    wanted = quote(scope["path"]) + (f"?{query}" if query else "")
    came_from = headers.get("sec-fetch-site")
    if came_from in ("cross-site", "same-site") and session_cookie(scope) not in headers.get("cookie", ""):
        page = onward(wanted)
        await _answer(send, 200, bytes(page.body), [each for each in page.raw_headers if each[0] != b"content-length"])
        return
    await _answer(send, 303, b"", [(b"location", f"{SIGN_IN}?next={quote(wanted, safe='/')}".encode())])


async def _answer(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
