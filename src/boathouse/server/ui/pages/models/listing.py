"""All models that one may read: found by name, page by page."""

from nicegui import ui

from boathouse.catalog import SecurableKind
from boathouse.models.nouns import RegisteredModel
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import frame
from boathouse.server.ui.pages.models.telling import at
from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.filtering import Field, filters
from boathouse.server.ui.parts.grid import Ago, Linked, grid
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.text import link
from boathouse.server.ui.visitor import Visitor

PER_PAGE = 50
COLUMNS = ("Model", "Champion", "Challenger", "Other aliases", "Changed", "Comment")
LONGEST_COMMENT = 120


async def models_page(visitor: Visitor) -> None:
    """``/ui/models``"""
    wanted, catalog = visitor.query.get("q", "").strip(), visitor.query.get("catalog", "")
    found, following = await visitor.ask(
        visitor.plane.models.page_of_registered_models,
        after=visitor.query.get("after"),
        limit=PER_PAGE,
        containing=wanted,
        catalog=catalog or None,
    )
    catalogs = await visitor.ask(visitor.plane.catalog.securables.list, SecurableKind.CATALOG, None)
    with frame(visitor, "Models"):
        known = {"": "all catalogs", **{each.full_name: each.full_name for each in catalogs}}
        filters(visitor, Field("q", "Search models by name"), Field("catalog", "Catalog", known), press="Search")
        with card():
            if not found:
                _nothing(wanted or catalog)
            else:
                grid(COLUMNS, [_row(each) for each in found], label="Models", per_page=PER_PAGE)
                _pages(visitor, following)


def _pages(visitor: Visitor, following: str | None) -> None:
    query = {name: value for name, value in visitor.query.items() if name != "after"}
    if following is None and "after" not in visitor.query:
        return
    with ui.element("nav").classes("bh-row").props('aria-label="Pages of models"'):
        if "after" in visitor.query:
            link("First page", addresses.with_query(visitor.path, **query))
        if following is not None:
            link("Next page", addresses.with_query(visitor.path, **query, after=following))


def _nothing(asked: str) -> None:
    if asked:
        empty("No model that you may read has such a name.", "Search for less of it, or in all catalogs.")
        return
    empty(
        "There are no models that you may read yet.",
        "Register one from a run: mlflow.register_model(...), or deploy a bundle: boathouse bundle deploy",
    )


def _row(model: RegisteredModel) -> list[object]:
    comment = model.comment or ""
    others = sorted(alias for alias in model.aliases if alias not in ("champion", "challenger"))
    return [
        Linked(model.name, addresses.model(model.name)),
        _version(model, "champion"),
        _version(model, "challenger"),
        ", ".join(f"{alias}: {model.aliases[alias]}" for alias in others) or None,
        Ago(at(model.updated_at)),
        comment if len(comment) <= LONGEST_COMMENT else f"{comment[:LONGEST_COMMENT]}…",
    ]


def _version(model: RegisteredModel, alias: str) -> object:
    number = model.aliases.get(alias)
    return None if number is None else Linked(f"version {number}", addresses.model_version(model.name, number))
