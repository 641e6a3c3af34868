"""One metric over time, with what alerts ask of it and what happened meanwhile; and one window, in full."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from nicegui import ui

from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.errors import BoathouseError
from boathouse.monitoring.alerts.nouns import Alert, Firing
from boathouse.monitoring.incidents.nouns import Change, Incident
from boathouse.monitoring.monitors.settings import TABLE
from boathouse.monitoring.readings.nouns import Choices, Reading
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.monitoring import asked as asking
from boathouse.server.ui.pages.monitoring.asked import WHOLE_TABLE, Asked
from boathouse.server.ui.pages.monitoring.seen import Seen, nothing_measured, of_series, of_time
from boathouse.server.ui.pages.monitoring.window import window_section
from boathouse.server.ui.pages.monitoring.windows import told_window, window_cell, window_name
from boathouse.server.ui.parts.choosing import Choice, chooser
from boathouse.server.ui.parts.going import go_to
from boathouse.server.ui.parts.grid import Linked, grid
from boathouse.server.ui.parts.layout import card, fold
from boathouse.server.ui.parts.plots import Mark, Stretch, over_time
from boathouse.server.ui.parts.text import link, note, words

MOST_MARKS = 12
_KEPT = ("tab", "against")
_FIRINGS = 300


async def metrics_tab(seen: Seen) -> None:
    choices = await seen.choices()
    if not choices.columns:
        nothing_measured(seen)
        return
    visitor, plane = seen.visitor, seen.visitor.plane
    asked = asking.asked_for(seen.table, visitor.query, choices, seen.monitor.settings, seen.alerts)
    readings, fired, incidents = await asyncio.gather(
        visitor.ask(plane.readings.series, asked.wanted),
        visitor.ask(plane.alerting.alerts.firings, limit=_FIRINGS),
        visitor.ask(plane.incidents.incidents.list, subject=seen.table),
    )
    metrics = asking.metrics_of(readings)
    metric = asking.shown_metric(visitor.query.get("metric") or asked.metric, metrics)
    asked = Asked(asked.wanted, metric)
    changes = await _changes(seen, readings)
    with card():
        _choices(seen, choices, asked, metrics)
        words(f"{asking.metric_words(metric)} of {_column_words(asked.wanted.column)}", "h2")
        _drawn(seen, asked, readings, happened(readings, incidents, changes), _wrong(asked, fired))
        _alerts(seen, asked)
        with fold("The figures"):
            _figures(seen, asked, readings)
    await window_section(seen, asked, readings)


def _column_words(column: str) -> str:
    return "the whole table" if column == TABLE else column


def _choices(seen: Seen, choices: Choices, asked: Asked, metrics: Sequence[str]) -> None:
    columns = {each: WHOLE_TABLE if each == TABLE else each for each in choices.columns}
    fields = {
        "column": Choice("Column", columns, asked.wanted.column),
        "metric": Choice("Metric", {each: asking.metric_words(each) for each in metrics}, asked.metric),
        **of_series(choices, asked),
        **of_time(asked),
    }
    chooser(seen.visitor, fields, keep=_KEPT, label="What is shown")


async def _changes(seen: Seen, readings: Sequence[Reading]) -> Sequence[Change]:
    """Of what changed while it was measured; that there is none to be found keeps nothing from being drawn."""
    if not readings:
        return ()
    verb = seen.visitor.plane.incidents.incidents.changes_about
    try:
        return await seen.visitor.ask(verb, seen.table, since=readings[0].start, until=readings[-1].end)
    except BoathouseError:
        return ()


def happened(readings: Sequence[Reading], incidents: Sequence[Incident], changes: Sequence[Change]) -> list[Mark]:
    """What is marked: incidents where the data went wrong, and what changed in the stretch that is drawn."""
    if not readings:
        return []
    first, last = readings[0].start, readings[-1].end
    told = [(each.window[0] if each.window else each.opened_at, f"incident {each.number}") for each in incidents]
    told += [(each.at, each.text) for each in changes[:MOST_MARKS]]
    return [Mark(from_epoch_ms(at), text) for at, text in sorted(told) if first <= at <= last]


def _wrong(asked: Asked, fired: Sequence[tuple[Alert, Firing]]) -> list[Firing]:
    """What an alert said of this very figure."""
    mine = [firing for alert, firing in fired if alert.rule.table == asked.wanted.table
            and alert.rule.metric == asked.metric]  # fmt: skip
    return asking.wrong_windows(mine, asked.wanted)


def _drawn(
    seen: Seen, asked: Asked, readings: Sequence[Reading], marks: Sequence[Mark], wrong: Sequence[Firing]
) -> None:
    points = [(from_epoch_ms(each.start), each.figures.get(asked.metric)) for each in readings]
    band = [
        (from_epoch_ms(each.start), *each.intervals[asked.metric])
        for each in readings
        if asked.metric in each.intervals
    ]
    rules = [each.alert.rule for each in asking.watching(seen.alerts, asked)]
    over_time(
        {asking.metric_words(asked.metric): points},
        label=f"{asked.metric} of {asked.wanted.column} over time, {len(points)} windows",
        thresholds=asking.thresholds_of(rules),
        marks=marks,
        stretches=[_stretch(each) for each in wrong],
        band=band,
        on_choose=lambda at: go_to(window_address(seen, at)),
        in_utc=is_in_days(readings),
        height_pixels=320,
    )
    told = ["Press a point to look into its window."]
    if is_in_days(readings):
        told.append("Windows are in UTC.")
    if band:
        told.append("Blue ground: where the figure lies at 95 %.")
    note(" ".join(told))
    for firing in wrong:
        _fired(firing)


def is_in_days(readings: Sequence[Reading]) -> bool:
    """Whether the windows are whole days, or more."""
    return any(window_name(each.start, each.end) is not None for each in readings[:1])


def _fired(firing: Firing) -> None:
    """What an alert saw; it may have been repaired and computed anew since."""
    with ui.element("p"):
        told_window(firing.began, firing.window_end)
        words(f" (red): an alert saw that {firing.why}")
        if firing.incident is not None:
            words(", ")
            link(f"incident {firing.incident}", addresses.incident(str(firing.incident)))
        words(". It is fine again." if not firing.is_open else ". It still fires.")


def _stretch(firing: Firing) -> Stretch:
    start: datetime = from_epoch_ms(firing.began)
    return Stretch(start, from_epoch_ms(firing.window_end), firing.why)


def window_address(seen: Seen, start: int) -> str:
    """The same page, looking into a window."""
    return addresses.with_query(seen.visitor.path, **{**seen.visitor.query, "window": start}) + "#window"


def _alerts(seen: Seen, asked: Asked) -> None:
    mine = asking.watching(seen.alerts, asked)
    if not mine:
        return
    with ui.element("p"):
        words("Alerts on this figure: ")
        for each in mine:
            link(each.alert.name, addresses.alert(each.alert.name))
            words(f" ({each.state.lower()}) ", style="bh-note")


def _figures(seen: Seen, asked: Asked, readings: Sequence[Reading]) -> None:
    grid(
        ["Window", asked.metric, "Rows", "Version of the table", "Refresh"],
        [
            [
                Linked(window_cell(each.start, each.end), window_address(seen, each.start)),
                each.figures.get(asked.metric),
                rows_of(each),
                each.version,
                each.refresh_id,
            ]
            for each in reversed(readings)
        ],
        label=f"{asked.metric} of {asked.wanted.column} by window",
        per_page=15,
    )


def rows_of(reading: Reading) -> int | None:
    """Rows of the window: values that are there and nulls."""
    count = reading.figures.get("count")
    return None if count is None else round(count + reading.figures.get("num_nulls", 0))
