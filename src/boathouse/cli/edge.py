"""``boathouse edge``: a model on a device, without a Boathouse beside it."""

import os
import platform
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from boathouse.foundation.rest import Connection, RestClient

if TYPE_CHECKING:
    from boathouse.foundation.home import Home
    from boathouse.serving.edge.syncing import Send

PORT = 8310
_FOLDER = click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), default=Path("edge"), show_default=True,
    help="Where the device keeps its model and its log.",
)  # fmt: skip
_DEVICE = click.option("--device", help="The name of this device; its host name by default.")
_TOKEN = click.option(
    "--token-file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the token; BOATHOUSE_TOKEN by default.",
)  # fmt: skip


@click.group()
def edge() -> None:
    """Answer on a device from an archive of a model, without a network; send the log home later."""


@edge.command()
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_FOLDER
@click.option("--port", type=int, default=PORT, show_default=True, help="Port on the device; 0 takes a free one.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes that answer.")
@click.option("--endpoint", default="edge", show_default=True, help="Whose inference table the log is for.")
@_DEVICE
@click.option("--to", "url", metavar="URL", help="The Boathouse that the log is sent to, whenever it answers.")
@_TOKEN
@click.option("--every", default="30s", show_default=True, help="How often it is tried.")
@click.option("--signer", metavar="FINGERPRINT", help="Take an archive of this signer only.")
@click.option("--allow-pickle", is_flag=True, help="Take a model that runs code of its maker when it is loaded.")
@click.option("--journal-mb", type=click.IntRange(1), default=1024, show_default=True, help="How far the log may grow.")
def serve(
    archive: Path, folder: Path, port: int, workers: int, endpoint: str, device: str | None, url: str | None,
    token_file: Path | None, every: str, signer: str | None, allow_pickle: bool, journal_mb: int,
) -> None:  # fmt: skip
    """Answer with the model in ARCHIVE on 127.0.0.1: POST /invocations, GET /ping.

    The archive is verified first. Who has signed it is remembered in the folder; another signer is refused then.
    """
    from boathouse.foundation.settings import Settings
    from boathouse.foundation.spans import parse_span
    from boathouse.serving.edge import running
    from boathouse.serving.edge.archives import unpacked
    from boathouse.serving.edge.configuring import Device, configure
    from boathouse.serving.streaming.running import until_told
    from boathouse.wiring.logs import configure_logging
    from boathouse.wiring.supervisor import claim_port

    home = _home(folder)
    home.create()
    model = unpacked(archive, home, signer=signer, allow_pickle=allow_pickle)
    configure_logging(Settings.from_environment())
    here = _device(device)
    configure(home, Device(here, endpoint, journal_mb), model)
    chosen = claim_port(running.HOST, port)
    click.echo(f"{model.name}@{model.version}, signed by {model.fingerprint}")
    click.echo(f"http://{running.HOST}:{chosen}/invocations answers once the model is loaded.")
    send = None if url is None else _send(url, token_file, endpoint, here)
    with until_told(None) as ended:
        running.serve(home, chosen, ended, workers=workers, send=send, every=parse_span(every).total_seconds())


@edge.command("sync")
@_FOLDER
@click.option("--to", "url", required=True, metavar="URL", help="The Boathouse that the log is sent to.")
@click.option("--endpoint", default="edge", show_default=True, help="Whose inference table the log is for.")
@_DEVICE
@_TOKEN
def sync_log(folder: Path, url: str, endpoint: str, device: str | None, token_file: Path | None) -> None:
    """Send the log of the device to the inference table of an endpoint, each request once."""
    from boathouse.serving.edge.syncing import sync

    done = sync(_home(folder), _send(url, token_file, endpoint, _device(device)))
    click.echo(f"{done.exchanges:,} requests have come home ({done.bytes:,} bytes).")


@edge.command()
@_FOLDER
def status(folder: Path) -> None:
    """Say what the device answers with, and how much of its log is still here."""
    from boathouse.serving.edge.syncing import waiting_bytes
    from boathouse.serving.snapshot import files

    home = _home(folder)
    snapshot = files.read(home)
    if snapshot is None:
        raise click.ClickException(f"{folder} is no folder of a device.")
    entity = snapshot.endpoints[0].entities[0]
    click.echo(f"{entity.entity}@{entity.version} answers as {snapshot.endpoints[0].name}.")
    click.echo(f"{waiting_bytes(home):,} bytes of log are still here.")


def _home(folder: Path) -> "Home":
    from boathouse.foundation.home import Home

    return Home(folder.absolute())


def _device(name: str | None) -> str:
    return name or re.sub(r"[^\w.-]", "-", platform.node()).strip("-.") or "device"


def _send(url: str, token_file: Path | None, endpoint: str, device: str) -> "Send":
    from boathouse.serving.edge.syncing import sender

    token = token_file.read_text().strip() if token_file else os.environ.get("BOATHOUSE_TOKEN")
    if not token:
        raise click.UsageError("There is no token: set BOATHOUSE_TOKEN, or give --token-file.")
    return sender(RestClient(Connection(url.rstrip("/"), token)), endpoint, device)
