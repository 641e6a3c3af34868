"""How the ``model`` commands say what they found: verdicts, decisions, moves."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

from boathouse.foundation.clock import from_epoch_ms

Json = Mapping[str, Any]

VERDICTS = {"passed": "green", "failed": "red", "inconclusive": "yellow", "waived": "cyan"}
STANDINGS = {
    "may_be_promoted": ("may be promoted", "green"),
    "awaits_approval": ("awaits approval", "yellow"),
    "refused": ("is refused", "red"),
    "blocked": ("is blocked by its gates", "red"),
    "not_evaluated": ("has not been evaluated", "yellow"),
}
WIDE = 160
"""Columns of a table that is not shown on a terminal."""


def print_json(found: Any) -> None:
    click.echo(json.dumps(found, indent=2))


def instant(milliseconds: int) -> str:
    return from_epoch_ms(milliseconds).strftime("%Y-%m-%d %H:%M:%S UTC")


def number(value: float | None) -> str:
    return "" if value is None else f"{value + 0.0:,.5g}"  # no minus before a nought


def print_evidence(rows: Sequence[Json]) -> None:
    """Rows of evidence as a table; what blocks is marked."""
    if not rows:
        click.echo("There is no evidence.")
        return
    table = new_table("Gate", "Metric", "Slice", "Rows", "Value", "Threshold", "Verdict", "Reason")
    for row in map(flat, rows):
        shown = f"[{VERDICTS[row['verdict']]}]{row['verdict']}{' ✗' if row['blocks'] else ''}[/]"
        value = number(row["value"])
        if row["interval"] and value:
            value += f" [{number(row['interval'][0])}, {number(row['interval'][1])}]"
        cells = (row["gate"], row["metric"], row["slice"] or "", f"{row['rows']:,}", value, number(row["threshold"]))
        table.add_row(*map(_plain, cells), "recorded" if row["is_recorded_only"] else shown, _plain(row["reason"]))
    print_table(table)


def flat(row: Json) -> dict[str, Any]:
    """A row of evidence on one line, whether it comes from the book or from a decision that was kept."""
    if "measurement" not in row:
        return {"is_recorded_only": False, **row}
    measurement = row["measurement"]
    part = measurement["slice"]
    return {
        **{name: measurement[name] for name in ("gate", "metric", "rows", "value", "interval", "baseline")},
        **{name: row[name] for name in ("evidence_id", "verdict", "reason", "threshold", "blocks")},
        "slice": None if part is None else f"{part['key']} = {part['value']}",
        "is_recorded_only": row["rule"] is None,
    }


def print_standing(decision: Json) -> None:
    """What a decision says, in a line, and its reasons."""
    words, colour = STANDINGS[decision["standing"]]
    revision = decision.get("requirements_revision")
    by = "by other rules" if revision is None else f"by revision {revision} of its requirements"
    click.secho(f"Version {decision['version']} of {decision['model']} {words} ({by}).", fg=colour, bold=True)
    for reason in decision["reasons"]:
        click.echo(f"  - {reason}")


def print_move(move: Json) -> None:
    """How an alias moved, in a line."""
    before = "nothing" if move["from_version"] is None else f"version {move['from_version']}"
    after = "nothing" if move["to_version"] is None else f"version {move['to_version']}"
    why = f": {move['reason']}" if move["reason"] else ""
    click.echo(
        f"{instant(move['moved_at'])}  {move['alias']}: {before} → {after}, by {move['principal']} "
        f"through {move['through']}{why}"
    )


def print_table(table: Any) -> None:
    """A table as wide as the terminal, or wide enough for a file."""
    from rich.console import Console

    console = Console()
    (console if console.is_terminal else Console(width=WIDE)).print(table)


def print_rows(titles: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str = "") -> None:
    """Plain rows as a table, without a head if no column has a title; a sentence where there are no rows."""
    if not rows:
        click.echo(empty)
        return
    table = new_table(*titles)
    table.show_header = any(titles)
    for row in rows:
        table.add_row(*map(_plain, row))
    print_table(table)


def new_table(*titles: str) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")  # names are to be copied, so they are broken rather than cut
    return table


def _plain(text: str) -> str:
    """The text with nothing in it that would be taken for markup."""
    from rich.markup import escape

    return escape(text)
