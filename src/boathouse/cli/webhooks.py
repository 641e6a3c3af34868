"""``boathouse webhooks``: who is told of events, and what became of it."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import click

from boathouse.cli.principals import connected, output_option, show_table
from boathouse.foundation.clock import epoch_ms, from_epoch_ms

API = "/api/boathouse/v1/webhooks"
_AGO = re.compile(r"(\d+)(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

_types = click.option(
    "--type", "types", multiple=True, metavar="TYPE", help="Of events: 'model_version.*'; repeatable."
)
_subject = click.option("--subject", metavar="PATTERN", help="What it happened to: 'prod.flights.*'.")
_fields = click.option("--field", "fields", multiple=True, metavar="NAME=VALUE", help="What its data say; repeatable.")


@click.group()
def webhooks() -> None:
    """Tell destinations of events: new versions, aliases that move, gates that fail, approvals, runs, deployments."""


@webhooks.command("list")
@output_option
def list_all(output: str) -> None:
    """List your webhooks; all of them for administrators."""
    found = connected().get(API)["webhooks"]
    if output == "text":
        found = [{**each, **_told(each["filter"])} for each in found]
    show_table(found, ["name", "destination", "types", "subject", "fields", "owner", "pause_status", "problem"], output)


@webhooks.command()
@click.argument("name")
@click.option("--to", "destination", required=True, metavar="DESTINATION", help="See: boathouse notifications list.")
@_types
@_subject
@_fields
@output_option
def create(
    name: str, destination: str, types: tuple[str, ...], subject: str | None, fields: tuple[str, ...], output: str
) -> None:
    """Make a webhook called NAME. It tells what you may see, of what happens from now on."""
    body = {"name": name, "destination": destination, "filter": _filter(types or ("*",), subject, fields)}
    made = connected().post(API, body)
    click.echo(
        json.dumps(made, indent=2) if output == "json" else f"{made['destination']} is told of events by {name}."
    )


@webhooks.command()
@click.argument("name")
@click.option("--rename", metavar="NAME", help="A new name.")
@click.option("--to", "destination", metavar="DESTINATION", help="Another destination.")
@_types
@_subject
@_fields
@click.option("--pause/--unpause", default=None, help="What happens meanwhile can be replayed.")
@output_option
def update(
    name: str, rename: str | None, destination: str | None, types: tuple[str, ...], subject: str | None,
    fields: tuple[str, ...], pause: bool | None, output: str,
) -> None:  # fmt: skip
    """Change the webhook NAME; of its filter, what is said."""
    client, path = connected(), _path(name)
    body: dict[str, Any] = {"name": rename, "destination": destination}
    if types or subject is not None or fields:
        before = client.get(path)["filter"]
        said = _filter(types, subject, fields)
        body["filter"] = {**before, **{key: value for key, value in said.items() if value}}
    if pause is not None:
        body["pause_status"] = "PAUSED" if pause else "UNPAUSED"
    changed = client.patch(path, {key: value for key, value in body.items() if value is not None})
    click.echo(json.dumps(changed, indent=2) if output == "json" else f"Changed the webhook {changed['name']}.")


@webhooks.command()
@click.argument("name")
def delete(name: str) -> None:
    """Delete the webhook NAME; what waits to be sent is not sent any more."""
    connected().delete(_path(name))
    click.echo(f"Deleted the webhook {name}.")


@webhooks.command()
@click.argument("name")
def test(name: str) -> None:
    """Send a test message; `boathouse webhooks deliveries` says what became of it."""
    connected().post(f"{_path(name)}/test")
    click.echo(f"A test message by {name} is on its way.")


@webhooks.command()
@click.argument("name")
@click.option("--since", metavar="WHEN", help="2026-03-01T10:00 (UTC), or 2h, 3d ago: what happened from then on.")
@click.option("--event", "events", multiple=True, metavar="ID", help="An event by its id; repeatable.")
def replay(name: str, since: str | None, events: tuple[str, ...]) -> None:
    """Tell events again. Receivers know a second arrival by its event_id."""
    if (since is None) == (not events):
        raise click.UsageError("Say --since or --event.")
    body = {"since": _instant(since)} if since else {"events": list(events)}
    told = connected().post(f"{_path(name)}/replay", body)["replayed"]
    click.echo(f"{told} event{'' if told == 1 else 's'} on the way again.")


@webhooks.command()
@click.argument("name")
@click.option("--dead", is_flag=True, help="Only what was given up.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@output_option
def deliveries(name: str, dead: bool, limit: int, output: str) -> None:
    """Show what the webhook NAME has told and what became of it, newest first."""
    found = connected().get(f"{_path(name)}/deliveries", state="DEAD" if dead else None, limit=limit)["deliveries"]
    if output == "text":
        found = [{**each, "at": _shown(each["created_at"])} for each in found]
    show_table(found, ["delivery", "at", "event_type", "subject", "state", "attempts", "error"], output)


@webhooks.command()
@click.argument("name")
@click.argument("numbers", metavar="DELIVERY...", type=int, nargs=-1, required=True)
def retry(name: str, numbers: tuple[int, ...]) -> None:
    """Try again what was given up, by its number."""
    retried = connected().post(f"{_path(name)}/retry", {"deliveries": list(numbers)})["retried"]
    click.echo(f"Trying {retried} again.")


def _path(name: str) -> str:
    return f"{API}/{quote(name, safe='')}"


def _filter(types: tuple[str, ...], subject: str | None, fields: tuple[str, ...]) -> dict[str, Any]:
    said: dict[str, Any] = {"types": list(types)}
    if subject is not None:
        said["subject"] = subject
    for each in fields:
        name, found, value = each.partition("=")
        if not found:
            raise click.BadParameter("write NAME=VALUE, as in alias=champion", param_hint="--field")
        said.setdefault("fields", {}).setdefault(name, []).append(value)
    return said


def _told(wanted: dict[str, Any]) -> dict[str, str]:
    fields = wanted.get("fields", {})
    return {
        "types": ", ".join(wanted["types"]),
        "subject": wanted.get("subject", ""),
        "fields": ", ".join(f"{name}={_either(value)}" for name, value in fields.items()),
    }


def _either(value: Any) -> str:
    return "|".join(map(str, value)) if isinstance(value, list) else str(value)  # pyright: ignore[reportUnknownArgumentType]


def _instant(text: str) -> int:
    if found := _AGO.fullmatch(text):
        return epoch_ms(datetime.now(UTC) - timedelta(**{_UNITS[found[2]]: int(found[1])}))
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter("write 2026-03-01T10:00, or 2h", param_hint="--since") from error
    return epoch_ms(instant if instant.tzinfo else instant.replace(tzinfo=UTC))


def _shown(milliseconds: int) -> str:
    return from_epoch_ms(milliseconds).strftime("%Y-%m-%d %H:%M:%S")
