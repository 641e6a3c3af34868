"""A summary as one HTML file: no script, no picture and no font from elsewhere."""

from collections.abc import Sequence
from html import escape
from typing import Any

from boathouse.quality.profiles.plotting import bars

_WIDTH, _HEIGHT = 320, 84
_STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --soft: #687585; --line: #dde3ea; --bar: #2f7fb8; --old: #e08a2b;
  --paper: #fff; --alarm: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf1; --soft: #98a5b4; --line: #33404e; --bar: #5fa8dc;
  --old: #f0a95a; --paper: #131a22; --alarm: #ff8a80; } }
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; background: var(--paper); color: var(--ink);
  font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1rem; margin: 0; }
.soft { color: var(--soft); } .alarm { color: var(--alarm); }
article { display: grid; grid-template-columns: 15rem 21rem 1fr; gap: 1.5rem; padding: 1rem 0;
  border-top: 1px solid var(--line); }
table { border-collapse: collapse; } td { padding: 0 .8rem 0 0; vertical-align: top; }
td + td { text-align: right; font-variant-numeric: tabular-nums; }
rect { fill: var(--bar); } .old { fill: none; stroke: var(--old); stroke-width: 1.5; }
text { fill: var(--soft); font-size: 11px; }
@media (max-width: 60rem) { article { grid-template-columns: 1fr; } }
"""
_FIGURES = (
    ("mean", "avg"), ("standard deviation", "stddev"), ("least", "min"), ("median", "median"), ("greatest", "max"),
    ("zeros", "num_zeros"), ("different", "distinct_count"), ("shortest", "min_length"), ("longest", "max_length"),
)  # fmt: skip
_DRIFT = (
    ("stability index", "population_stability_index"), ("Jensen-Shannon", "js_distance"),
    ("Wasserstein", "wasserstein_distance"), ("adjusted p", "adjusted_pvalue"),
)  # fmt: skip


def page(summary: dict[str, Any]) -> str:
    """The whole document."""
    title = f"{summary['table']}, version {summary['version']}"
    against = summary.get("against")
    beside = ""
    if against:
        at = "" if against["version"] is None else f", version {against['version']}"
        beside = f" Beside it (outlined): {escape(against['table'])}{at}, {against['rows']:,} rows."
    columns = "\n".join(_column(each) for each in summary["columns"])
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>\n'
        f"<h1>{escape(title)}</h1>\n"
        f'<p class="soft">{summary["rows"]:,} rows, {len(summary["columns"])} columns.{beside}</p>\n'
        f"{columns}\n</body></html>\n"
    )


def _column(column: dict[str, Any]) -> str:
    drift = column.get("drift") or {}
    notes = [escape(note) for note in column["notes"]]
    if drift.get("has_moved"):
        notes.append("has moved")
    if drift.get("problem"):
        notes.append(f"not compared: {escape(drift['problem'])}")
    shown = f'<br><span class="alarm">{", ".join(notes)}</span>' if notes else ""
    nulls = "" if column["percent_null"] is None else f"<br>{column['percent_null']:.3g} % null"
    head = f'<h2>{escape(column["name"])}</h2><span class="soft">{escape(column["data_type"])}{nulls}</span>{shown}'
    facts = [(name, column[key]) for name, key in _FIGURES] + [(name, drift.get(key)) for name, key in _DRIFT]
    return f"<article><div>{head}</div><div>{_plot(column)}</div><div>{_table(facts)}</div></article>"


def _plot(column: dict[str, Any]) -> str:
    items = column["frequent_items"]
    if items and (column["histogram"] is None or not column["other_items"]):
        return _items(column, items)
    if column["histogram"] is None:
        return ""
    found = bars(column, column["histogram"]["counts"])
    if found is None:
        return ""
    low, high, shares = found
    reference = column["histogram"].get("reference")
    old = bars(column, reference) if reference else None
    most = max([*shares, *(old[2] if old else ())]) or 1.0
    drawn = "".join(_bar(place, len(shares), share / most, "") for place, share in enumerate(shares))
    if old:
        drawn += "".join(_bar(place, len(old[2]), share / most, "old") for place, share in enumerate(old[2]))
    return _svg(
        f"{drawn}<text x='0' y='{_HEIGHT + 14}'>{low:.5g}</text>"
        f"<text x='{_WIDTH}' y='{_HEIGHT + 14}' text-anchor='end'>{high:.5g}</text>",
        _HEIGHT + 18,
    )


def _bar(place: int, count: int, share: float, kind: str) -> str:
    width = _WIDTH / count
    height = max(0.0, share * (_HEIGHT - 2))
    return (
        f"<rect class='{kind}' x='{place * width:.1f}' y='{_HEIGHT - height:.1f}' width='{max(width - 1, 1):.1f}' "
        f"height='{height:.1f}'/>"
    )


def _items(column: dict[str, Any], items: Sequence[dict[str, Any]]) -> str:
    shown = [(item["item"], item["count"]) for item in items]
    if column["other_items"]:
        shown.append(("(others)", column["other_items"]))
    most = max(count for _, count in shown)
    drawn = "".join(
        f"<text x='0' y='{place * 18 + 13}'>{escape(_short(name))}</text>"
        f"<rect x='130' y='{place * 18 + 3}' width='{max(count / most * 120, 1):.1f}' height='12'/>"
        f"<text x='{_WIDTH}' y='{place * 18 + 13}' text-anchor='end'>{count:,}</text>"
        for place, (name, count) in enumerate(shown)
    )
    return _svg(drawn, len(shown) * 18 + 4)


def _svg(drawn: str, height: int) -> str:
    return f"<svg width='{_WIDTH}' height='{height}' viewBox='0 0 {_WIDTH} {height}' role='img'>{drawn}</svg>"


def _table(facts: Sequence[tuple[str, Any]]) -> str:
    rows = "".join(f"<tr><td class='soft'>{name}</td><td>{_figure(value)}</td></tr>"
                   for name, value in facts if value is not None)  # fmt: skip
    return f"<table>{rows}</table>"


def _figure(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _short(text: str) -> str:
    return text if len(text) <= 20 else text[:19] + "…"
