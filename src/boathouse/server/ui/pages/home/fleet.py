"""The models in production as rows; what takes longer to find out comes into each row after the page."""

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from nicegui import ui
from nicegui.element import Element

from boathouse.monitoring.production.models import Produced, ServedAt
from boathouse.monitoring.production.troubles import Trouble
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.home.slow_cells import SLOW, fill_row
from boathouse.server.ui.parts.filtering import Field, filters
from boathouse.server.ui.parts.later import soon
from boathouse.server.ui.parts.layout import card, row
from boathouse.server.ui.parts.paging import page_links
from boathouse.server.ui.parts.states import Tone, badge
from boathouse.server.ui.parts.text import link, note, words
from boathouse.server.ui.parts.times import when
from boathouse.server.ui.visitor import Visitor

AT_ONCE = 2
"""Rows that are looked at side by side."""
QUICK = ("Model", "In production", "Endpoint")
SEARCH_FROM = 8


def fleet_card(
    visitor: Visitor, models: Sequence[Produced], troubles: Sequence[Trouble], *, total: int, page: int, per_page: int
) -> None:
    """A page of the models in production."""
    with card("In production"):
        _search(visitor, total)
        if not models:
            is_searched = bool(visitor.query.get("q"))
            note("No model in production has such a name." if is_searched else "No model has a champion yet.")
            return
        slow: list[tuple[Produced, dict[str, Element]]] = []
        with ui.element("div").classes("bh-scroll").props('tabindex=0 role=region aria-label="Models in production"'):
            with ui.element("table").classes("bh-fleet"):
                with ui.element("thead"), ui.element("tr"):
                    for name in (*QUICK, *SLOW):
                        words(name, "th").props("scope=col")
                with ui.element("tbody"):
                    for each in models:
                        slow.append((each, _row(each)))
        page_links(
            visitor,
            more=page + 1 < -(-total // per_page),
            total=total,
            per_page=per_page,
            label="models in production",
        )

    async def fill() -> None:
        at_once = asyncio.Semaphore(AT_ONCE)
        monitors = await visitor.ask(visitor.plane.monitors.list)

        async def one(model: Produced, cells: dict[str, Element]) -> None:
            async with at_once:
                await fill_row(visitor, model, cells, troubles, monitors)

        await asyncio.gather(*(one(*each) for each in slow))

    soon(fill)


@contextmanager
def _cell(name: str) -> Generator[Element]:
    with ui.element("td").props(f'data-label="{name}"') as element:
        yield element


def _row(model: Produced) -> dict[str, Element]:
    here = addresses.model(model.model)
    cells: dict[str, Element] = {}
    with ui.element("tr"):
        with _cell(QUICK[0]):
            link(model.model, here)
            words(model.owner or "no owner", "div", style="bh-note")
        with _cell(QUICK[1]):
            _champion(model, here)
        with _cell(QUICK[2]):
            _endpoints(model.served)
        for name in SLOW:
            with _cell(name) as cells[name]:
                words("…", style="bh-note bh-loading").props('aria-label="Loading"')
    return cells


def _champion(model: Produced, here: str) -> None:
    if model.version is None:
        badge(f"no {model.alias}", Tone.DOUBTFUL)
    else:
        link(f"version {model.version}", addresses.model_version(model.model, model.version))
        if model.since is not None:
            with ui.element("div").classes("bh-note"):
                words("since ")
                when(model.since.moved_at, ago=True)
    with ui.element("div"):
        link("Why, and how to go back", here)


def _endpoints(served: Sequence[ServedAt]) -> None:
    if not served:
        words("not served", style="bh-note")
    for each in served:
        link(each.endpoint, addresses.endpoint(each.endpoint))
        shares = ", ".join(
            f"v{share.version} {share.percent:g} %{'' if share.role == 'primary' else f' {share.role}'}"
            for share in each.shares
        )
        with row():
            badge(each.ready)
            words(shares or "nothing answers", style="bh-note")


def _search(visitor: Visitor, total: int) -> None:
    """A field for many models; few are seen at once."""
    if total >= SEARCH_FROM or visitor.query.get("q"):
        filters(visitor, Field("q", f"Search models in production ({total:,})"), press="Search")
