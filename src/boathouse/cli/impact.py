"""``boathouse impact`` and ``boathouse monitor rows``: what was touched, and what stands behind a figure."""

import json

import click

from boathouse.cli.instants import instant, shown
from boathouse.cli.principals import connected, output_option, show_table

ROOT = "/api/boathouse/v1"


@click.command()
@click.argument("name")
@click.option("--from", "since", metavar="WHEN", help="Since when it was wrong: 2026-03-01T10:00 (UTC), or 2h ago.")
@click.option("--to", "until", metavar="WHEN", help="Until when.")
@output_option
def impact(name: str, since: str | None, until: str | None, output: str) -> None:
    """Show what NAME has touched: tables, features, models, predictions, and who has to be told.

    NAME is a table, or a column of one: prod.flights.weather.wind_speed.
    """
    asked = {
        "from": None if since is None else instant(since, "--from"),
        "to": None if until is None else instant(until, "--to"),
    }
    found = connected().get(f"{ROOT}/impact", name=name, **asked)
    if output == "json":
        click.echo(json.dumps(found, indent=2))
        return
    click.secho(f"{name} has touched:", bold=True)
    for line in found["lines"] or ["Nothing that is known."]:
        click.echo(line)


@click.command()
@click.argument("table")
@click.option("--column", help="By default the table as a whole.")
@click.option("--window", metavar="WHEN", help="The start of a window; by default the newest.")
@click.option("--granularity", help="Where a window begins with several: '1 hour', '1 day'.")
@click.option("--slice", "slice_", metavar="KEY=VALUE", help="Of a slice: origin=JFK.")
@click.option("--model", help="Of one model id.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(0, 1000))
@output_option
def rows(
    table: str, column: str | None, window: str | None, granularity: str | None, slice_: str | None, model: str | None,
    limit: int, output: str,
) -> None:  # fmt: skip
    """Show what a figure of TABLE was computed from: the table's version, and the rows or requests behind it."""
    key, found, value = (slice_ or "").rpartition("=")
    if slice_ is not None and not found:
        raise click.BadParameter("write KEY=VALUE, as in origin=JFK", param_hint="--slice")
    asked = {
        "table": table, "column": column, "granularity": granularity, "model": model, "limit": limit,
        "window": None if window is None else instant(window, "--window"),
        "slice_key": key or None, "slice_value": value if slice_ is not None else None,
    }  # fmt: skip
    told = connected().get(f"{ROOT}/metric-rows", **asked)
    if output == "json":
        click.echo(json.dumps(told, indent=2))
        return
    stretch = f"{shown(told['window']['start'])} to {shown(told['window']['end'])}"
    version = "" if told["version"] is None else f" version {told['version']}"
    click.secho(f"{told['count']:,} rows of {told['table']}{version}, {stretch}", bold=True)
    if told["refresh"]:
        click.echo(f"Computed by refresh {told['refresh']['refresh_id']} at {shown(told['refresh'].get('ended_at'))}.")
    if told["rows"]:
        show_table(told["rows"], list(told["rows"][0]), "text")
