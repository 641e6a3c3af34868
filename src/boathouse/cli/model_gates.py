"""``boathouse model gates`` and ``evidence``: what gates have seen of a version, and what rules say of it."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from boathouse.cli.model_text import print_evidence, print_json, print_standing
from boathouse.cli.policy_files import as_sent, requirements_in
from boathouse.cli.principals import connected, output_option
from boathouse.models.addresses import ModelAddress, parse_address

ROOT = "/api/boathouse/v1/models"


def version_path(address: ModelAddress, otherwise: str = "latest") -> str:
    """The REST path of the version that an address means."""
    which = address.which or otherwise
    return f"{ROOT}/{quote(str(address.name), safe='')}/versions/{quote(which, safe='')}"


@click.command()
@click.argument("address", metavar="NAME@VERSION")
@click.option(
    "--policy",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Judge by the requirements in this file instead; nothing is run again.",
)
@click.option("-t", "--target", help="For which target of the bundle, if --policy is its boathouse.yml.")
@output_option
def gates(address: str, policy: Path | None, target: str | None, output: str) -> None:
    """Show what every rule says of a version: NAME@3, NAME@champion, or the newest of NAME.

    What was measured last is judged by the requirements that are deployed, or by those in a file. Ends with 1 when the
    gates would not let the version pass.
    """
    where = parse_address(address)
    path = f"{version_path(where)}/decision"
    if policy is None:
        decision = connected().get(path)
    else:
        asked = requirements_in(policy, str(where.name), target)
        decision = connected().post(path, {"requirements": as_sent(asked)})
    if output == "json":
        print_json(decision)
    else:
        print_evidence(decision["evidence"])
        print_standing(decision)
    if decision["standing"] == "not_evaluated" or any(row["blocks"] for row in decision["evidence"]):
        raise SystemExit(1)


@click.command()
@click.argument("address", metavar="NAME@VERSION")
@click.option("--evaluation", help="Only of this evaluation.")
@click.option("--latest", type=click.IntRange(1, 1000), default=1, show_default=True, help="Of so many evaluations.")
@click.option("--gate", help="Only of this gate.")
@output_option
def evidence(address: str, evaluation: str | None, latest: int, gate: str | None, output: str) -> None:
    """Show the evidence of a version as it was written down, the latest evaluation first."""
    path = f"{version_path(parse_address(address))}/evidence"
    found = connected().get(path, evaluation_id=evaluation, latest=latest)
    rows = [row for row in found["evidence"] if gate in (None, row["measurement"]["gate"])]
    if output == "json":
        print_json({"evaluations": found["evaluations"], "evidence": rows})
        return
    for evaluation_id, told in found["evaluations"].items():
        click.secho(f"{told['kind']} {evaluation_id}: {_on(told)}", bold=True)
        print_evidence([row for row in rows if row["evaluation_id"] == evaluation_id])
    if not found["evaluations"]:
        print_evidence([])


def _on(evaluation: dict[str, Any]) -> str:
    rows = "rows of no table" if evaluation["data_table"] is None else f"rows of {evaluation['data_table']}"
    version = "" if evaluation["data_version"] is None else f" version {evaluation['data_version']}"
    beside = "" if evaluation["champion"] is None else f", beside version {evaluation['champion']}"
    return f"{rows}{version}{beside}"
