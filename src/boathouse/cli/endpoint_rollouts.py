"""``boathouse endpoint rollout``, and the steps that somebody takes by hand."""

from typing import Any
from urllib.parse import quote

import click

from boathouse.cli.model_text import instant, print_json, print_rows
from boathouse.cli.principals import connected, output_option

PATH = "/api/boathouse/v1/endpoints"

_entity = click.option("--entity", help="The served entity, where several have a rollout under way.")


@click.command()
@click.argument("name")
@click.option("--limit", type=click.IntRange(1, 100), default=5, show_default=True, help="How many, newest first.")
@output_option
def rollout(name: str, limit: int, output: str) -> None:
    """Show which version is on its way to the traffic of endpoint NAME, what it waits for, and what was before."""
    found = connected().get(f"{PATH}/{quote(name)}/rollout", limit=limit)["rollouts"]
    if output == "json":
        print_json(found)
        return
    if not found:
        click.echo(f"{name} has had no rollout. A policy with canary makes the next version come by steps.")
    for place, each in enumerate(found):
        if place:
            click.echo()
        _print(each)


@click.command()
@click.argument("name")
@_entity
@output_option
def advance(name: str, entity: str | None, output: str) -> None:
    """Give the version on its way to endpoint NAME the next share of the traffic now, whatever the rules say."""
    _done(connected().post(f"{PATH}/{quote(name)}/rollout/advance", {"entity": entity}), output)


@click.command()
@click.argument("name")
@click.option("--reason", required=True, help="Why, for the history.")
@_entity
@output_option
def abort(name: str, reason: str, entity: str | None, output: str) -> None:
    """Give the traffic of endpoint NAME back to the version before, at once."""
    asked = {"reason": reason, "entity": entity}
    _done(connected().post(f"{PATH}/{quote(name)}/rollout/abort", asked), output)


@click.command()
@click.argument("name")
@_entity
@output_option
def retry(name: str, entity: str | None, output: str) -> None:
    """Let the version whose rollout on endpoint NAME was aborted come again, from the first step."""
    _done(connected().post(f"{PATH}/{quote(name)}/rollout/retry", {"entity": entity}), output)


def _done(rollout: dict[str, Any], output: str) -> None:
    if output == "json":
        print_json(rollout)
        return
    model, new, old = rollout["model"], rollout["to_version"], rollout["from_version"]
    match rollout["state"]:
        case "done":
            click.echo(f"{model}@{new} has all of the traffic.")
        case "aborted":
            click.echo(f"{model}@{old} has all of the traffic again; version {new} has none.")
        case _:
            click.echo(f"{model}@{new} has {rollout['percent']:g} % of the traffic, version {old} the rest.")


def _print(rollout: dict[str, Any]) -> None:
    click.secho(
        f"{rollout['entity']}: {rollout['model']} {rollout['from_version']} → {rollout['to_version']}", bold=True
    )
    click.echo(f"  {rollout['state']}, {rollout['percent']:g} %" + (f": {rollout['why']}" if rollout["why"] else ""))
    rows = [
        (
            instant(each["at"]),
            each["kind"],
            f"{each['from_percent']:g} → {each['to_percent']:g} %",
            each["by"],
            each["reason"] or "",
        )
        for each in rollout["history"]
    ]
    print_rows(("When", "What", "Share", "Who", "Why"), rows, empty="")
