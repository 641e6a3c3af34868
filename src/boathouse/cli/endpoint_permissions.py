"""``boathouse endpoint permissions``: who may see, ask and manage an endpoint."""

from typing import Any
from urllib.parse import quote

import click

from boathouse.cli.endpoints import API
from boathouse.cli.model_text import print_json, print_rows
from boathouse.cli.principals import connected, output_option, principal_path

_PERMISSIONS = "/api/2.0/permissions/serving-endpoints"
_FIELDS = {"user": "user_name", "group": "group_name"}
_LEVELS = click.Choice(["CAN_VIEW", "CAN_QUERY", "CAN_MANAGE"], case_sensitive=False)


@click.command()
@click.argument("name")
@click.option("--give", nargs=2, type=(str, _LEVELS), multiple=True, metavar="WHO LEVEL", help="Can be repeated.")
@click.option("--take", multiple=True, metavar="WHO", help="Take away what was given. Can be repeated.")
@output_option
def permissions(name: str, give: tuple[tuple[str, str], ...], take: tuple[str, ...], output: str) -> None:
    """Show who may see, ask and manage the endpoint NAME; or change that."""
    client = connected()
    endpoint_id = client.get(f"{API}/{quote(name, safe='')}")["id"]
    path = f"{_PERMISSIONS}/{endpoint_id}"
    found = client.get(path)
    if give or take:
        kept = {_who(each): each["all_permissions"][0]["permission_level"] for each in found["access_control_list"]}
        wanted = {who: level for who, level in kept.items() if who not in take} | dict(give)
        known = {_who(each): _field(each) for each in found["access_control_list"]}
        entries = [
            {known.get(who) or _kind(client, who): who, "permission_level": level.upper()}
            for who, level in wanted.items()
        ]
        found = client.put(path, {"access_control_list": entries})
    if output == "json":
        print_json(found)
        return
    rows = [
        (_who(each), ", ".join(one["permission_level"] for one in each["all_permissions"]))
        for each in found["access_control_list"]
    ]
    print_rows(("Who", "May"), rows, empty="Nobody was given anything.")


def _field(entry: dict[str, Any]) -> str:
    return next(name for name in ("user_name", "group_name", "service_principal_name") if name in entry)


def _who(entry: dict[str, Any]) -> str:
    return str(entry[_field(entry)])


def _kind(client: Any, who: str) -> str:
    if who == "account users":
        return "group_name"
    return _FIELDS.get(client.get(principal_path(who))["kind"], "service_principal_name")
