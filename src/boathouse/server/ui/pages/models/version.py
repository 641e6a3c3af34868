"""One version of a model: its gates and approval first, then what it is made of."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from nicegui import ui

from boathouse.foundation.names import ModelName
from boathouse.models.promotion.nouns import Explanation
from boathouse.models.registry import parse_model_name
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import Crumb, frame
from boathouse.server.ui.pages.models.approval import approval_card
from boathouse.server.ui.pages.models.card_tab import card_sections
from boathouse.server.ui.pages.models.data import data_cards, signature_cards
from boathouse.server.ui.pages.models.gates import evidence_card, standing_card
from boathouse.server.ui.pages.models.history import timeline
from boathouse.server.ui.pages.models.reproduction import LOOK_SECONDS, reproduction_cards
from boathouse.server.ui.parts.later import every, later
from boathouse.server.ui.parts.layout import card, tabs
from boathouse.server.ui.parts.problems import part
from boathouse.server.ui.parts.states import badge
from boathouse.server.ui.parts.text import link, note
from boathouse.server.ui.visitor import Visitor

TABS = ("Gates and approval", "Data and features", "Signature", "Card", "Reproduce", "Aliases in time")


async def version_page(visitor: Visitor, name: str, version: str) -> None:
    """``/ui/models/{name}/versions/{version}``; an alias is understood too."""
    address = visitor.plane.governance.address(name, version)
    told = await visitor.ask(visitor.plane.governance.decisions.why, address)
    trail = (Crumb("Models", addresses.MODELS), Crumb(told.model, addresses.model(told.model)))
    with frame(visitor, f"{told.model}, version {told.version}", *trail):
        _links(told)
        shown = tabs(visitor, TABS)
        box = ui.element("div")
        page = _Page(visitor, shown, told)

        async def refresh() -> None:
            page.told = await visitor.ask(visitor.plane.governance.decisions.why, address)
            await fill()

        async def fill() -> None:
            box.clear()
            with box:
                await part(lambda: _tab(page, refresh))

        async def look() -> None:
            if page.is_under_way:
                await fill()

        if shown in ("Gates and approval", "Aliases in time"):
            await fill()
        else:  # what lies in files and in MLflow's tables comes after the page
            later(fill)
        if shown == "Reproduce":
            every(LOOK_SECONDS, look)


@dataclass
class _Page:
    """What the page shows at the moment."""

    visitor: Visitor
    shown: str
    told: Explanation
    is_under_way: bool = False


def _links(told: Explanation) -> None:
    with ui.element("div").classes("bh-row bh-links"):
        for alias in told.aliases:
            badge(alias)
        link("In MLflow", f"{addresses.mlflow_model(told.model)}/versions/{told.version}")
        if told.version > 1:
            link("Compare with another version", addresses.model_comparison(told.model, told.version - 1, told.version))


async def _tab(page: _Page, refresh: Callable[[], Awaitable[None]]) -> None:
    visitor, told = page.visitor, page.told
    name, version = parse_model_name(told.model), told.version
    match page.shown:
        case "Data and features":
            data_cards(visitor, await visitor.ask(visitor.plane.releases.cards.facts, name, version))
        case "Signature":
            signature_cards(await visitor.ask(visitor.plane.releases.cards.facts, name, version))
        case "Card":
            card_sections(await visitor.ask(visitor.plane.releases.cards.facts, name, version))
        case "Reproduce":
            page.is_under_way = await reproduction_cards(visitor, name, version, refresh)
        case "Aliases in time":
            await _moves(visitor, name, version)
        case _:
            standing_card(told)
            await approval_card(visitor, name, told, refresh)
            evidence_card(told.model, told.now.evidence if told.now else (), f"{told.model}@{version}")


async def _moves(visitor: Visitor, name: ModelName, version: int) -> None:
    moves = await visitor.ask(visitor.plane.models.alias_history, name)
    mine = [each for each in moves if version in (each.from_version, each.to_version)]
    with card("How aliases came to this version and left it"):
        if mine:
            timeline(mine)
        else:
            note("No alias has ever pointed at this version.")
