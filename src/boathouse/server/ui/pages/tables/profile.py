"""What the columns of a table hold: computed when somebody wants to know, in a query process."""

import json
import time
from collections.abc import Mapping
from typing import Any

from nicegui import ui

from boathouse.foundation.names import TableName
from boathouse.server.ui.parts.asking import button
from boathouse.server.ui.parts.figures import counted
from boathouse.server.ui.parts.layout import card, row
from boathouse.server.ui.parts.plots import histogram
from boathouse.server.ui.parts.problems import part
from boathouse.server.ui.parts.states import Tone, badge
from boathouse.server.ui.parts.text import note, words
from boathouse.server.ui.statements import read
from boathouse.server.ui.visitor import Visitor
from boathouse.session.statements.nouns import PROFILE, StatementRequest

Json = Mapping[str, Any]
_SHOWN_ITEMS = 3


def profile_tab(visitor: Visitor, name: TableName) -> None:
    version, against = (visitor.query.get(each, "") for each in ("version", "against"))
    version, against = (each if each.isdecimal() else "" for each in (version, against))
    with card("Profile"):
        at = f" version {version}" if version else " the newest version"
        beside = f", beside version {against}" if against else ""
        note(f"Nulls, extremes, frequent values and distribution of each column of{at}{beside}; all rows are read.")
        place = ui.element("div")
        start = button("Profile the table", lambda: fill(), style="bh-primary")
        result = ui.element("div")

    async def fill() -> None:
        result.clear()
        with result:
            await part(lambda: _show(visitor, place, profile_request(name, version, against)))
        start.set_text("Profile it again")  # pyright: ignore[reportAttributeAccessIssue]


def profile_request(name: TableName, version: str, against: str) -> StatementRequest:
    """The statement of ``boathouse summarize``."""
    values = {"name": ("STRING", str(name)), "version": ("INT", version), "against": ("STRING", against)}
    given = [{"name": key, "type": kind, "value": value} for key, (kind, value) in values.items() if value]
    told = ", ".join(str(each["value"]) for each in given)
    return StatementRequest(f"summarize({told})", tuple(given), work=PROFILE)


async def _show(visitor: Visitor, place: ui.element, request: StatementRequest) -> None:
    started = time.monotonic()
    with place:
        line = ui.element("div").classes("bh-row").props("role=status")
    with line:
        ui.spinner(size="20px")
        told = words("Reading all rows …", style="bh-note")

    def offer_to_stop(statement_id: str) -> None:
        with line:
            button("Stop", lambda: visitor.ask(visitor.plane.statements.cancel, statement_id), style="bh-small")

    with line:
        ui.timer(1.0, lambda: told.set_text(f"Reading all rows, {time.monotonic() - started:.0f} s …"))
    try:
        found = await read(visitor, request, offer_to_stop)
    finally:
        line.delete()
    profile(json.loads(found.values[0][0]), time.monotonic() - started)


def profile(summary: Json, seconds: float) -> None:
    """A summary as a table with a small plot for each column."""
    against = summary.get("against")
    beside = f", beside {against['rows']:,} of version {against['version']}" if against else ""
    note(f"{counted(summary['rows'], 'row')} of version {summary['version']}{beside}, read in {seconds:.1f} s.")
    names = ["Column", "Type", "Nulls", "Different", "Least", "Median", "Greatest", "Distribution"]
    with ui.element("div").classes("bh-scroll bh-grid").props('tabindex=0 role=region aria-label="Profile"'):
        with ui.element("table"):
            words("Profile of the columns", "caption", style="bh-unseen")
            with ui.element("thead"), ui.element("tr"):
                for each in names:
                    words(each, "th", style="bh-plain").props("scope=col")
            with ui.element("tbody"):
                for column in summary["columns"]:
                    _column(column)


def _column(column: Json) -> None:
    with ui.element("tr"):
        with ui.element("td"):
            words(column["name"], "div", style="bh-strong")
            _what_stands_out(column)
        words(column["data_type"], "td")
        nulls = column["percent_null"]
        for told in (
            "—" if nulls is None else f"{nulls:.3g} %",
            _figure(column["distinct_count"]),
            *(_value(column, key) for key in ("min", "median", "max")),
        ):
            words(told, "td", style="bh-number")
        with ui.element("td"):
            _distribution(column)


def _what_stands_out(column: Json) -> None:
    with row():
        for told in column["notes"]:
            badge(told, Tone.QUIET)
        _drift(column.get("drift") or {})


def _drift(drift: Json) -> None:
    if drift.get("has_moved"):
        badge("has moved", Tone.DOUBTFUL)
    if (index := drift.get("population_stability_index")) is not None:
        words(f"stability index {index:.3g}", style="bh-note")
    if problem := drift.get("problem"):
        words(f"not compared: {problem}", style="bh-note")


def _distribution(column: Json) -> None:
    from boathouse.quality.profiles.plotting import bars

    items = column["frequent_items"]
    if items and (column["histogram"] is None or not column["other_items"]):
        words(_items(column), style="bh-note")
        return
    if column["histogram"] is None or (found := bars(dict(column), column["histogram"]["counts"])) is None:
        words("—")
        return
    reference = column["histogram"].get("reference")
    old = bars(dict(column), reference) if reference else None
    low, high, shares = found
    label = f"Distribution of {column['name']} from {low:.4g} to {high:.4g}"
    histogram(shares, label=label, beside=old[2] if old else ())


def _items(column: Json) -> str:
    """The most frequent values, each with its share."""
    items = column["frequent_items"]
    shown = [f"{str(item['item'])[:24]} {100 * item['count'] / column['count']:.0f} %" for item in items[:_SHOWN_ITEMS]]
    return ", ".join(shown) + (", …" if len(items) > _SHOWN_ITEMS or column["other_items"] else "")


def _value(column: Json, key: str) -> str:
    value = column[key]
    if value is not None and column["data_type"] in ("date", "timestamp", "timestamp_ntz"):
        from boathouse.foundation.clock import from_epoch_ms

        instant = from_epoch_ms(round(value * 1000))
        return instant.date().isoformat() if column["data_type"] == "date" else f"{instant:%Y-%m-%d %H:%M}"
    return _figure(value)


def _figure(value: float | None) -> str:
    if value is None:
        return "—"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
