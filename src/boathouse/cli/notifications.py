"""``boathouse notifications``: where messages about runs go, and what became of them."""

import json
from typing import Any

import click

from boathouse.cli.principals import connected, output_option, show_table
from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.errors import InvalidInput, NotFound, did_you_mean

API = "/api/2.0/notification-destinations"
OURS = "/api/boathouse/v1/notifications"
_KEY = "BOATHOUSE_DESTINATION_SECRET"


@click.group()
def notifications() -> None:
    """Destinations of messages about runs. Jobs name them by id or name."""


@notifications.command("list")
@output_option
def list_all(output: str) -> None:
    """List the destinations."""
    show_table(_all(), ["id", "display_name", "destination_type"], output)


@notifications.command()
@click.argument("name")
@click.option("--email", "emails", multiple=True, metavar="ADDRESS", help="Write to an address; may be repeated.")
@click.option("--webhook", metavar="URL", help="Call an HTTP server; requests are signed.")
@click.option("--slack", metavar="URL", help="An incoming webhook of Slack.")
@click.option("--teams", metavar="URL", help="An incoming webhook of Microsoft Teams.")
@click.option("--apprise", metavar="URL", help="A URL of the Apprise library.")
@click.option("--pagerduty", is_flag=True, help=f"PagerDuty; its integration key is asked for, or in {_KEY}.")
@output_option
def create(
    name: str, emails: tuple[str, ...], webhook: str | None, slack: str | None, teams: str | None,
    apprise: str | None, pagerduty: bool, output: str,
) -> None:  # fmt: skip
    """Make a destination called NAME; for administrators."""
    config: dict[str, Any] = {}
    if emails:
        config["email"] = {"addresses": list(emails)}
    for field, url in (
        ("generic_webhook", webhook),
        ("slack", slack),
        ("microsoft_teams", teams),
        ("apprise", apprise),
    ):
        if url:
            config[field] = {"url": url}
    if pagerduty:
        config["pagerduty"] = {"integration_key": _secret()}
    if len(config) != 1:
        raise InvalidInput("A destination is exactly one thing.", hint="Give one of the options.")
    made = connected().post(API, {"display_name": name, "config": config})
    if output == "json":
        click.echo(json.dumps(made, indent=2))
        return
    click.echo(f"Made the destination {name}: {made['id']}")
    if secret := made["config"].get("generic_webhook", {}).get("signing_secret"):
        click.echo(f"Its requests are signed with {secret}, which is not shown again.")


@notifications.command()
@click.argument("name")
def delete(name: str) -> None:
    """Delete a destination, by its name or id."""
    connected().delete(f"{API}/{_id(name)}")
    click.echo(f"Deleted the destination {name}.")


@notifications.command()
@click.argument("name")
def test(name: str) -> None:
    """Send a test message; `boathouse notifications sent` says what became of it."""
    connected().post(f"{OURS}/destinations/{_id(name)}/test")
    click.echo(f"A test message to {name} is on its way.")


@notifications.command()
@click.option("--dead", is_flag=True, help="Only what was given up.")
@click.option("--run", "run_id", type=int, help="Only about this run.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@output_option
def sent(dead: bool, run_id: int | None, limit: int, output: str) -> None:
    """Show messages and what became of them, newest first; for administrators."""
    state = "DEAD" if dead else None
    found = connected().get(f"{OURS}/deliveries", state=state, run_id=run_id, limit=limit)["deliveries"]
    rows = found if output == "json" else [{**each, "at": _instant(each["created_at"])} for each in found]
    show_table(rows, ["delivery", "at", "event_type", "destination", "run_id", "state", "attempts", "error"], output)


@notifications.command()
@click.argument("deliveries", type=int, nargs=-1, required=True)
def retry(deliveries: tuple[int, ...]) -> None:
    """Try again what was given up, by its number."""
    retried = connected().post(f"{OURS}/deliveries/retry", {"deliveries": list(deliveries)})["retried"]
    click.echo(f"Trying {retried} again.")


def _all() -> list[dict[str, Any]]:
    client = connected()
    found: list[dict[str, Any]] = []
    token: str | None = None
    while True:
        page = client.get(API, page_size=1000, page_token=token)
        found += page["results"]
        token = page.get("next_page_token")
        if not token:
            return found


def _id(name: str) -> str:
    known = _all()
    for each in known:
        if name in (each["id"], each["display_name"]):
            return str(each["id"])
    names = [each["display_name"] for each in known]
    raise NotFound(
        f"There is no notification destination {name!r}.",
        hint=did_you_mean(name, names) or "List them with: boathouse notifications list",
    )


def _secret() -> str:
    import os

    return os.environ.get(_KEY) or click.prompt("Integration key", hide_input=True)


def _instant(milliseconds: int) -> str:
    return from_epoch_ms(milliseconds).isoformat(sep=" ", timespec="seconds").replace("+00:00", " UTC")
