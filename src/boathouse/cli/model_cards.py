"""``boathouse model card``: what anybody may ask of a version."""

from pathlib import Path
from urllib.parse import quote

import click

from boathouse.cli.principals import connected
from boathouse.foundation.errors import InvalidInput
from boathouse.models.addresses import ModelAddress, parse_address

ROOT = "/api/boathouse/v1/models"


@click.command()
@click.argument("version")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write one HTML page to this file.")
@click.option("--md", type=click.Path(dir_okay=False, path_type=Path), help="Write Markdown to this file.")
def card(version: str, html: Path | None, md: Path | None) -> None:
    """Print the card of VERSION (NAME@3, NAME@champion), made from facts; or write it to files."""
    client, path = connected(), f"{version_path(parse_address(version))}/card"
    for file, form in ((html, "html"), (md, "md")):
        if file is not None:
            file.write_bytes(client.send("GET", path, params={"form": form}).content)
            click.echo(f"Written: {file}")
    if html is None and md is None:
        click.echo(client.send("GET", path, params={"form": "md"}).content.decode(), nl=False)


def version_path(address: ModelAddress) -> str:
    """The REST path of a version.

    Raises:
        InvalidInput: The address names a model only.
    """
    if address.which is None:
        raise InvalidInput(f"{address} says no version.", hint=f"Write {address}@3 or {address}@champion.")
    return f"{ROOT}/{quote(str(address.name))}/versions/{quote(address.which, safe='')}"
