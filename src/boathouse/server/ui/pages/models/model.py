"""One model: what is in production of it and why first, then everything else."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from nicegui import ui

from boathouse.catalog import SecurableKind
from boathouse.foundation.names import ModelName
from boathouse.models.nouns import ModelVersion, RegisteredModel
from boathouse.models.registry import parse_model_name
from boathouse.models.requirements.nouns import NoRequirements
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import Crumb, frame
from boathouse.server.ui.pages.grants import grants_card
from boathouse.server.ui.pages.models.challenger import challenger_card
from boathouse.server.ui.pages.models.champion import champion_card
from boathouse.server.ui.pages.models.consumers import consumers_cards
from boathouse.server.ui.pages.models.history import history_card
from boathouse.server.ui.pages.models.requirements import requirements_cards
from boathouse.server.ui.pages.models.retraining import retraining_cards
from boathouse.server.ui.pages.models.versions import versions_card
from boathouse.server.ui.parts.layout import card, columns, tabs
from boathouse.server.ui.parts.problems import part
from boathouse.server.ui.parts.text import facts, link, note
from boathouse.server.ui.parts.times import when
from boathouse.server.ui.visitor import Visitor

TABS = ("In production", "Versions", "Aliases in time", "Requirements", "Used by", "Retraining", "Permissions")


async def model_page(visitor: Visitor, name: str) -> None:
    """``/ui/models/{name}``"""
    parsed = parse_model_name(name)
    model, versions = await visitor.ask(visitor.plane.models.model_with_versions, parsed)
    with frame(visitor, model.name, Crumb("Models", addresses.MODELS)):
        if model.comment:
            note(model.comment)
        with ui.element("div").classes("bh-row bh-links"):
            link("In MLflow", addresses.mlflow_model(model.name))
            link("Lineage", addresses.lineage(model.name))
        shown = tabs(visitor, TABS)
        box = ui.element("div")

        async def fill(found: tuple[RegisteredModel, list[ModelVersion]]) -> None:
            box.clear()
            with box:
                await _tab(visitor, shown, parsed, found, refresh)

        async def refresh() -> None:
            await fill(await visitor.ask(visitor.plane.models.model_with_versions, parsed))

        await fill((model, versions))


async def _tab(
    visitor: Visitor,
    shown: str,
    name: ModelName,
    found: tuple[RegisteredModel, list[ModelVersion]],
    refresh: Callable[[], Awaitable[None]],
) -> None:
    model, versions = found
    match shown:
        case "Versions":
            await part(lambda: versions_card(visitor, model, versions))
        case "Aliases in time":
            await part(lambda: history_card(visitor, name))
        case "Requirements":
            await part(lambda: requirements_cards(visitor, name))
        case "Used by":
            await part(lambda: consumers_cards(visitor, name))
        case "Retraining":
            await part(lambda: retraining_cards(visitor, name, refresh))
        case "Permissions":
            await grants_card(visitor, SecurableKind.REGISTERED_MODEL, model.name)
        case _:
            await part(lambda: champion_card(visitor, name, refresh))
            with columns():
                await part(lambda: challenger_card(visitor, model))
                await part(lambda: _about(visitor, model, versions))


async def _about(visitor: Visitor, model: RegisteredModel, versions: list[ModelVersion]) -> None:
    asked = None
    with suppress(NoRequirements):
        held = await visitor.ask(visitor.plane.governance.requirements.get, ModelName.parse(model.name))
        asked = held.requirements
    with card("About this model"):
        facts(
            {
                "Objective": asked.objective if asked else "not stated: write it in boathouse.yml",
                "Owner": asked.owner if asked else None,
                "On call": asked.on_call if asked else None,
                "Risk tier": asked.risk_tier.value if asked else None,
                "Versions": len(versions),
                "Tags": ", ".join(f"{key}: {value}" for key, value in sorted(model.tags.items())) or None,
                "Created": lambda: when(model.created_at),
                "Changed": lambda: when(model.updated_at, ago=True),
            }
        )
