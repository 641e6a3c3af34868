"""One window: how its values are distributed beside the baseline, and the rows that its figures were made of."""

from collections.abc import Sequence
from typing import Any

from nicegui import ui

from boathouse.foundation.clock import from_epoch_ms
from boathouse.monitoring.impact.behind import Behind, Figure
from boathouse.monitoring.monitors.settings import TABLE
from boathouse.monitoring.readings.nouns import Reading, Shape, Shapes
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.monitoring.asked import Asked
from boathouse.server.ui.pages.monitoring.drawn import side_by_side
from boathouse.server.ui.pages.monitoring.seen import Seen
from boathouse.server.ui.pages.monitoring.windows import told_window
from boathouse.server.ui.parts.choosing import Choice, chooser
from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.grid import grid
from boathouse.server.ui.parts.later import later
from boathouse.server.ui.parts.layout import card, columns, fold
from boathouse.server.ui.parts.plots import bars
from boathouse.server.ui.parts.text import facts, link, note, preformatted, words
from boathouse.server.ui.visitor import Visitor

MOST_ROWS = 20
_KEPT = ("column", "metric", "granularity", "slice", "model", "windows", "window")
_FACTS = ("count", "percent_null", "avg", "stddev", "min", "median", "max", "distinct_count", "labelled_count")


async def window_section(seen: Seen, asked: Asked, readings: Sequence[Reading]) -> None:
    """Of the window that the address names, else of the newest one."""
    if not readings:
        return
    said = seen.visitor.query.get("window", "")
    chosen = next((each for each in readings if str(each.start) == said), readings[-1])
    with ui.element("div").props("id=window"), columns():
        with card():
            _title(chosen)
            later(lambda: _distribution(seen, asked, chosen))
        with card("What this figure was computed from"):
            later(lambda: _behind(seen, asked, chosen))


def _title(reading: Reading) -> None:
    with words("Window ", "h2"):
        told_window(reading.start, reading.end)


async def _distribution(seen: Seen, asked: Asked, reading: Reading) -> None:
    figures = {name: f"{reading.figures[name]:,.6g}" for name in _FACTS if name in reading.figures}
    facts({**figures, "version of the table": reading.version})
    if asked.wanted.column == TABLE:
        return
    found = await seen.visitor.ask(seen.visitor.plane.readings.shapes, asked.wanted, reading.start)
    beside = _compared(seen.visitor, found)
    if found.window is None:
        empty("The window's summary is not stored any more.")
        return
    shapes: dict[str, Shape] = {"this window": found.window}
    if beside is not None:
        shapes[beside[0]] = beside[1]
    drawn = side_by_side(list(shapes.values()))
    if not drawn.names:
        note("Values of this type have no distribution that can be drawn.")
        return
    series = {name: [round(share, 2) for share in shares] for name, shares in zip(shapes, drawn.shares, strict=True)}
    bars(drawn.names, series, label=f"Distribution of {asked.wanted.column}: {', '.join(shapes)}")
    note("Percent of the rows of each.")
    with fold("The distribution in figures"):
        grid(
            ["Values", *(f"{name} (%)" for name in shapes)],
            [[name, *(each[place] for each in series.values())] for place, name in enumerate(drawn.names)],
            label=f"Distribution of {asked.wanted.column}",
            per_page=15,
        )


def _compared(visitor: Visitor, found: Shapes) -> tuple[str, Shape] | None:
    """What the window stands beside: the baseline, if there is one, or the window before."""
    known = {"baseline": ("baseline", found.baseline), "before": ("window before", found.before)}
    there = {key: (name, shape) for key, (name, shape) in known.items() if shape is not None}
    if not there:
        return None
    said = visitor.query.get("against", "")
    chosen = said if said in there else next(iter(there))
    options = {key: name for key, (name, _) in there.items()}
    chooser(visitor, {"against": Choice("Beside", options, chosen)}, keep=_KEPT, label="What the window stands beside")
    return there[chosen]


async def _behind(seen: Seen, asked: Asked, reading: Reading) -> None:
    wanted = asked.wanted
    figure = Figure(
        seen.table,
        None if wanted.column == TABLE else wanted.column,
        reading.start,
        wanted.granularity,
        wanted.slice_key,
        wanted.slice_value,
        wanted.model,
    )
    _told(await seen.visitor.ask(seen.visitor.plane.figures.behind, figure, limit=MOST_ROWS))


def _told(found: Behind) -> None:
    run = found.refresh.get("run_id")
    version = found.version
    at = addresses.with_query(addresses.table(found.table), tab="History", version=version)
    told: dict[str, object] = {
        "rows": f"{found.count:,}",
        "table": lambda: link(f"{found.table}, version {version}" if version is not None else found.table, at),
        "refresh": _refresh_words(found),
    }
    if run is not None:
        told["run of the refresh"] = lambda: link(str(run), addresses.run(int(run)))
    facts(told)
    shown = [[_cell(value) for value in each.values()] for each in found.rows]
    names = list(found.rows[0]) if found.rows else []
    with fold(f"The first {len(shown)} of {found.count:,} rows" if shown else "Rows", is_open=bool(shown)):
        grid(names, shown, label="Rows behind the figure", nothing="No row is there any more.", per_page=10)
    with fold("The query that gives them all"):
        preformatted(found.query)
        for name, value in found.parameters.items():
            note(f":{name} is {value}")


def _refresh_words(found: Behind) -> str | None:
    number, by = found.refresh.get("refresh_id"), found.refresh.get("requested_by")
    if number is None:
        return None
    started = found.refresh.get("started_at")
    when_told = f", {from_epoch_ms(int(started)):%Y-%m-%d %H:%M} UTC" if started is not None else ""
    return f"{number}{f', asked for by {by}' if by else ''}{when_told}"


def _cell(value: Any) -> object:
    return value if value is None or isinstance(value, int | float) or hasattr(value, "tzinfo") else str(value)
