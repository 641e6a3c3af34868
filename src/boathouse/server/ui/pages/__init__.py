"""The pages, and the one table of their addresses."""

import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI, Request, Response

from boathouse.foundation.errors import BoathouseError, NotFound
from boathouse.foundation.home import Home
from boathouse.server.errors import status_of, unstorable
from boathouse.server.ui.visitor import Visitor, visitor_of
from boathouse.wiring.control_plane import ControlPlane

log = logging.getLogger(__name__)

Page = Callable[..., Awaitable[None]]
STATIC = Path(__file__).parent.parent / "static"
HEAD = """<link rel="stylesheet" href="/ui/static/boathouse.css">
<script src="/ui/static/forward.js"></script><script src="/ui/static/times.js"></script>"""
RESPONSE_SECONDS = 60.0
"""How long a page may take to be built before the reader is told that it takes too long."""


def application(plane: ControlPlane, home: Home) -> FastAPI:
    """NiceGUI's application with all pages in it, mounted at ``/ui`` of the one returned."""
    os.environ.setdefault("NICEGUI_STORAGE_PATH", str(home.root / "ui"))  # read when NiceGUI is imported
    from nicegui import app, ui

    from boathouse.server.ui.pages.table import PAGES

    for address, page in PAGES.items():
        _add(plane, address, page)
    app.add_static_files("/static", STATIC, max_cache_age=3600)
    _add(plane, "/{address:path}", _no_page)  # last, after all that has an address
    ui.add_head_html(HEAD, shared=True)
    parent = FastAPI(openapi_url=None)
    ui.run_with(
        parent,
        mount_path="/ui",
        title="Boathouse",
        favicon=STATIC / "favicon.svg",
        language="en-US",
        dark=None,
        tailwind=False,
        show_welcome_message=False,
        reconnect_timeout=10.0,
        binding_refresh_interval=None,
    )
    return parent


def _add(plane: ControlPlane, address: str, page: Page) -> None:
    from nicegui import ui

    async def shown(request: Request) -> Response | None:
        visitor = request.state.visitor = visitor_of(plane, request)
        try:
            await page(visitor, **request.path_params)
        except Exception as error:  # noqa: BLE001 (the reader sees it; the unforeseen is logged)
            return _instead(visitor, request, error)
        return None

    ui.page(address, response_timeout=RESPONSE_SECONDS)(shown)


async def _no_page(visitor: Visitor, address: str) -> None:
    raise NotFound(f"There is no page {visitor.path}.", hint="Look for what you want with the search above.")


def _instead(visitor: Visitor, request: Request, error: Exception) -> Response:
    """The page of an error, with its status."""
    from nicegui import ui

    from boathouse.server.ui.frame import frame
    from boathouse.server.ui.parts.problems import problem

    error = unstorable(error) or error
    if not isinstance(error, BoathouseError):
        log.error("The page %s failed", request.url.path, exc_info=error)
    ui.context.client.content.clear()
    with ui.context.client, frame(visitor, "Not shown"):
        problem(error)
    status = status_of(error) if isinstance(error, BoathouseError) else 500
    return ui.context.client.build_response(request, status)
