"""One function: what it takes, what it gives, and how it computes that."""

import asyncio
from collections.abc import Sequence

from boathouse.catalog import Function, SecurableKind
from boathouse.catalog.definitions import Dependency, Parameter
from boathouse.foundation.names import FunctionName
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import frame
from boathouse.server.ui.pages.catalog import permissions, place_card
from boathouse.server.ui.pages.tables.trail import trail_to
from boathouse.server.ui.parts.grid import Linked, grid
from boathouse.server.ui.parts.layout import card, tabs
from boathouse.server.ui.parts.text import facts, note, preformatted
from boathouse.server.ui.visitor import Visitor

K = SecurableKind


async def function_page(visitor: Visitor, name: str) -> None:
    catalog = visitor.plane.catalog
    parsed = FunctionName.parse(name)
    function, used_by = await asyncio.gather(
        visitor.ask(catalog.functions.function, parsed), visitor.ask(catalog.describing.describe, name, K.FUNCTION)
    )
    with frame(visitor, function.full_name, *trail_to(function.full_name)):
        shown = tabs(visitor, ["Overview", "Lineage", "Permissions"])
        if shown == "Permissions":
            await permissions(visitor, K.FUNCTION, function.full_name)
            return
        if shown == "Lineage":
            from boathouse.server.ui.pages.lineage.card import lineage_card

            lineage_card(visitor, function.full_name, "function")
            return
        await place_card(visitor, function.securable)
        _definition(function)
        parameters_card("Parameters", function.parameters)
        if function.returns_rows:
            parameters_card("Columns that it returns", function.columns)
        dependencies_card(function.dependencies)
        if models := used_by.used_by.models:
            note(f"Used by {', '.join(models)}.")


def _definition(function: Function) -> None:
    with card("Definition"):
        facts(
            {
                "Language": function.language.value.replace("_", " ").lower(),
                "Returns": "rows" if function.returns_rows else function.returns or None,
                "Deterministic": "yes" if function.deterministic else "no",
                "Handler": function.handler,
            }
        )
        if function.body:
            preformatted(function.body)
        else:
            note("Its body is shown to those who may execute it.")


def parameters_card(title: str, parameters: Sequence[Parameter]) -> None:
    with card(title):
        grid(
            ["Name", "Type", "Default", "Comment"],
            [[each.name, each.type_text, each.default, each.comment] for each in parameters],
            label=title,
            nothing="None.",
        )


def dependencies_card(dependencies: Sequence[Dependency]) -> None:
    """What a definition names."""
    with card("Reads"):
        grid(
            ["Name", "Kind", "Columns"],
            [
                [
                    Linked(each.full_name, addresses.securable(each.kind, each.full_name) or ""),
                    each.kind.value,
                    ", ".join(each.columns) or None,
                ]
                for each in dependencies
            ],
            label="What the definition reads",
            nothing="Nothing that is governed, as far as you may know.",
        )
