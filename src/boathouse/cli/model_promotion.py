"""``boathouse model promote``, ``why`` and ``in-production``: what goes to production, why, and what was there when."""

from typing import Any
from urllib.parse import quote

import click

from boathouse.cli.model_gates import ROOT, version_path
from boathouse.cli.model_text import instant, print_evidence, print_json, print_move, print_standing
from boathouse.cli.principals import connected, output_option
from boathouse.models.addresses import parse_address


@click.command()
@click.argument("address", metavar="NAME@VERSION")
@click.option("--stage", default="production", show_default=True, help="Where to: a stage, or its alias.")
@click.option("--expected", metavar="VERSION", help="Only if this is there now; 'none': only if nothing is.")
@click.option("--reason", help="Why, for the history.")
@output_option
def promote(address: str, stage: str, expected: str | None, reason: str | None, output: str) -> None:
    """Bring a version to a stage, if its evidence and approvals let it go there."""
    where = parse_address(address)
    if where.which is None:
        raise click.BadParameter(f"write which version, as in {where}@3", param_hint="NAME@VERSION")
    body: dict[str, Any] = {"stage": stage, "reason": reason}
    if expected is not None:
        if expected != "none" and not expected.isdecimal():
            raise click.BadParameter("give a version or 'none'", param_hint="--expected")
        body["expected"] = None if expected == "none" else int(expected)
    found = connected().post(f"{version_path(where)}/promote", body)
    if output == "json":
        print_json(found)
        return
    decision = found["decision"]
    place = f"Version {decision['version']} of {decision['model']} is {'' if found['is_new'] else 'already '}in"
    click.secho(f"{place} {found['stage']}.", fg="green", bold=True)
    if found["move"]:
        print_move(found["move"])


@click.command()
@click.argument("address", metavar="NAME@VERSION")
@output_option
def why(address: str, output: str) -> None:
    """Explain why a version is where it is: NAME@champion, NAME@production, NAME@3.

    Shows the move that brought it there, what was decided before, on which evidence and approvals, and what would be
    decided now.
    """
    where = parse_address(address)
    found = connected().get(f"{version_path(where, 'production')}/why")
    if output == "json":
        print_json(found)
        return
    pointing = f" ({', '.join(found['aliases'])})" if found["aliases"] else ", at which no alias points"
    click.secho(f"{found['model']} version {found['version']}{pointing}", bold=True)
    _print_past(found)
    if found["now"] is None:
        click.echo("The model has no requirements, so nothing would be decided now.")
    else:
        click.secho("\nNow", bold=True)
        print_standing(found["now"])


@click.command("in-production")
@click.argument("name")
@click.option("--at", help="The instant: 2026-03-01T10:00, UTC unless it says. Now by default.")
@click.option("--stage", default="production", show_default=True, help="A stage, or an alias.")
@output_option
def in_production(name: str, at: str | None, stage: str, output: str) -> None:
    """Show which version of NAME was in production at an instant, since when, and until when."""
    where = parse_address(name)
    found = connected().get(f"{ROOT}/{quote(str(where.name), safe='')}/in-production", at=at, stage=stage)
    if output == "json":
        print_json(found)
        return
    if found["version"] is None:
        click.echo(f"{found['model']} had nothing in {stage} ({found['alias']}) at {instant(found['at'])}.")
    else:
        shown = f"{found['model']} version {found['version']} was in {stage} ({found['alias']})"
        click.secho(f"{shown} at {instant(found['at'])}.", bold=True)
    for title, move in (("since", found["since"]), ("until", found["until"])):
        if move is not None:
            click.echo(f"{title} ", nl=False)
            print_move(move)


def _print_past(found: dict[str, Any]) -> None:
    move, decided = found["move"], found["decided"]
    if move is None:
        click.echo("No alias ever came to it.")
        return
    print_move(move)
    if decided is None:
        click.echo("Somebody just moved it: no evidence was asked for.")
        return
    kept = decided["document"]
    click.secho(f"\nDecided then ({decided['kind']}, {instant(decided['decided_at'])})", bold=True)
    for reason in kept.get("reasons", []):
        click.echo(f"  - {reason}")
    facts = {
        "requirements revision": kept.get("requirements_revision"),
        "evaluation": kept.get("evaluation_id"),
        "on": _data(kept),
        "compared with version": kept.get("compared_with"),
    }
    for title, value in facts.items():
        if value is not None:
            click.echo(f"  {title}: {value}")
    if kept.get("evidence"):
        print_evidence(kept["evidence"])


def _data(kept: dict[str, Any]) -> str | None:
    if kept.get("data_table") is None:
        return None
    version = kept.get("data_version")
    return f"{kept['data_table']}{'' if version is None else f' version {version}'}"
