"""Home: a sentence that says whether everything is all right, and below it every model in production."""

import asyncio
from collections.abc import Sequence

from nicegui import ui

from boathouse.models.approval.signatures import Signatures
from boathouse.monitoring.production.troubles import Trouble
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import frame
from boathouse.server.ui.pages.home.first_steps import first_steps
from boathouse.server.ui.pages.home.fleet import fleet_card
from boathouse.server.ui.pages.home.standing import standing_card
from boathouse.server.ui.parts.later import later
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.paging import page_of
from boathouse.server.ui.parts.text import link
from boathouse.server.ui.visitor import Visitor

PER_PAGE = 10
MOST_SUBJECTS = 5
"""Troubles whose models are looked for, so that these stand first."""
MOST_PENDING = 10


async def home_page(visitor: Visitor) -> None:
    """``/ui/``"""
    plane = visitor.plane
    troubles, names = await asyncio.gather(visitor.ask(plane.troubles.now), visitor.ask(plane.production.names))
    if not names.every and not await _has_models(visitor):
        with frame(visitor, "Home"):
            if troubles:
                standing_card(troubles, names)
            first_steps()
        return
    touched = await _touched(visitor, troubles)
    wanted = visitor.query.get("q", "").strip().lower()
    found = [each for each in in_order(names.every, touched) if wanted in each.lower()]
    page = page_of(visitor, total=len(found), per_page=PER_PAGE)
    shown = await visitor.ask(plane.production.shown, found[page * PER_PAGE : (page + 1) * PER_PAGE])
    with frame(visitor, "Home"):
        standing_card(troubles, names)
        later(lambda: _pending(visitor), "")
        fleet_card(visitor, shown, troubles, total=len(found), page=page, per_page=PER_PAGE)


def in_order(names: Sequence[str], touched: set[str]) -> list[str]:
    """Models that a trouble touches first; the others as they stand."""
    return sorted(names, key=lambda name: name not in touched)


async def _has_models(visitor: Visitor) -> bool:
    found, _ = await visitor.ask(visitor.plane.models.page_of_registered_models, limit=1)
    return bool(found)


async def _touched(visitor: Visitor, troubles: Sequence[Trouble]) -> set[str]:
    subjects = list(dict.fromkeys(each.subject for each in troubles))[:MOST_SUBJECTS]
    touched = visitor.plane.surroundings.models_touched
    found = await asyncio.gather(*(visitor.ask(touched, each) for each in subjects))
    return {name for names in found for name in names}


async def _pending(visitor: Visitor) -> None:
    """What waits for this reader's own signature."""
    found = await visitor.ask(visitor.plane.models.approvals.pending)
    if not found:
        return
    with card("Waits for your signature"), ui.element("ul"):
        for each in found[:MOST_PENDING]:
            _waiting(each)


def _waiting(each: Signatures) -> None:
    with ui.element("li"):
        link(f"Version {each.version} of {each.model}", addresses.model_version(each.model, each.version))
