"""``boathouse users``, ``groups`` and ``service-principals``: who there is, and who belongs to whom."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import click

from boathouse.foundation.rest import Connection, RestClient

ROOT = "/api/boathouse/v1"

output_option = click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", help="Form of output."
)


def connected() -> RestClient:
    return RestClient(Connection.from_surroundings())


def principal_path(name: str) -> str:
    return f"{ROOT}/principals/{quote(name, safe='')}"


def show_table(rows: Sequence[dict[str, Any]], columns: Sequence[str], output: str) -> None:
    """Print rows as a plain table, or all there is to know of them as JSON."""
    if output == "json":
        click.echo(json.dumps(rows, indent=2))
        return
    cells = [[str(row[column]) if row.get(column) is not None else "" for column in columns] for row in rows]
    header = [column.replace("_", " ") for column in columns]
    widths = [max(len(line[index]) for line in [header, *cells]) for index in range(len(columns))]
    for line in [header, *cells]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _kind_of_principal(kind: str, noun: str) -> click.Group:
    """The commands that all three kinds have."""

    @click.group(help=f"{noun.capitalize()}s: list, create, show, delete.")
    def group() -> None: ...

    @group.command("list", help=f"List the {noun}s.")
    @output_option
    def list_all(output: str) -> None:  # pyright: ignore[reportUnusedFunction]
        rows = connected().get(f"{ROOT}/principals", kind=kind)["principals"]
        show_table(rows, ["name", "display_name", "active"], output)

    @group.command("create", help=f"Create the {noun} NAME.")
    @click.argument("name")
    @click.option("--display-name", help="How people call it.")
    def create(name: str, display_name: str | None) -> None:  # pyright: ignore[reportUnusedFunction]
        body = {"name": name, "kind": kind, "display_name": display_name}
        made = connected().post(f"{ROOT}/principals", body)
        click.echo(f"Created the {noun} {made['name']}.")

    @group.command("show", help=f"Show the {noun} NAME with its groups.")
    @click.argument("name")
    def show(name: str) -> None:  # pyright: ignore[reportUnusedFunction]
        click.echo(json.dumps(connected().get(principal_path(name)), indent=2))

    @group.command("delete", help=f"Delete the {noun} NAME with its grants and tokens.")
    @click.argument("name")
    @click.option("--transfer-to", metavar="NAME", help="Who shall own what it owns.")
    def delete(name: str, transfer_to: str | None) -> None:  # pyright: ignore[reportUnusedFunction]
        connected().delete(principal_path(name), transfer_to=transfer_to)
        click.echo(f"Deleted the {noun} {name}.")

    return group


users = _kind_of_principal("user", "user")
groups = _kind_of_principal("group", "group")
service_principals = _kind_of_principal("service_principal", "service principal")


def _membership_path(group: str, member: str) -> str:
    return f"{ROOT}/groups/{quote(group, safe='')}/members/{quote(member, safe='')}"


@groups.command("add-member")
@click.argument("group")
@click.argument("member")
def add_member(group: str, member: str) -> None:
    """Make MEMBER (a user, service principal or group) a member of GROUP."""
    connected().put(_membership_path(group, member))
    click.echo(f"{member} is a member of {group}.")


@groups.command("remove-member")
@click.argument("group")
@click.argument("member")
def remove_member(group: str, member: str) -> None:
    """End MEMBER's membership of GROUP."""
    connected().delete(_membership_path(group, member))
    click.echo(f"{member} is no longer a member of {group}.")
