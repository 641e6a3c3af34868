"""All feature tables that the visitor may know of, and the recipes and functions beside them."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from boathouse.catalog import Function, Language
from boathouse.features.inventory.nouns import Freshness
from boathouse.features.online.nouns import Publication
from boathouse.features.tables.feature_tables import FeatureTable
from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.names import SchemaName
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import frame
from boathouse.server.ui.pages.features.telling import freshness_cell, newest_of, promise_in_words
from boathouse.server.ui.parts.grid import Ago, Grid, Linked, grid
from boathouse.server.ui.parts.later import later, soon
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.visitor import Visitor

AGES_AT_ONCE = 20
"""Tables whose logs are opened in one question."""
COUNTED = 25
"""Tables whose consumers are counted: those on the first page."""
MOST_SCHEMAS = 20
_COLUMNS = ("Feature table", "Keys", "Event time", "Features", "Age", "Promise", "Published", "Consumers", "Owner")


@dataclass(slots=True)
class _Known:
    """What is known of the tables so far."""

    tables: Sequence[FeatureTable]
    published: Mapping[str, Sequence[Publication]]
    ages: dict[str, Freshness | None] = field(default_factory=dict[str, Freshness | None])
    consumers: dict[str, int] = field(default_factory=dict[str, int])

    def rows(self) -> list[list[object]]:
        return [self._row(each) for each in self.tables]

    def _row(self, table: FeatureTable) -> list[object]:
        newest = newest_of(self.published.get(table.name, ()))
        return [
            Linked(table.name, addresses.feature_table(table.name)),
            ", ".join(table.entity_keys),
            table.timeseries_column,
            len(table.features),
            freshness_cell(self.ages.get(table.name)),
            promise_in_words(table),
            Ago(from_epoch_ms(newest.published_at)) if newest is not None and newest.published_at else None,
            self.consumers.get(table.name),
            table.owner,
        ]


async def features_page(visitor: Visitor) -> None:
    with frame(visitor, "Features"):
        later(lambda: _tables(visitor), "Looking for feature tables …")


async def _tables(visitor: Visitor) -> None:
    plane = visitor.plane
    tables, publications = await asyncio.gather(
        visitor.ask(plane.feature_tables.listed), visitor.ask(plane.online_registry.publications)
    )
    published: dict[str, list[Publication]] = defaultdict(list)
    for each in publications:
        published[each.source_table].append(each)
    known = _Known(tables, published)
    with card("Feature tables"):
        element = grid(
            _COLUMNS,
            known.rows(),
            label="Feature tables",
            nothing="There is no feature table that you may know of.",
            next_step="A table with a primary key is one: FeatureEngineeringClient().create_table(name,"
            " primary_keys=...)",
        )
    if isinstance(element, Grid):
        soon(lambda: _fill(visitor, known, element))
        with card("Feature specs and functions"):
            later(lambda: _functions(visitor, tables), "Looking for functions …")


async def _fill(visitor: Visitor, known: _Known, element: Grid) -> None:
    """What takes longer: ages come from the tables' logs, consumers from lineage."""
    source = visitor.plane.feature_tables
    names = [each.name for each in known.tables]
    for start in range(0, len(names), AGES_AT_ONCE):
        known.ages |= await visitor.ask(source.ages, names[start : start + AGES_AT_ONCE])
        element.show(known.rows())
    for name in names[:COUNTED]:
        known.consumers[name] = len(await visitor.ask(source.consumers, name))
        element.show(known.rows())


async def _functions(visitor: Visitor, tables: Sequence[FeatureTable]) -> None:
    schemas = sorted({str(each.table.parent) for each in tables})[:MOST_SCHEMAS]
    source = visitor.plane.catalog.functions
    found = await asyncio.gather(*(visitor.ask(source.functions, SchemaName.parse(each)) for each in schemas))
    rows = [_function(each) for of_schema in found for each in of_schema]
    grid(
        ("Name", "Kind", "Takes", "Gives", "Owner", "Comment"),
        rows,
        label="Feature specs and functions",
        nothing="There is no feature spec and no function beside these tables.",
        next_step="FeatureEngineeringClient().create_feature_spec(name, features=[...]) keeps a recipe under a name.",
    )


def _function(function: Function) -> list[object]:
    is_spec = function.language is Language.FEATURE_SPEC
    gives = ", ".join(each.name for each in function.columns) or function.returns
    return [
        Linked(function.full_name, addresses.function(function.full_name)),
        "feature spec" if is_spec else f"computed on demand ({function.language.value})",
        ", ".join(each.name for each in function.parameters),
        gives,
        function.securable.owner,
        function.securable.comment,
    ]
