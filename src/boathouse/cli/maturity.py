"""``boathouse maturity``: how far a team has come, by what really happened."""

import json
from typing import Any
from urllib.parse import quote

import click

from boathouse.cli.principals import connected, output_option

API = "/api/boathouse/v1"
_MARKS = {"met": ("✓", "green"), "not_met": ("✗", "red"), "not_measured": ("?", "yellow")}


@click.command()
@click.argument("model", required=False)
@output_option
def maturity(model: str | None, output: str) -> None:
    """How mature the work on MODEL is, on two scales, each level with its evidence; without MODEL, all of them.

    What nobody measures counts as not met.
    """
    client = connected()
    found = client.get(f"{API}/models/{quote(model, safe='')}/maturity" if model else f"{API}/maturity")
    if output == "json":
        click.echo(json.dumps(found, indent=2))
    elif model:
        _show(found)
    else:
        _show_all(found)


def _show(found: dict[str, Any]) -> None:
    looked_at = f"version {found['version']}" if found["version"] else "no version"
    click.secho(f"{found['model']} ({looked_at})", bold=True)
    practices = {each["name"]: each for each in found["practices"]}
    for scale in found["scales"]:
        click.echo()
        click.secho(f"{scale['title']}: {_level(scale)} {scale['level_name']}", bold=True)
        for level in scale["levels"][1:]:
            mark = "reached" if level["is_reached"] else "not reached"
            click.echo(f"  Level {level['number']}, {level['name']}: {mark}")
            for name in level["practices"]:
                _show_practice(practices[name])
            if step := level["next_step"]:
                click.echo(f"    → {practices[step['practice']]['title']}: {step['step']}")


def _show_practice(practice: dict[str, Any]) -> None:
    mark, colour = _MARKS[practice["standing"]]
    click.echo("    " + click.style(mark, fg=colour) + f" {practice['title']}: {practice['evidence']}")


def _show_all(found: dict[str, Any]) -> None:
    if not found["models"]:
        click.echo("There is no model that you may read.")
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    titles = [each["title"] for each in found["models"][0]["scales"]]
    table = Table("Model", *titles, "Cheapest next step", box=box.SIMPLE_HEAD, pad_edge=False)
    for each in found["models"]:
        steps = [scale["next_step"]["step"] for scale in each["scales"] if scale["next_step"]]
        levels = [f"{_level(scale)} {scale['level_name']}" for scale in each["scales"]]
        table.add_row(each["model"], *levels, steps[-1] if steps else "")
    Console().print(table)
    if found["left"]:
        click.echo(f"{found['left']} more are not shown.")


def _level(scale: dict[str, Any]) -> str:
    level, possible = scale["level"], scale["level_if_measured"]
    return str(level) if level == possible else f"{level} ({possible} if what nobody measures were met)"
