"""NiceGUI behind our door: started when somebody first wants a page, so that a server without readers is smaller."""

import asyncio
import logging
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from boathouse.foundation.home import Home
from boathouse.server.authentication import OPEN_PATHS

if TYPE_CHECKING:
    from boathouse.wiring.control_plane import ControlPlane

log = logging.getLogger(__name__)

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
"""Own origins only, no framing. NiceGUI writes its pages' elements into inline scripts without a nonce, and Vue
compiles the templates of its components in the browser, which takes ``unsafe-eval``."""
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)


class UserInterface:
    """An ASGI application for everything below ``/ui``."""

    def __init__(self, plane: "ControlPlane", home: Home) -> None:
        self._plane = plane
        self._home = home
        self._app: ASGIApp | None = None
        self._starting = asyncio.Lock()
        self._open = AsyncExitStack()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app or await self._start()
        if scope["type"] == "http":
            await answer_who_waits(app, scope, receive, _with_headers(send, scope["path"]))
        else:
            await app(scope, receive, send)

    async def _start(self) -> ASGIApp:
        async with self._starting:
            if self._app is None:
                from boathouse.server.ui.pages import application

                parent = await asyncio.to_thread(application, self._plane, self._home)
                await self._open.enter_async_context(parent.router.lifespan_context(parent))
                self._app = parent
        return self._app

    async def close(self) -> None:
        """Let go of all open pages."""
        await self._open.aclose()


class PagesRoute(BaseRoute):
    """Everything below ``/ui/`` that no route before this one has taken; the path stays as it was asked for."""

    def __init__(self, pages: UserInterface) -> None:
        self._pages = pages

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        is_ours = scope["type"] in ("http", "websocket") and scope["path"].startswith("/ui/")
        is_ours = is_ours and scope["path"] not in OPEN_PATHS  # nobody is signed in there
        return (Match.FULL if is_ours else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._pages(scope, receive, send)


async def answer_who_waits(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Let the application answer. Who leaves while a page loads is no failure, though NiceGUI's middleware then raises
    that no response was returned."""
    has_left = False

    async def hearing() -> Message:
        nonlocal has_left
        message = await receive()
        has_left = has_left or message["type"] == "http.disconnect"
        return message

    try:
        await app(scope, hearing, send)
    except RuntimeError:
        if not has_left:
            raise


def _with_headers(send: Send, path: str) -> Send:
    is_page = not path.startswith(("/ui/_nicegui", "/ui/static/"))

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message.get("headers", ()), *HEADERS]
            if is_page:
                headers = [(name, value) for name, value in headers if name.lower() != b"cache-control"]
                headers.append((b"cache-control", b"no-store"))
            message = {**message, "headers": headers}
        await send(message)

    return sending
