"""``boathouse features``: which feature tables there are, how fresh they are, and who takes what from them."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import click

from boathouse.cli.feature_certificates import certificate
from boathouse.cli.online_features import online_stores, publish, unpublish, verify
from boathouse.cli.principals import ROOT, connected, output_option, show_table
from boathouse.foundation.clock import from_epoch_ms

PATH = f"{ROOT}/features"
_WIDTH = 12


@click.group()
def features() -> None:
    """Feature tables: what there is, how fresh, who takes it; what is published online."""


for command in (certificate, publish, verify, unpublish, online_stores):
    features.add_command(command)


@features.command("list")
@click.option("--schema", metavar="SCHEMA", help="Only those of this catalog or catalog.schema.")
@output_option
def list_tables(schema: str | None, output: str) -> None:
    """List the feature tables you may know of."""
    found = connected().get(f"{PATH}/tables", schema=schema)["tables"]
    if output == "text" and not found:
        click.echo("There is no feature table that you may know of.")
        return
    if output == "text":
        found = [
            {**each, "key": ", ".join(each["primary_keys"]), "features": len(each["features"]), "known": _known(each)}
            for each in found
        ]
    show_table(found, ("name", "key", "known", "features", "owner", "comment"), output)


@features.command(short_help="Show a feature table: key, clocks, freshness.")
@click.argument("name")
@click.option("--as-of", metavar="INSTANT", help="Tell the age as of then: 2013-05-01T12:00:00Z.")
@output_option
def show(name: str, as_of: str | None, output: str) -> None:
    """Show the feature table NAME: its key and clocks, each feature, its freshness, where it is published."""
    found = connected().get(f"{PATH}/tables/{quote(name, safe='')}", as_of=as_of)
    if output == "json":
        click.echo(json.dumps(found, indent=2))
        return
    click.secho(found["name"], bold=True)
    if found["comment"]:
        click.echo(found["comment"])
    lines = [*told_lines(found)]
    if found["version"] is not None:
        lines.append(("version", str(found["version"])))
    lines.append(
        ("consumers", f"{found['consumers']}" + (" (boathouse features consumers)" if found["consumers"] else ""))
    )
    for heading, line in lines:
        click.echo(f"{click.style(heading.ljust(_WIDTH), dim=True)}{line}".rstrip())
    click.echo()
    rows = [{**each, "feature": each["name"], "type": each["type_text"]} for each in found["features"]]
    show_table(rows, ("feature", "type", "comment"), output)


@features.command(short_help="Show who takes the features of a table.")
@click.argument("name")
@output_option
def consumers(name: str, output: str) -> None:
    """Show who takes the features of NAME, a feature table or one feature of it: prod.flights.weather.temp."""
    found = connected().get(f"{PATH}/tables/{quote(name, safe='')}/consumers")["consumers"]
    if output == "text" and not found:
        click.echo(f"Nothing that you may know of takes {name}.")
        return
    if output == "text":
        found = [
            {
                "kind": each["kind"].replace("_", " "),
                "name": _spelled(each),
                "how": each["how"],
                "takes": "not known" if each["features"] is None else ", ".join(each["features"]),
                "last": _instant(each["last_at"]),
            }
            for each in found
        ]
    show_table(found, ("kind", "name", "how", "takes", "last"), output)


def told_lines(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is to be said of a feature table, under headings."""
    yield "key", ", ".join(table["primary_keys"])
    yield "event time", table["timeseries_column"] or "none: features that do not change"
    yield "known", _known(table)
    yield "freshness", _freshness(table)
    if table["owner"]:
        yield "owner", table["owner"]
    if table["tags"]:
        yield "tags", ", ".join(f"{key}={value}" if value else key for key, value in sorted(table["tags"].items()))
    for each in table["published"]:
        yield "published", each if isinstance(each, str) else f"{each['online_table']} in {each['store']}"


def _known(table: Mapping[str, Any]) -> str:
    if table["known_column"]:
        return f"{table['known_column']}{' (commit)' if table['known_by_commit'] else ''}"
    lag = table["known_lag_seconds"]
    return f"{timedelta(seconds=lag)} after" if lag else "at once"


def _freshness(table: Mapping[str, Any]) -> str:
    promised, freshness = table["freshness_seconds"], table["freshness"] or {}
    age = freshness.get("age_seconds")
    promise = f", promised {timedelta(seconds=round(promised))}" if promised is not None else ", nothing promised"
    if age is None:
        return f"not known{promise}"
    kept = {True: "", False: ": late", None: ""}[freshness["is_kept"]]
    ago = f"{timedelta(seconds=round(age))} old" if age >= 0 else f"{timedelta(seconds=round(-age))} ahead"
    return f"newest {_instant(freshness['newest_event'])}, {ago}{promise}{kept}"


def _spelled(consumer: Mapping[str, Any]) -> str:
    if consumer["title"]:
        return f"{consumer['title']} ({consumer['name']})"
    return consumer["name"] if consumer["version"] is None else f"{consumer['name']}@{consumer['version']}"


def _instant(milliseconds: int | None) -> str:
    return "" if milliseconds is None else from_epoch_ms(milliseconds).strftime("%Y-%m-%d %H:%M")
