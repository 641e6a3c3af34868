"""``boathouse endpoint query``: ask the data plane, as any program would."""

import json
import sys
from pathlib import Path
from urllib.parse import quote

import click

from boathouse.foundation.errors import NotFound, Unavailable
from boathouse.foundation.rest import URL_VARIABLE, Connection, RestClient

_TYPES = {".csv": "text/csv", ".arrow": "application/vnd.apache.arrow.stream",
          ".parquet": "application/vnd.apache.parquet"}  # fmt: skip
_TOLD = ("x-served-by", "x-fallback", "x-request-id")


@click.command()
@click.argument("name")
@click.option(
    "--data", metavar="JSON", help='The body, e.g. \'{"dataframe_records": [{"x": 1}]}\'; - reads it from stdin.'
)
@click.option("--file", "file", type=click.Path(path_type=Path, dir_okay=False), help="The body: .json, .csv, .arrow.")
@click.option("--entity", help="Ask this served entity, whatever its share of the traffic.")
@click.option("--headers", is_flag=True, help="Say on stderr who answered.")
def query(name: str, data: str | None, file: Path | None, entity: str | None, *, headers: bool) -> None:
    """Ask the endpoint NAME and print its answer."""
    body, content_type = _body(data, file)
    client = RestClient(_data_plane())
    where = f"/served-models/{quote(entity, safe='')}" if entity else ""
    answer = client.send(
        "POST",
        f"/serving-endpoints/{quote(name, safe='')}{where}/invocations",
        content=body,
        headers={"Content-Type": content_type},
    )
    if headers:
        for each in _TOLD:
            if each in answer.headers:
                click.echo(f"{each}: {answer.headers[each]}", err=True)
    click.echo(answer.content.decode(errors="replace"))


def _body(data: str | None, file: Path | None) -> tuple[bytes, str]:
    if (data is None) == (file is None):
        raise click.UsageError("Give either --data or --file.")
    if file is not None:
        if not file.is_file():
            raise NotFound(f"There is no file {file}.")
        return file.read_bytes(), _TYPES.get(file.suffix.lower(), "application/json")
    text = sys.stdin.read() if data == "-" else data or ""
    try:
        json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"--data is no JSON: {error}.") from error
    return text.encode(), "application/json"


def _data_plane() -> Connection:
    """Where predictions are answered: the home's own data plane, or behind the control plane that was named."""
    import os

    from boathouse.foundation.home import locate_home

    connection = Connection.from_surroundings()
    home = locate_home()
    running = home.running() if home is not None else None
    named = os.environ.get(URL_VARIABLE)
    if running is None or (named and named.rstrip("/") != running["url"]):
        return connection
    if "serving_url" not in running:
        raise Unavailable(
            "This Boathouse runs no data plane, which answers predictions.",
            hint="Start it with BOATHOUSE_SERVING_WORKERS=-1, or leave that out.",
        )
    return Connection(str(running["serving_url"]), connection.token)
