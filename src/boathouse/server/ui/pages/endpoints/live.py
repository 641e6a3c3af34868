"""Requests, errors and latency: the minutes behind us, and what comes while somebody looks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from nicegui import ui
from nicegui.elements.echart import EChart

from boathouse.monitoring.system.endpoint_figures import Figures
from boathouse.server.ui.addresses import with_query
from boathouse.server.ui.pages.endpoints.shown import Shown
from boathouse.server.ui.pages.endpoints.telling import per_cent
from boathouse.server.ui.parts.later import every
from boathouse.server.ui.parts.layout import card, columns, row
from boathouse.server.ui.parts.plots import plot
from boathouse.server.ui.parts.text import Words, heading, link, note, words
from boathouse.server.ui.visitor import Visitor

LOOK_SECONDS = 5.0
GAP_MS = 90_000
"""Between two minutes that were written down: more means that nothing was asked."""
RANGES = {"1h": timedelta(hours=1), "6h": timedelta(hours=6), "1d": timedelta(days=1), "7d": timedelta(days=7)}

Point = list[float | None]
Lines = Mapping[str, list[Point]]


@dataclass(frozen=True, slots=True)
class _Plots:
    requests: EChart
    errors: EChart
    latency: EChart

    def show(self, figures: Sequence[Figures]) -> None:
        for element, lines in zip((self.requests, self.errors, self.latency), lines_of(figures), strict=True):
            element.options["series"] = _series(lines)
            element.update()


async def live_card(visitor: Visitor, shown: Shown) -> None:
    """The card with three plots that go on by themselves."""
    chosen = visitor.query.get("last", "1h")
    last_ms = round(RANGES.get(chosen, RANGES["1h"]).total_seconds() * 1000)
    source, endpoint = visitor.plane.system_figures.endpoints, shown.now.endpoint
    known = await visitor.ask(source.minutes, shown.name, last_ms)
    nothing, look = await visitor.ask(source.since, endpoint.endpoint_id, shown.name, None)
    with card("Traffic"):
        _ranges(visitor, chosen)
        said = _said()
        with columns():
            plots = _Plots(
                _empty_plot("Requests per second", ("answered",)),
                _empty_plot("Percent of the answers", ("server errors", "from a rung below")),
                _empty_plot("Latency in milliseconds", ("p50", "p99")),
            )
        note(
            "A point for each minute with requests, and one for each 5 seconds from the moment you opened the page."
            " Shadows are not in it."
        )
    figures = [*known]
    plots.show(figures)
    said(Figures(nothing.since - last_ms, nothing.until, *_together(known)), chosen)

    async def tick() -> None:
        nonlocal look
        fresh, look = await visitor.ask(source.since, endpoint.endpoint_id, shown.name, look)
        figures.append(fresh)
        plots.show(figures)
        said(fresh, "the last 5 seconds")

    every(LOOK_SECONDS, tick, immediate=False)


def lines_of(figures: Sequence[Figures]) -> tuple[Lines, Lines, Lines]:
    """The points of the three plots; where nothing was asked, requests fall to nought, and the others have a gap."""
    requests: list[Point] = []
    errors: list[Point] = []
    fallen: list[Point] = []
    middle: list[Point] = []
    slowest: list[Point] = []
    before: Figures | None = None
    for each in figures:
        if before is not None and each.since - before.until > GAP_MS:
            requests += [[before.until + 1, 0.0], [each.since - 1, 0.0]]
            for line in (errors, fallen, middle, slowest):
                line.append([before.until + 1, None])
        at = float(each.until)
        requests.append([at, round(each.per_second, 3)])
        errors.append([at, _percent(each.error_rate)])
        fallen.append([at, _percent(each.fallen / each.requests if each.requests else None)])
        middle.append([at, _rounded(each.latency_ms(0.5))])
        slowest.append([at, _rounded(each.latency_ms(0.99))])
        before = each
    return (
        {"answered": requests},
        {"server errors": errors, "from a rung below": fallen},
        {"p50": middle, "p99": slowest},
    )


def _ranges(visitor: Visitor, chosen: str) -> None:
    with row():
        for name in RANGES:
            address = with_query(visitor.path, **{**visitor.query, "last": None if name == "1h" else name})
            element = link(f"last {name}", address)
            if name == chosen:
                element.props("aria-current=true").classes("bh-chosen-link")


def _said() -> Any:
    """Figures in words, so that no plot is the only place where they stand."""
    names = ("requests per second", "server errors", "from a rung below", "p50", "p99")
    with row():
        values = [_figure(name) for name in names]
    about = note("")

    def say(figures: Figures, of_what: str) -> None:
        fallen = figures.fallen / figures.requests if figures.requests else None
        told = (
            f"{figures.per_second:.3g}", per_cent(figures.error_rate), per_cent(fallen),
            _ms(figures.latency_ms(0.5)), _ms(figures.latency_ms(0.99)),
        )  # fmt: skip
        for element, text in zip(values, told, strict=True):
            element.set_text(text or "—")
        about.set_text(f"{figures.requests:,} requests in {of_what}.")

    return say


def _figure(meaning: str) -> Words:
    with ui.element("div").classes("bh-figure"):
        value = words("—", style="bh-figure-value")
        words(meaning, style="bh-note")
    return value


def _empty_plot(title: str, names: Sequence[str]) -> EChart:
    with ui.element("div"):
        heading(title, 3)
        options: dict[str, Any] = {
            "xAxis": {"type": "time"},
            "yAxis": {"type": "value", "min": 0},
            "series": _series({name: [] for name in names}),
        }
        element = plot(options, label=title, height_pixels=200)
    assert isinstance(element, EChart)
    return element


def _series(lines: Lines) -> list[dict[str, Any]]:
    return [
        {"name": name, "type": "line", "showSymbol": len(points) < 60, "symbolSize": 5, "data": points}
        for name, points in lines.items()
    ]


def _together(figures: Sequence[Figures]) -> tuple[int, int, int, tuple[int, ...]]:
    return (
        sum(each.requests for each in figures),
        sum(each.errors for each in figures),
        sum(each.fallen for each in figures),
        tuple(map(sum, zip(*(each.latency for each in figures), strict=True))),
    )


def _percent(share: float | None) -> float | None:
    return None if share is None else round(share * 100, 3)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _ms(value: float | None) -> str | None:
    return None if value is None else f"{value:,.0f} ms" if value >= 100 else f"{value:.3g} ms"
