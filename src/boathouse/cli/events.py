"""``boathouse events``: what has happened, and what happens."""

import json
import time
from collections.abc import Iterator
from typing import Any

import click

from boathouse.cli.principals import connected
from boathouse.foundation.clock import from_epoch_ms

API = "/api/boathouse/v1/events"
_LOOK_SECONDS = 1.0


@click.command()
@click.option("--type", "types", multiple=True, metavar="TYPE", help="model_version.created, 'gate.*' ...; repeatable.")
@click.option("--subject", metavar="PATTERN", help="What it happened to: prod.flights.*, a job's id, bundle/target.")
@click.option("--field", "fields", multiple=True, metavar="NAME=VALUE", help="What its data say; repeatable.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="So many of the last ones.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what happens, until interrupted.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="Form of output.")
def events(
    types: tuple[str, ...], subject: str | None, fields: tuple[str, ...], limit: int, follow: bool, output: str
) -> None:
    """Show what has happened to what you may see, the newest last. With --follow and json: one event per line."""
    wanted: dict[str, Any] = {"type": list(types) or None, "subject": subject, "field": list(fields) or None}
    found, position = _last(limit, wanted)
    if output == "json" and not follow:
        click.echo(json.dumps(found, indent=2))
        return
    for event in found:
        _show(event, output)
    if follow:
        for event in _news(position, wanted):
            _show(event, output)
    elif not found:
        click.echo("Nothing of that kind has happened to what you may see.")


def _last(limit: int, wanted: dict[str, Any]) -> tuple[list[dict[str, Any]], int]:
    """The last events that are wanted, oldest first, and the position to go on from. A page may end before the limit,
    since the server looks through so many at a time."""
    client = connected()
    page = client.get(API, limit=limit, **wanted)
    found, position = page["events"], page["position"]
    while len(found) < limit and (token := page.get("next_page_token")):
        page = client.get(API, limit=limit - len(found), page_token=token, **wanted)
        found += page["events"]
    return found[::-1], position


def _news(position: int, wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
    client = connected()
    while True:
        found = client.get(API, after=position, limit=1000, **wanted)
        yield from found["events"]
        if position == found["position"]:
            time.sleep(_LOOK_SECONDS)
        position = found["position"]


def _show(event: dict[str, Any], output: str) -> None:
    if output == "json":
        click.echo(json.dumps(event))
        return
    when = from_epoch_ms(event["happened_at"]).strftime("%Y-%m-%d %H:%M:%S")
    data = " ".join(f"{name}={_value(value)}" for name, value in event["data"].items() if value not in (None, "", []))
    click.secho(f"{when}  ", dim=True, nl=False)
    click.secho(event["type"], bold=True, nl=False)
    click.echo(f"  {event['subject']}  by {event['principal']}  {data}".rstrip())


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return json.dumps(text, ensure_ascii=False) if any(each.isspace() for each in text) else text
