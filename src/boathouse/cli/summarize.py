"""``boathouse summarize``: a first look at a table."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click


@click.command()
@click.argument("table")
@click.option("--version", type=click.IntRange(0), help="As of this version of the table; the newest one by default.")
@click.option("-c", "--column", "columns", multiple=True, help="Only this column; can be repeated.")
@click.option("--against", metavar="TABLE[@vN]|N", help="Compare with another table, or with version N of this one.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with plots to this file.")
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", help="How to print it.")
def summarize(
    table: str, version: int | None, columns: tuple[str, ...], against: str | None, html: Path | None, output: str
) -> None:
    """Show what the columns of TABLE hold, read once: nulls, extremes, means, frequent values, histograms.

    \b
    boathouse summarize prod.flights.weather
    boathouse summarize prod.flights.weather --against 3 --html weather.html
    """
    from boathouse.quality.profiles.summarizing import summarize
    from boathouse.session import default_session

    found = summarize(default_session(), table, version=version, columns=columns or None, against=against)
    if html is not None:
        from boathouse.quality.profiles.page import page

        html.write_text(page(found), encoding="utf-8")
    if output == "json":
        click.echo(json.dumps(found, indent=2))
    elif html is None:
        _print(found)
    else:
        click.echo(f"{html} shows {found['rows']:,} rows of {found['table']}.")


def _print(found: dict[str, Any]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from boathouse.quality.profiles.plotting import sparkline

    shown = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    right = {"null %", "different", "mean", "least", "median", "greatest", "stability", "adjusted p"}
    for name in _header(found):
        shown.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for column in found["columns"]:
        cells = [
            column["name"],
            column["data_type"],
            _number(column["percent_null"]),
            _number(column["distinct_count"]),
        ]
        cells += [_value(column, key) for key in ("avg", "min", "median", "max")]
        cells.append(sparkline(column) if not _is_counted(column) else _items(column))
        if "against" in found:
            drift = column["drift"]
            cells += [_number(drift["population_stability_index"]), _number(drift["adjusted_pvalue"])]
        shown.add_row(*(Text(each) for each in cells), Text(", ".join(_notes(column)), style="red"))
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(shown)
    rows = f"{found['rows']:,} rows of {found['table']}, version {found['version']}"
    if against := found.get("against"):
        at = "" if against["version"] is None else f", version {against['version']}"
        rows += f"; beside {against['rows']:,} of {against['table']}{at}"
    console.print(f"({rows})", style="dim", highlight=False)


def _header(found: dict[str, Any]) -> list[str]:
    drift = ["stability", "adjusted p"] if "against" in found else []
    return ["column", "type", "null %", "different", "mean", "least", "median", "greatest", "values", *drift, ""]


def _is_counted(column: dict[str, Any]) -> bool:
    return bool(column["frequent_items"]) and (column["histogram"] is None or not column["other_items"])


def _items(column: dict[str, Any]) -> str:
    shown = [
        f"{item['item'][:20]} {100 * item['count'] / column['count']:.0f} %" for item in column["frequent_items"][:3]
    ]
    return ", ".join(shown) + (", ..." if len(column["frequent_items"]) > 3 or column["other_items"] else "")


def _notes(column: dict[str, Any]) -> list[str]:
    drift = column.get("drift") or {}
    moved = ["has moved"] if drift.get("has_moved") else []
    problem = [f"not compared: {drift['problem']}"] if drift.get("problem") else []
    return [*column["notes"], *moved, *problem]


def _value(column: dict[str, Any], key: str) -> str:
    value = column[key]
    if value is not None and column["data_type"] in ("date", "timestamp", "timestamp_ntz"):
        instant = datetime.fromtimestamp(value, UTC)
        return instant.date().isoformat() if column["data_type"] == "date" else f"{instant:%Y-%m-%d %H:%M:%S}"
    return _number(value)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
