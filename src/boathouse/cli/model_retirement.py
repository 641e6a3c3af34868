"""``boathouse model retire``, ``retired`` and ``copy``."""

from typing import Any
from urllib.parse import quote

import click

from boathouse.cli.model_cards import ROOT, version_path
from boathouse.cli.principals import connected, output_option, show_table
from boathouse.foundation.clock import from_epoch_ms
from boathouse.models.addresses import parse_address


@click.command()
@click.argument("model")
@click.option("--reason", help="Why; it stays in the history.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done, and what stands in the way.")
@click.option("--yes", is_flag=True, help="Do not ask when all versions are to be retired.")
def retire(model: str, reason: str | None, dry_run: bool, yes: bool) -> None:
    """Retire MODEL (NAME@3, or NAME for all its versions): archive its files and remove them.

    Refused while an alias, an endpoint or a job uses it. Evidence, history and card stay.
    """
    address, client = parse_address(model), connected()
    path = f"{ROOT}/{quote(str(address.name))}/retire"
    if not dry_run and not (reason or "").strip():
        raise click.UsageError("Say why with --reason.")
    if not dry_run and address.which is None and not yes:
        click.confirm(f"Retire every version of {address.name}?", abort=True)
    asked = {"version": address.which, "reason": reason or "", "dry_run": dry_run}
    answer = client.post(path, asked)
    if dry_run:
        _show_plans(str(address.name), answer["plans"])
        return
    for each in answer["retired"]:
        click.echo(f"Retired: {answer['model']}@{each['version']}, archived as {each['archive']}")


@click.command()
@click.argument("model")
@output_option
def retired(model: str, output: str) -> None:
    """List the versions of MODEL that were retired, and their archives."""
    name = str(parse_address(model).name)
    found = connected().get(f"{ROOT}/{quote(name)}/retired")["retired"]
    for each in found:
        each["when"] = from_epoch_ms(each["retired_at"]).strftime("%Y-%m-%d %H:%M")
    show_table(found, ("version", "when", "principal", "reason", "archive"), output)


@click.command()
@click.argument("version")
@click.argument("other")
@click.option("--evaluate", is_flag=True, help="Start the deployment job of OTHER with the copy.")
def copy(version: str, other: str, evaluate: bool) -> None:
    """Copy VERSION (NAME@3) to the model OTHER, with its run, inputs and lineage.

    What was measured of it is judged anew by the requirements of OTHER, or those of VERSION if it has none.
    """
    path = f"{version_path(parse_address(version))}/copy"
    made = connected().post(path, {"to": str(parse_address(other).name), "evaluate": evaluate})
    click.secho(f"Copied: {made['model']}@{made['version']}", bold=True)
    if made["requirements_revision"] is not None:
        click.echo(f"requirements: revision {made['requirements_revision']}")
    if made["measurements"]:
        click.echo(f"evidence: {made['measurements']} measurements, judged anew")
    for each in made["left_behind"]:
        click.echo(f"not copied: {each}")


def _show_plans(name: str, plans: list[dict[str, Any]]) -> None:
    for plan in plans:
        click.echo(f"{name}@{plan['version']}: {plan['files']} files, {plan['size_bytes']:,} bytes would be archived")
        for use in plan["uses"]:
            click.echo(f"  in the way: {use['what']} {use['how']}")
