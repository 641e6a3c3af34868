"""``boathouse endpoint policy``: show, put and withdraw what Databricks has no field for."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from boathouse.cli.endpoints import OURS
from boathouse.cli.model_text import print_json
from boathouse.cli.principals import connected, output_option
from boathouse.foundation.errors import InvalidInput, NotFound


@click.command()
@click.argument("name")
@click.option("--put", "file", type=click.Path(path_type=Path, dir_okay=False), help="A YAML file that shall hold.")
@click.option("--withdraw", is_flag=True, help="Let the defaults hold again.")
@output_option
def policy(name: str, file: Path | None, *, withdraw: bool, output: str) -> None:
    """Show how the endpoint NAME changes, falls and is limited; or change that."""
    client, path = connected(), f"{OURS}/{quote(name, safe='')}/policy"
    if file is not None and withdraw:
        raise click.UsageError("Give either --put or --withdraw.")
    if withdraw:
        client.delete(path)
    found = client.get(path) if file is None else client.put(path, _read(file))
    if output == "json":
        print_json(found)
        return
    import yaml

    revision = "the defaults" if found["revision"] is None else f"revision {found['revision']}"
    click.secho(f"{name}: {revision}", bold=True)
    if found["policy"]:
        click.echo(yaml.safe_dump(found["policy"], sort_keys=False, allow_unicode=True, width=100).rstrip())


def _read(file: Path) -> Any:
    from boathouse.foundation.yaml_source import parse_yaml

    if not file.is_file():
        raise NotFound(f"There is no file {file}.")
    found = parse_yaml(file.read_text(encoding="utf-8"), file).data
    if not isinstance(found, dict):
        raise InvalidInput(f"{file} holds no policy.", hint="Write limits:, fallback:, canary: and so on.")
    return found  # pyright: ignore[reportUnknownVariableType]
