"""``boathouse upload``, ``download`` and ``ls``: files of volumes, through the Files API."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.errors import AlreadyExists, InvalidInput, NotFound
from boathouse.foundation.rest import Connection, RestClient

FILES = "/api/2.0/fs/files"
FOLDERS = "/api/2.0/fs/directories"


@click.command()
@click.argument("local", type=click.Path(exists=True, path_type=Path))
@click.argument("target")
@click.option("--overwrite/--no-overwrite", default=True, show_default=True, help="Replace files that are there.")
def upload(local: Path, target: str, overwrite: bool) -> None:
    """Copy the file or folder LOCAL to TARGET, a path below /Volumes.

    A TARGET that ends in / (or is a volume) is the folder to put it in.
    """
    _require_volume(target)
    client = RestClient(Connection.from_surroundings())
    count = 0
    for source, place in _pairs(local, target):
        with source.open("rb") as content:
            client.send("PUT", f"{FILES}{quote(place)}", params={"overwrite": overwrite}, content=content,
                        headers={"Content-Type": "application/octet-stream"})  # fmt: skip
        click.echo(f"{place} ({source.stat().st_size:,} bytes)")
        count += 1
    if not count:
        raise NotFound(f"The folder {local} holds no files.")


@click.command()
@click.argument("source")
@click.argument("local", type=click.Path(path_type=Path), default=".")
@click.option("--overwrite/--no-overwrite", default=False, show_default=True, help="Replace a file that is there.")
def download(source: str, local: Path, overwrite: bool) -> None:
    """Copy the file SOURCE, a path below /Volumes, to the file or folder LOCAL."""
    _require_volume(source)
    place = local / source.rstrip("/").rpartition("/")[2] if local.is_dir() else local
    if place.exists() and not overwrite:
        raise AlreadyExists(f"{place} already exists.", hint="Use --overwrite to replace it.")
    client = RestClient(Connection.from_surroundings())
    draft = place.with_name(f".{place.name}.part")
    try:
        with draft.open("wb") as file:
            for chunk in client.download(f"{FILES}{quote(source)}"):
                file.write(chunk)
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)
    click.echo(f"{place} ({place.stat().st_size:,} bytes)")


@click.command()
@click.argument("path")
def ls(path: str) -> None:
    """List the folder PATH below /Volumes."""
    _require_volume(path)
    client = RestClient(Connection.from_surroundings())
    for entry in _entries(client, path.rstrip("/")):
        when = from_epoch_ms(entry["last_modified"]).strftime("%Y-%m-%d %H:%M:%S")
        size = "" if entry["is_directory"] else f"{entry['file_size']:,}"
        click.echo(f"{when}  {size:>15}  {entry['name']}{'/' * entry['is_directory']}")


def _pairs(local: Path, target: str) -> Iterator[tuple[Path, str]]:
    """Each local file and where it goes."""
    is_folder = target.endswith("/") or len(target.strip("/").split("/")) == 4
    base = target.rstrip("/")
    if local.is_file():
        yield local, f"{base}/{local.name}" if is_folder else base
        return
    if target.endswith("/"):
        base = f"{base}/{local.resolve().name}"
    for source in sorted(local.rglob("*")):
        if source.is_file():
            yield source, f"{base}/{source.relative_to(local).as_posix()}"


def _entries(client: RestClient, path: str) -> Iterator[dict[str, Any]]:
    token: str | None = None
    while True:
        page = client.get(f"{FOLDERS}{quote(path)}", page_token=token)
        yield from page["contents"]
        token = page.get("next_page_token")
        if not token:
            return


def _require_volume(path: str) -> None:
    if not path.startswith("/Volumes/"):
        raise InvalidInput(f"{path!r} is not a path in a volume.", hint="Write /Volumes/catalog/schema/volume/path.")
