"""``boathouse secrets``: scopes, their secrets, and who may read them."""

import base64
import json
import sys
from datetime import UTC, datetime
from typing import Any

import click

from boathouse.cli.principals import connected, output_option, show_table
from boathouse.foundation.errors import InvalidInput

API = "/api/2.0/secrets"


@click.group()
def secrets() -> None:
    """Secrets in scopes. Values are encrypted at rest and replaced by [REDACTED] in what tasks print."""


@secrets.command("create-scope")
@click.argument("scope")
@click.option("--everyone-manages", is_flag=True, help="Everybody may read, write and manage it.")
def create_scope(scope: str, everyone_manages: bool) -> None:
    """Create SCOPE; you own it."""
    connected().post(
        f"{API}/scopes/create", {"scope": scope, "initial_manage_principal": "users" if everyone_manages else None}
    )
    click.echo(f"Created the secret scope {scope}.")


@secrets.command("delete-scope")
@click.argument("scope")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete_scope(scope: str, yes: bool) -> None:
    """Delete SCOPE and erase its secrets."""
    client = connected()
    number = len(client.get(f"{API}/list", scope=scope)["secrets"])
    if number and not yes:
        click.confirm(f"Erase the {number} secrets of {scope}?", abort=True, err=True)
    client.post(f"{API}/scopes/delete", {"scope": scope})
    click.echo(f"Deleted the secret scope {scope}.")


@secrets.command()
@output_option
def scopes(output: str) -> None:
    """List the scopes you may know of."""
    show_table(connected().get(f"{API}/scopes/list")["scopes"], ["name"], output)


@secrets.command()
@click.argument("scope")
@click.argument("key")
@click.option("--value", help="The value. Anybody can see it in the list of processes; better let it be asked for.")
@click.option("--file", type=click.File("rb"), help="Take the bytes of this file as they are.")
def put(scope: str, key: str, value: str | None, file: Any) -> None:
    """Write the secret KEY of SCOPE.

    The value is asked for, or read from standard input when that is no terminal; one line break at its end does not
    count.
    """
    if value is not None and file is not None:
        raise InvalidInput("--value and --file cannot both be given.")
    given = value.encode() if value is not None else file.read() if file is not None else _asked_for(scope, key)
    connected().post(f"{API}/put", {"scope": scope, "key": key, "bytes_value": base64.b64encode(given).decode()})
    click.echo(f"Wrote the secret {scope}/{key}.")


@secrets.command("list")
@click.argument("scope")
@output_option
def list_secrets(scope: str, output: str) -> None:
    """List the secrets of SCOPE, without their values."""
    found = connected().get(f"{API}/list", scope=scope)["secrets"]
    rows = [{**each, "last_updated": _instant(each["last_updated_timestamp"])} for each in found]
    show_table(rows, ["key", "last_updated"], output)


@secrets.command()
@click.argument("scope")
@click.argument("key")
def get(scope: str, key: str) -> None:
    """Print the value of the secret KEY of SCOPE, byte for byte."""
    found = connected().get(f"{API}/get", scope=scope, key=key)
    sys.stdout.buffer.write(base64.b64decode(found["value"]))
    sys.stdout.buffer.flush()
    if sys.stdout.isatty():
        click.echo()


@secrets.command()
@click.argument("scope")
@click.argument("key")
def delete(scope: str, key: str) -> None:
    """Erase the secret KEY of SCOPE."""
    connected().post(f"{API}/delete", {"scope": scope, "key": key})
    click.echo(f"Erased the secret {scope}/{key}.")


@secrets.group()
def acl() -> None:
    """Who may READ, WRITE or MANAGE a scope."""


@acl.command("put")
@click.argument("scope")
@click.argument("principal")
@click.argument("permission", type=click.Choice(["READ", "WRITE", "MANAGE"], case_sensitive=False))
def put_acl(scope: str, principal: str, permission: str) -> None:
    """Give PRINCIPAL this PERMISSION on SCOPE, in place of the one it had."""
    connected().post(f"{API}/acls/put", {"scope": scope, "principal": principal, "permission": permission})
    click.echo(f"{principal} may {permission} {scope}.")


@acl.command("delete")
@click.argument("scope")
@click.argument("principal")
def delete_acl(scope: str, principal: str) -> None:
    """Take PRINCIPAL's permission on SCOPE away."""
    connected().post(f"{API}/acls/delete", {"scope": scope, "principal": principal})
    click.echo(f"{principal} has no permission of its own on {scope} any more.")


@acl.command("list")
@click.argument("scope")
@output_option
def list_acls(scope: str, output: str) -> None:
    """List everybody's permission on SCOPE."""
    show_table(connected().get(f"{API}/acls/list", scope=scope)["items"], ["principal", "permission"], output)


@secrets.command("rotate-key")
@output_option
def rotate_key(output: str) -> None:
    """Encrypt every secret anew under a new key: all of them or none."""
    done = connected().post("/api/boathouse/v1/secrets/rotate-key")
    if output == "json":
        click.echo(json.dumps(done))
        return
    click.echo(f"{done['secrets']} secrets are encrypted under a new key.")


def _asked_for(scope: str, key: str) -> bytes:
    if sys.stdin.isatty():
        return click.prompt(f"Value of {scope}/{key}", hide_input=True, confirmation_prompt=True, err=True).encode()
    data = sys.stdin.buffer.read()
    for ending in (b"\r\n", b"\n"):
        if data.endswith(ending):
            return data[: -len(ending)]
    return data


def _instant(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(sep=" ", timespec="seconds")
