"""``boathouse model reproduce``: does the version come out again?"""

import time
from typing import Any

import click

from boathouse.cli.model_cards import version_path
from boathouse.cli.model_text import instant, print_json, print_rows
from boathouse.cli.principals import connected
from boathouse.foundation.rest import RestClient
from boathouse.models.addresses import parse_address

_POLL_SECONDS = 1.0


@click.command()
@click.argument("version")
@click.option("--wait", is_flag=True, help="Wait for the result; the exit code is 0 only if all is equal.")
@click.option("--check", is_flag=True, help="Only say what it takes, and why it cannot be done.")
@click.option("--list", "list_only", is_flag=True, help="Show the reproductions of the version so far.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text")
@click.pass_context
def reproduce(context: click.Context, version: str, *, wait: bool, check: bool, list_only: bool, output: str) -> None:
    """Train VERSION (NAME@3, NAME@champion) again from its code, environment, parameters and data, and compare.

    Nothing is changed by it: no table is written, no version is made, no alias moves.
    """
    client, path = connected(), version_path(parse_address(version))
    if check:
        _show(client.get(f"{path}/reproducible"), output, _print_plan)
        return
    if list_only:
        _show(client.get(f"{path}/reproductions"), output, _print_list)
        return
    found = client.post(f"{path}/reproductions", {})
    if wait:
        found = _ended(client, f"{path}/reproductions/{found['id']}")
    _show(found, output, _print_one)
    if wait and found["status"] != "equal":
        context.exit(1)


def _ended(client: RestClient, path: str) -> Any:
    while (found := client.get(path))["status"] == "running":
        time.sleep(_POLL_SECONDS)
    return found


def _show(found: Any, output: str, print_text: Any) -> None:
    if output == "json":
        print_json(found)
    else:
        print_text(found)


def _print_plan(plan: Any) -> None:
    click.secho(f"{plan['model']}@{plan['version']}", bold=True)
    told = [("run", plan["run_id"]), ("job", plan["job_name"]), ("task", plan["task_key"]),
            ("commit", plan["git_commit"]), ("environment", plan["environment"])]  # fmt: skip
    rows = [(name, str(value)) for name, value in told if value]
    rows += [("reads", f"{each['table']} at version {each['version']}") for each in plan["inputs"]]
    rows += [("not held", each) for each in plan["limits"]]
    rows += [("obstacle", each) for each in plan["obstacles"]]
    print_rows(("", ""), rows)
    click.echo("It can be reproduced." if plan["is_reproducible"] else "It cannot be reproduced.")


def _print_list(found: Any) -> None:
    rows = [
        (each["id"], instant(each["started_at"]), each["principal"],
         each["status"], _differing(each))
        for each in found["reproductions"]
    ]  # fmt: skip
    if not rows:
        click.echo("It has not been reproduced yet.")
        return
    print_rows(("Reproduction", "Begun", "By", "Status", "Differing"), rows)


def _print_one(found: Any) -> None:
    click.secho(f"{found['model']}@{found['version']}: {found['status']}", bold=True)
    if found["message"]:
        click.echo(found["message"])
    if found["status"] == "running":
        click.echo(f"Run {found['job_run_id']} does it again; see it with: boathouse jobs logs {found['job_run_id']}")
    if found["aspects"]:
        rows = [(each["name"], each["verdict"], str(each["compared"]), each["note"] or "") for each in found["aspects"]]
        print_rows(("What", "Verdict", "Compared", ""), rows)
    differing = [(aspect["name"], each) for aspect in found["aspects"] for each in aspect["differences"]]
    if differing:
        rows = [
            (name, each["what"], each["before"] or "-", each["after"] or "-", _relative(each["relative"]),
             each["note"] or "")
            for name, each in differing
        ]  # fmt: skip
        print_rows(("", "Differs", "Then", "Now", "Relative", ""), rows)
    for each in found["limits"]:
        click.echo(f"Not held equal: {each}")
    for each in found["held_back"]:
        click.echo(f"Held back: {each}")


def _differing(found: Any) -> str:
    names = [each["name"] for each in found["aspects"] if each["verdict"] == "differs"]
    return ", ".join(names) or (found["message"] or "")


def _relative(value: float | None) -> str:
    return "" if value is None else f"{value:.2e}"
