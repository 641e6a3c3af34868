"""One feature table: its keys and clocks, how fresh it is, where it is published, who takes it, and its skew."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from boathouse.catalog import SecurableKind
from boathouse.features.inventory.nouns import AgeAtCommit, Consumer, Freshness
from boathouse.features.online.nouns import OnlineStoreInfo, Publication
from boathouse.features.tables.feature_tables import FeatureTable, feature_table_of
from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.names import TableName
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import Crumb, frame
from boathouse.server.ui.pages.features.skew import skew_tab
from boathouse.server.ui.pages.features.telling import (
    age_in_words,
    behind_in_words,
    freshness_in_words,
    known_in_words,
    promise_in_words,
)
from boathouse.server.ui.pages.grants import grants_card
from boathouse.server.ui.parts.grid import Ago, Linked, grid
from boathouse.server.ui.parts.later import later
from boathouse.server.ui.parts.layout import card, tabs
from boathouse.server.ui.parts.plots import over_time
from boathouse.server.ui.parts.problems import part
from boathouse.server.ui.parts.states import badge
from boathouse.server.ui.parts.text import code, facts, link, note
from boathouse.server.ui.parts.times import when
from boathouse.server.ui.visitor import Visitor
from boathouse.serving.looking.now import EndpointNow

Tab = Callable[[Visitor, FeatureTable], Awaitable[None]]
SPANS = ((2 * 86_400, 86_400, "days"), (2 * 3_600, 3_600, "hours"), (0, 60, "minutes"))
_MADE_INTO = frozenset({"model_version", "function", "online_table"})
"""What takes features as features; anything else reads the table."""


async def feature_page(visitor: Visitor, name: str) -> None:
    table = await visitor.ask(visitor.plane.catalog.securables.table, TableName.parse(name))
    known = feature_table_of(table)
    with frame(visitor, known.name, Crumb("Features", addresses.FEATURES)):
        chosen = tabs(visitor, list(_TABS))
        await part(lambda: _TABS[chosen](visitor, known))


async def _overview(visitor: Visitor, table: FeatureTable) -> None:
    plane = visitor.plane
    ages, published, stores = await asyncio.gather(
        visitor.ask(plane.feature_tables.ages, [table.name]),
        visitor.ask(plane.online_registry.publications, table.name),
        visitor.ask(plane.online_registry.stores),
    )
    with card():
        _facts(table, ages.get(table.name))
    with card("Features"):
        _features(table)
    with card("Online"):
        later(lambda: _online(visitor, table, published, stores))
    if table.timeseries_column is not None:
        with card("Freshness over time"):
            later(lambda: _ages(visitor, table), "Reading the table's log …")


def _facts(table: FeatureTable, freshness: Freshness | None) -> None:
    said, tone = freshness_in_words(freshness)
    newest = freshness.newest_event if freshness is not None else None
    facts(
        {
            "Comment": table.description,
            "Key": ", ".join(table.entity_keys),
            "Event time": table.timeseries_column or "none: features that do not change",
            "Known": known_in_words(table) if table.timeseries_column else None,
            "Promise": promise_in_words(table),
            "Newest values": lambda: badge(said, tone),
            "Newest event": (lambda: when(newest)) if newest is not None else None,
            "Owner": (lambda: link(table.owner, addresses.principal(table.owner))) if table.owner else None,
            "Tags": ", ".join(f"{key}={value}" if value else key for key, value in table.tags.items()) or None,
            "Table": lambda: link("schema, sample, history, contract", addresses.table(table.name)),
            "Lineage": lambda: link("where it comes from and where it goes", addresses.lineage(table.name)),
        }
    )


def _features(table: FeatureTable) -> None:
    columns = {each.name: each for each in table.columns}
    rows = [[name, columns[name].type_text, columns[name].comment] for name in table.features]
    grid(("Feature", "Type", "Comment"), rows, label="Features", nothing="It has only keys and clocks.")


async def _online(
    visitor: Visitor, table: FeatureTable, published: Sequence[Publication], stores: Sequence[OnlineStoreInfo]
) -> None:
    shown = await visitor.ask(visitor.plane.feature_tables.shown, table.name) if published else None
    kinds = {each.name: each.kind.value for each in stores}
    version = shown.version if shown is not None else None
    rows = [_publication(each, kinds.get(each.store), version) for each in published]
    grid(
        ("Online table", "Store", "Published", "Version", "State", "Keys", "Mode", "Features", "Time to live", "By"),
        rows,
        label="Published online",
        nothing="Its values are read only offline: no endpoint can look them up by key.",
        next_step=f"boathouse features publish {table.name}",
    )
    if rows:
        note("Publishing again brings what has changed; whoever publishes it runs:")
        code(f"boathouse features publish {table.name}")


def _publication(each: Publication, kind: str | None, version: int | None) -> list[object]:
    lives = None if each.time_to_live is None else age_in_words(each.time_to_live.total_seconds())
    return [
        each.online_table, f"{each.store} ({kind})" if kind else each.store,
        Ago(from_epoch_ms(each.published_at)) if each.published_at else None, each.published_version,
        behind_in_words(each, version), each.keys, each.mode, ", ".join(each.features) or "all", lives,
        each.created_by,
    ]  # fmt: skip


async def _ages(visitor: Visitor, table: FeatureTable) -> None:
    found = await visitor.ask(visitor.plane.feature_tables.freshness_in_time, table.name)
    promised = None if table.freshness is None else table.freshness.total_seconds()
    seconds, unit = unit_of(found, promised)
    over_time(
        {"age of the newest values": age_line(found, seconds)},
        label=f"Age of the newest values of {table.name}, in {unit}",
        thresholds={} if promised is None else {"promised": promised / seconds},
        height_pixels=220,
    )
    note(f"In {unit}, around each of the last {len(found)} commits that changed data: the age falls when one comes.")


def unit_of(found: Sequence[AgeAtCommit], promised: float | None) -> tuple[int, str]:
    """The unit in which ages are read best."""
    largest = max([each.before_seconds or each.after_seconds for each in found] + [promised or 0.0], default=0.0)
    return next((seconds, name) for least, seconds, name in SPANS if largest >= least)


def age_line(found: Sequence[AgeAtCommit], unit_seconds: int) -> list[tuple[datetime, float | None]]:
    """A saw: the age grows until a commit brings newer values."""
    points: list[tuple[datetime, float | None]] = []
    for each in found:
        if each.before_seconds is not None:
            points.append((from_epoch_ms(each.at - 1), each.before_seconds / unit_seconds))
        points.append((from_epoch_ms(each.at), each.after_seconds / unit_seconds))
    return points


async def _consumers(visitor: Visitor, table: FeatureTable) -> None:
    with card("Who takes its features"):
        later(lambda: _taken(visitor, table), "Walking the lineage …")


async def _taken(visitor: Visitor, table: FeatureTable) -> None:
    plane = visitor.plane
    found, endpoints = await asyncio.gather(
        visitor.ask(plane.feature_tables.consumers, table.name), visitor.ask(plane.serving.looking.now.listed)
    )
    rows = [*_endpoint_rows(found, endpoints), *(_consumer(each) for each in ordered(found))]
    grid(
        ("Kind", "Name", "Version", "How", "Features", "Last"),
        rows,
        label="Consumers",
        nothing="Nothing that you may know of takes its features.",
        next_step="A model takes them by FeatureLookup, and says so when it is logged with fe.log_model.",
    )


def ordered(found: Sequence[Consumer]) -> list[Consumer]:
    """What takes features first, newest versions first."""
    return sorted(found, key=lambda each: (each.kind not in _MADE_INTO, each.kind, each.name, -(each.version or 0)))


def _endpoint_rows(found: Sequence[Consumer], endpoints: Sequence[EndpointNow]) -> list[list[object]]:
    """Endpoints whose present answers come from a consumer."""
    taken: Mapping[tuple[str, int | None], Consumer] = {(each.name, each.version): each for each in found}
    rows: list[list[object]] = []
    for each in endpoints:
        standing = each.situation.standing
        routed = {route.entity_id for route in standing.routes if route.percent > 0} if standing else set[str]()
        for entity in standing.entities if standing is not None else ():
            consumer = taken.get((entity.entity, entity.version))
            if consumer is not None and entity.entity_id in routed:
                name = each.endpoint.name
                head = ["endpoint", Linked(name, addresses.endpoint(name)), None]
                rows.append([*head, f"answers with {_spelled(consumer)}", _names(consumer), None])
    return rows


def _consumer(each: Consumer) -> list[object]:
    last = None if each.last_at is None else Ago(from_epoch_ms(each.last_at))
    return [each.kind.replace("_", " "), _linked(each), each.version, each.how.lower(), _names(each), last]


def _names(consumer: Consumer) -> str:
    return "not known" if consumer.features is None else ", ".join(sorted(consumer.features))


def _spelled(consumer: Consumer) -> str:
    return consumer.name if consumer.version is None else f"{consumer.name}@{consumer.version}"


def _linked(each: Consumer) -> object:
    match each.kind:
        case "model_version" if each.version is not None:
            return Linked(each.name, addresses.model_version(each.name, each.version))
        case "job" if each.name.isdecimal():
            return Linked(each.title or each.name, addresses.job(int(each.name)))
        case "run" if each.name.isdecimal():
            return Linked(each.title or each.name, addresses.run(int(each.name)))
        case kind:
            address = addresses.securable(kind, each.name)
            return Linked(each.title or each.name, address) if address else each.title or each.name


async def _permissions(visitor: Visitor, table: FeatureTable) -> None:
    await grants_card(visitor, SecurableKind.TABLE, table.name)


_TABS: Mapping[str, Tab] = {
    "Overview": _overview,
    "Consumers": _consumers,
    "Skew": skew_tab,
    "Permissions": _permissions,
}
