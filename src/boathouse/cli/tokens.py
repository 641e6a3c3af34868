"""``boathouse tokens``: what programs and other machines show to say who they are."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import click

from boathouse.cli.principals import connected, output_option, show_table

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Lifetime(click.ParamType[float]):
    """A number with a unit: ``45s``, ``30m``, ``12h``, ``30d``."""

    name = "lifetime"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, int | float):
            return float(value)
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", str(value).strip().lower())
        if match is None:
            self.fail(f"{value!r} is not a lifetime. Write a number and a unit: 45s, 30m, 12h or 30d.", param, ctx)
        return float(match[1]) * _UNITS[match[2]]


@click.group()
def tokens() -> None:
    """Tokens: create, list, revoke."""


@tokens.command()
@click.option("--for", "name", metavar="NAME", help="Whom it is for; yourself if not given.")
@click.option("--lifetime", type=Lifetime(), default="90d", show_default=True, help="How long it works, e.g. 30d.")
@click.option("--no-expiry", is_flag=True, help="Let it work until it is revoked.")
@click.option("--comment", help="What it is for.")
@output_option
def create(name: str | None, lifetime: float, no_expiry: bool, comment: str | None, output: str) -> None:
    """Make a token and print its secret, which is shown this once."""
    body = {"user_name": name, "lifetime_seconds": None if no_expiry else lifetime, "comment": comment}
    made = connected().post("/api/2.0/token/create", {key: value for key, value in body.items() if value is not None})
    if output == "json":
        click.echo(json.dumps(made, indent=2))
        return
    click.echo(made["token_value"])
    info = made["token_info"]
    click.echo(
        f"Token {info['token_id']}, works {_until(info['expiry_time'])}. Keep the secret: it is not shown again.",
        err=True,
    )


@tokens.command("list")
@click.option("--for", "name", metavar="NAME", help="Whose; your own if not given.")
@click.option("--all", "everyone", is_flag=True, help="Everybody's; for administrators.")
@output_option
def list_all(name: str | None, everyone: bool, output: str) -> None:
    """List tokens that still work, without their secrets."""
    client = connected()
    if name or everyone:
        infos = client.get("/api/2.0/token-management/tokens", created_by_username=name)["token_infos"]
    else:
        infos = client.get("/api/2.0/token/list")["token_infos"]
    rows = [{**info, "works": _until(info["expiry_time"])} for info in infos]
    show_table(rows, ["token_id", "user_name", "works", "comment"], output)


@tokens.command()
@click.argument("token_id")
def revoke(token_id: str) -> None:
    """Make a token useless, from now on."""
    connected().post("/api/2.0/token/delete", {"token_id": token_id})
    click.echo(f"Revoked the token {token_id}.")


def _until(expiry_ms: int) -> str:
    if expiry_ms < 0:
        return "until it is revoked"
    return "until " + datetime.fromtimestamp(expiry_ms / 1000, UTC).isoformat(sep=" ", timespec="minutes")
