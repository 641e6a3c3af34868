"""The cells of a row that take longer than a page may: figures of monitors, features, maturity."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from nicegui import ui
from nicegui.element import Element

from boathouse.foundation.names import ModelName
from boathouse.monitoring.monitors.nouns import Monitor
from boathouse.monitoring.production.models import Produced
from boathouse.monitoring.production.surroundings import Around
from boathouse.monitoring.production.troubles import Trouble, TroubleKind
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.home.figures import Figured, drift_of, freshness_of, quality_of
from boathouse.server.ui.pages.home.standing import address_of
from boathouse.server.ui.parts.plots import sparkline
from boathouse.server.ui.parts.problems import part
from boathouse.server.ui.parts.states import Tone, badge
from boathouse.server.ui.parts.text import link, words
from boathouse.server.ui.parts.times import when
from boathouse.server.ui.visitor import Visitor

QUALITY, DRIFT, ALERTS, FEATURES, MATURITY = SLOW = ("Quality", "Drift", "Alerts", "Features", "Maturity")
LOUD = (TroubleKind.ALERT, TroubleKind.INCIDENT)


async def fill_row(
    visitor: Visitor,
    model: Produced,
    cells: Mapping[str, Element],
    troubles: Sequence[Trouble],
    monitors: Sequence[Monitor],
) -> None:
    """Find out what lies around the model, then everything about that side by side."""
    endpoints = [each.endpoint for each in model.served]
    around = await visitor.ask(visitor.plane.surroundings.of, model.model, model.version, endpoints)
    await asyncio.gather(
        _into(cells[QUALITY], lambda: _plotted(quality_of(visitor, model, around, monitors))),
        _into(cells[DRIFT], lambda: _plotted(drift_of(visitor, around, monitors))),
        _into(cells[ALERTS], lambda: _alerts(model, around, troubles)),
        _into(cells[FEATURES], lambda: _features(visitor, around)),
        _into(cells[MATURITY], lambda: _maturity(visitor, model)),
    )


async def _into(cell: Element, build: Callable[[], Awaitable[Any]]) -> None:
    """What says that it is loading goes when something else stands there."""
    loading = list(cell.default_slot.children)
    with cell:
        await part(build)
    for each in loading:
        each.delete()


async def _plotted(asked: Awaitable[Figured | None]) -> None:
    found = await asked
    if found is None:
        words("not watched", style="bh-note")
        return
    if not found.values:
        link("no figure yet", addresses.monitor(found.table))
        return
    sparkline(found.values, label=f"{found.name} of {found.table}")
    link(f"{found.name} {found.values[-1]:.3g}", addresses.monitor(found.table))
    with ui.element("div").classes("bh-note"):
        words("until ")
        when(found.end)


async def _alerts(model: Produced, around: Around, troubles: Sequence[Trouble]) -> None:
    mine = [
        each
        for each in troubles
        if each.kind in LOUD and (around.is_about(each.subject) or each.subject == model.model)
    ]
    if not mine:
        badge("none", Tone.GOOD)
    for each in mine:
        name = f"incident {each.name}" if each.kind is TroubleKind.INCIDENT else each.name.rpartition(".")[2]
        link(name, address_of(each) or addresses.ALERTS, style=f"bh-badge bh-{_tone(each)}")


def _tone(trouble: Trouble) -> Tone:
    return Tone.BAD if trouble.severity == "critical" else Tone.DOUBTFUL


async def _features(visitor: Visitor, around: Around) -> None:
    found = await freshness_of(visitor, around)
    if not found.tables:
        words("no feature table", style="bh-note")
        return
    if found.late:
        for name in found.late:
            link(f"{name.rpartition('.')[2]} is late", addresses.feature_table(name), style="bh-badge bh-bad")
    elif found.kept:
        badge("fresh", Tone.GOOD)
    else:
        words("no promise", style="bh-note")
    with ui.element("div").classes("bh-note"):
        words(f"{found.tables} tables, newest ")
        when(found.newest, missing="unknown")


async def _maturity(visitor: Visitor, model: Produced) -> None:
    found = await visitor.ask(visitor.plane.maturities.of, ModelName.parse(model.model))
    standpoint = found.standpoints[0]
    top = standpoint.scale.levels[-1].number
    possible = standpoint.level_if_measured
    level = words(f"level {standpoint.level} of {top}")
    level.props["title"] = f"{standpoint.scale.levels[standpoint.level].name}; boathouse maturity {model.model}"
    if possible != standpoint.level:
        words(f"{possible} if what nobody measures were met", "div", style="bh-note")
    seen = sum(each.is_met for each in found.findings.values())
    words(f"{seen} of {len(found.findings)} practices seen", "div", style="bh-note")
