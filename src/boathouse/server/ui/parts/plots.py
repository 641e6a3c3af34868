"""Plots by ECharts, whose code comes in the wheel. A plot is never the only place where a figure stands."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from nicegui import ui
from nicegui.element import Element

from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.times import in_milliseconds

PALETTE = ("#2f6f9f", "#c8702a", "#3b8c5a", "#8a5aa8", "#b04a5a", "#6b7280")
"""Told apart by people who do not see all colours, in light and in dark."""
QUIET = "#76818e"
"""Between the grounds of both."""
_PLAIN = {"color": QUIET, "textBorderWidth": 0}


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, drawn as a line across a plot of time."""

    at: datetime
    text: str


Points = Sequence[tuple[datetime, float | None]]
Band = Sequence[tuple[datetime, float, float]]
"""From where to where a figure may lie, at each instant."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time in which something was the case, drawn as a ground behind the lines."""

    start: datetime
    end: datetime
    text: str


def over_time(
    lines: Mapping[str, Points],
    *,
    label: str,
    thresholds: Mapping[str, float] | None = None,
    marks: Sequence[Mark] = (),
    stretches: Sequence[Stretch] = (),
    band: Band = (),
    on_choose: Callable[[int], Any] | None = None,
    in_utc: bool = False,
    height_pixels: int = 260,
) -> Element:
    """Lines over time, with thresholds across and events marked.

    Args:
        lines: Points by the name of the line.
        label: What is drawn, for people who do not see it.
        thresholds: Values across, by what they mean.
        marks: What happened, as lines down.
        stretches: In which something was the case.
        band: Where the values are expected, or lie at 95 %.
        on_choose: Called with the instant of a point (milliseconds since 1970) when somebody presses it. Offer the
            same by other means: not everybody has a pointer.
        in_utc: Whether the axis is in UTC: windows of days are cut there.
        height_pixels: Of the whole plot.
    """
    if not any(points for points in lines.values()):
        return empty("There is no figure to draw yet.")
    series: list[dict[str, Any]] = [
        {
            "name": name,
            "type": "line",
            "showSymbol": len(points) < 60,
            "data": [[in_milliseconds(at), value] for at, value in points],
        }
        for name, points in lines.items()
    ]
    across = [
        {"yAxis": at, "name": name, "label": {"formatter": name, "position": "insideEndTop", **_PLAIN}}
        for name, at in (thresholds or {}).items()
    ]
    down = [
        {"xAxis": in_milliseconds(mark.at), "name": mark.text, "label": {"formatter": mark.text[:24], **_PLAIN}}
        for mark in marks
    ]
    series[0]["markLine"] = {"symbol": "none", "silent": True, "data": [*across, *down]}
    if stretches:
        series[0]["markArea"] = _ground(stretches)
    series += _band(band)
    options: dict[str, Any] = {
        "xAxis": {"type": "time"},
        "yAxis": {"type": "value", "scale": True, **axis_reach(lines, thresholds or {}, band)},
        "series": series,
        "useUTC": in_utc,
    }
    if len(lines) > 1:
        options["legend"] = {"type": "scroll", "top": 0, "data": list(lines)}
    element = plot(options, label=label, height_pixels=height_pixels, has_legend=len(lines) > 1)
    if on_choose is not None and isinstance(element, ui.echart):
        element.on_point_click(lambda event: on_choose(_instant_of(event.value)))
    return element


def _instant_of(value: Any) -> int:
    """Of a point of a line over time: when, and how much."""
    return int(value[0])


def axis_reach(lines: Mapping[str, Points], thresholds: Mapping[str, float], band: Band) -> dict[str, float]:
    """Thresholds belong to the picture: without them nobody sees how far away they are."""
    values = [value for points in lines.values() for _, value in points if value is not None]
    values += [end for _, *ends in band for end in ends]
    if not (thresholds or band) or not values:
        return {}
    low, high = min(*values, *thresholds.values()), max(*values, *thresholds.values())
    step = _step(high - low)
    below, above = (math.ceil(low / step) - 1) * step, (math.floor(high / step) + 1) * step
    return {"min": _even(0.0 if low >= 0 > below else below), "max": _even(above)}


def _step(reach: float) -> float:
    """A round number of which some five make the whole: the labels at both ends stand in line with the others."""
    raw = (reach or 1.0) / 5
    size = 10 ** math.floor(math.log10(raw))
    return next((each * size for each in (1, 2, 5) if each * size >= raw), 10 * size)


def _even(value: float) -> float:
    return float(f"{value:.12g}")


def _ground(stretches: Sequence[Stretch]) -> dict[str, Any]:
    data = [
        [{"xAxis": in_milliseconds(each.start), "name": each.text}, {"xAxis": in_milliseconds(each.end)}]
        for each in stretches
    ]
    return {"silent": True, "itemStyle": {"color": "#b04a5a", "opacity": 0.13}, "label": {"show": False}, "data": data}


def _band(band: Band) -> list[dict[str, Any]]:
    """Two lines that are not seen, the ground between them is."""
    if not band:
        return []
    common: dict[str, Any] = {
        "type": "line", "stack": "band", "symbol": "none", "silent": True, "lineStyle": {"opacity": 0},
        "tooltip": {"show": False}, "stackStrategy": "all",
    }  # fmt: skip
    lower = [[in_milliseconds(at), low] for at, low, _ in band]
    between = [[in_milliseconds(at), high - low] for at, low, high in band]
    ground = {"areaStyle": {"color": PALETTE[0], "opacity": 0.14}}
    return [{**common, "name": "from", "data": lower}, {**common, "name": "to", "data": between, **ground}]


def bars(
    names: Sequence[str], values: Mapping[str, Sequence[float | None]], *, label: str, height_pixels: int = 240
) -> Element:
    """Bars side by side: one group per name, one colour per series."""
    series = [{"name": name, "type": "bar", "data": list(told)} for name, told in values.items()]
    return plot({"xAxis": {"type": "category", "data": list(names)}, "yAxis": {"type": "value"}, "series": series},
                label=label, height_pixels=height_pixels)  # fmt: skip


def sparkline(values: Sequence[float | None], *, label: str) -> Element:
    """The shape of the last figures, drawn as SVG: cheap enough for a row of each."""
    told = [value for value in values if value is not None]
    if len(told) < 2:
        return ui.label("—").classes("bh-inline")
    low, high = min(told), max(told)
    reach = (high - low) or 1.0
    step = 100 / max(len(values) - 1, 1)
    points = " ".join(
        f"{number * step:.1f},{22 - 20 * (value - low) / reach:.1f}"
        for number, value in enumerate(values)
        if value is not None
    )
    svg = f'<svg viewBox="0 0 100 24" preserveAspectRatio="none"><polyline points="{points}"/></svg>'
    element = ui.html(svg, sanitize=False, tag="span").classes("bh-sparkline")
    return _named(element, f"{label}: from {told[0]:.4g} to {told[-1]:.4g}")


def histogram(shares: Sequence[float], *, label: str, beside: Sequence[float] = ()) -> Element:
    """A distribution as small bars, drawn as SVG; ``beside`` is another one, outlined."""
    most = max([*shares, *beside], default=0.0) or 1.0
    drawn = _small_bars(shares, most, "bh-bar") + _small_bars(beside, most, "bh-bar-beside")
    svg = f'<svg viewBox="0 0 160 36" preserveAspectRatio="none">{drawn}</svg>'
    return _named(ui.html(svg, sanitize=False, tag="span").classes("bh-histogram"), label)


def _small_bars(shares: Sequence[float], most: float, style: str) -> str:
    step = 160 / max(len(shares), 1)
    return "".join(
        f'<rect class="{style}" x="{place * step:.1f}" y="{36 - 36 * share / most:.1f}" '
        f'width="{max(step - 0.6, 0.6):.1f}" height="{36 * share / most:.1f}"/>'
        for place, share in enumerate(shares)
    )


def plot(options: dict[str, Any], *, label: str, height_pixels: int = 260, has_legend: bool | None = None) -> Element:
    """Any ECharts options in the look of the house."""
    many = has_legend if has_legend is not None else len(options.get("series", ())) > 1
    told = {
        "animation": False,
        "color": list(PALETTE),
        "grid": {"left": 8, "right": 16, "top": 34 if many else 16, "bottom": 8, "containLabel": True},
        "tooltip": {"trigger": "axis", "confine": True, "renderMode": "richText"},  # never HTML
        **({"legend": {"type": "scroll", "top": 0}} if many else {}),
        **options,
    }
    for name in ("xAxis", "yAxis"):
        if isinstance(axis := told.get(name), dict):
            told[name] = _quiet_axis(cast("dict[str, Any]", axis))
    if isinstance(legend := told.get("legend"), dict):
        told["legend"] = {"textStyle": {"color": QUIET}, "pageTextStyle": {"color": QUIET}, **legend}
    return _named(ui.echart(told).classes("bh-plot").style(f"height: {height_pixels}px"), label)


def _quiet_axis(axis: dict[str, Any]) -> dict[str, Any]:
    """Words and lines that can be read on light and on dark ground."""
    common = {"axisLabel": {"color": QUIET}, "axisLine": {"lineStyle": {"color": QUIET}}}
    return {**common, "splitLine": {"lineStyle": {"color": QUIET, "opacity": 0.22}}, **axis}


def _named(element: Element, label: str) -> Element:
    element.props["role"] = "img"
    element.props["aria-label"] = label
    return element
