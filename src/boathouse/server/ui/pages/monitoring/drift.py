"""How far every column is from the baseline, or from the window before, in one window."""

from collections.abc import Sequence

from boathouse.monitoring.readings.nouns import DriftRow
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.monitoring import asked as asking
from boathouse.server.ui.pages.monitoring.seen import Seen, nothing_measured, of_series
from boathouse.server.ui.pages.monitoring.windows import told_window
from boathouse.server.ui.parts.choosing import Choice, chooser
from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.grid import Linked, State, grid
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.states import Tone
from boathouse.server.ui.parts.text import note, words

LIKELY = 0.05
"""Of columns whose adjusted p lies below, about one in twenty has not moved."""
_STATISTICS = {
    "js_distance": "Jensen-Shannon",
    "population_stability_index": "Stability index",
    "ks_test.statistic": "Kolmogorov-Smirnov",
    "chi_squared_test.statistic": "Chi-square",
    "wasserstein_distance": "Wasserstein",
    "tv_distance": "Total variation",
    "pvalue_adjusted": "Adjusted p",
    "avg_delta": "Mean, difference",
    "percent_null_delta": "Null %, difference",
}
_KINDS = {"BASELINE": "the baseline", "CONSECUTIVE": "the window before"}


async def drift_tab(seen: Seen) -> None:
    choices = await seen.choices()
    if not choices.columns:
        nothing_measured(seen)
        return
    visitor = seen.visitor
    asked = asking.asked_for(seen.table, visitor.query, choices, seen.monitor.settings, seen.alerts)
    said = visitor.query.get("window", "")
    window = int(said) if said.isdecimal() else None
    found = await visitor.ask(visitor.plane.readings.drift, asked.wanted, window)
    kinds = [each for each in _KINDS if any(row.kind == each for row in found)]
    against = visitor.query.get("against", "")
    kind = against if against in kinds else (kinds[0] if kinds else "")
    with card():
        fields = {
            **of_series(choices, asked),
            "against": Choice("Against", {each: _KINDS[each] for each in kinds}, kind),
        }
        chooser(visitor, fields, keep=("tab", "column", "metric", "windows", "window"), label="What is compared")
        _table(seen, [each for each in found if each.kind == kind and "js_distance" in each.figures])


def _table(seen: Seen, rows: Sequence[DriftRow]) -> None:
    if not rows:
        told = "The monitor has no baseline yet, and no window before this one."
        empty(told, "Name a baseline_table_name in the monitor, or wait for its next window.")
        return
    first = rows[0]
    with words("", "h2"):
        told_window(first.start, first.end)
        words(f" against {_KINDS[first.kind]}")
    there = [name for name in _STATISTICS if any(name in each.figures for each in rows)]
    ordered = sorted(rows, key=lambda each: -each.figures.get("js_distance", -1.0))
    grid(
        ["Column", "Type", "Has moved", *(_STATISTICS[name] for name in there)],
        [[_column(seen, each), each.data_type, moved(each), *(each.figures.get(name) for name in there)]
         for each in ordered],
        label="Drift of the columns",
    )  # fmt: skip
    note(
        "Has moved: the chance of such a difference by luck, corrected for the number of columns, is below 5 %. "
        "A distance of 0 is alike, a Jensen-Shannon distance of 1 has nothing in common."
    )


def moved(row: DriftRow) -> State | None:
    """What the corrected test says; how far is another matter."""
    p = row.figures.get("pvalue_adjusted")
    if p is None:
        return None
    return State("yes", Tone.DOUBTFUL) if p < LIKELY else State("could be luck", Tone.QUIET)


def _column(seen: Seen, row: DriftRow) -> Linked:
    metric = "js_distance" if row.kind == "BASELINE" else "consecutive.js_distance"
    query = {name: value for name, value in seen.visitor.query.items() if name not in ("tab", "against")}
    told = {**query, "column": row.column, "metric": metric, "window": row.start}
    return Linked(row.column, addresses.with_query(seen.visitor.path, **told))
