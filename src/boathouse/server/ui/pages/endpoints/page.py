"""One endpoint, in tabs."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from boathouse.catalog import Privilege, SecurableKind
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import Crumb, frame
from boathouse.server.ui.pages.endpoints.changes import rollouts_tab
from boathouse.server.ui.pages.endpoints.comparisons import comparisons_tab
from boathouse.server.ui.pages.endpoints.history import history_tab
from boathouse.server.ui.pages.endpoints.overview import overview_tab
from boathouse.server.ui.pages.endpoints.query import query_tab
from boathouse.server.ui.pages.endpoints.requests import requests_tab
from boathouse.server.ui.pages.endpoints.shown import Shown
from boathouse.server.ui.pages.grants import grants_card
from boathouse.server.ui.parts.layout import tabs
from boathouse.server.ui.parts.problems import part
from boathouse.server.ui.visitor import Visitor

Tab = Callable[[Visitor, Shown], Awaitable[None]]


async def _permissions(visitor: Visitor, shown: Shown) -> None:
    await grants_card(visitor, SecurableKind.ENDPOINT, shown.name)


_TABS: Mapping[str, Tab] = {
    "Overview": overview_tab,
    "Query": query_tab,
    "Requests": requests_tab,
    "Rollouts": rollouts_tab,
    "Shadow and A/B test": comparisons_tab,
    "History": history_tab,
    "Permissions": _permissions,
}


async def endpoint_page(visitor: Visitor, name: str) -> None:
    serving = visitor.plane.serving
    require = serving.endpoints.access.require
    now, may_ask, may_manage = await asyncio.gather(
        visitor.ask(serving.looking.now.shown, name),
        visitor.may(require, Privilege.EXECUTE, name),
        visitor.may(require, Privilege.MANAGE, name),
    )
    shown = Shown(now, may_ask=may_ask, may_manage=may_manage)
    with frame(visitor, name, Crumb("Endpoints", addresses.ENDPOINTS)):
        chosen = tabs(visitor, list(_TABS))
        await part(lambda: _TABS[chosen](visitor, shown))
