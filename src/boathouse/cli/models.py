"""``boathouse model``: what is registered, where its aliases point, and how they got there."""

from typing import Any
from urllib.parse import quote

import click

from boathouse.cli.lazy import LazyGroup
from boathouse.cli.model_text import instant, print_json, print_rows
from boathouse.cli.principals import connected, output_option
from boathouse.foundation.rest import RestClient

PATH = "/api/boathouse/v1/models"


COMMANDS: dict[str, tuple[str, str, str]] = {
    # name: (module, object, line of help)
    "rollback": ("boathouse.cli.model_rollback", "rollback", "Go back to the last champion that still answers."),
    "rollback-drill": ("boathouse.cli.model_rollback", "drill", "Exercise a rollback without moving anything."),
    "rollbacks": ("boathouse.cli.model_rollback", "rollbacks", "When production was rolled back, and last exercised."),
    "deploy": ("boathouse.cli.model_approvals", "deploy", "Start a version's deployment job by hand."),
    "deployments": ("boathouse.cli.model_approvals", "deployments", "A model's deployment job, and its starts."),
    "approve": ("boathouse.cli.model_approvals", "approve", "Sign a version."),
    "refuse": ("boathouse.cli.model_approvals", "refuse", "Say no to a version."),
    "waive": ("boathouse.cli.model_approvals", "waive", "Let one gate not count for a version, for a while."),
    "withdraw": ("boathouse.cli.model_approvals", "withdraw", "Take back what you have said of a version."),
    "approvals": ("boathouse.cli.model_approvals", "approvals", "Who has signed, who may, and what waits for you."),
    "gates": ("boathouse.cli.model_gates", "gates", "What every rule says of a version, or would by other rules."),
    "evidence": ("boathouse.cli.model_gates", "evidence", "What gates have seen of a version."),
    "why": ("boathouse.cli.model_promotion", "why", "Why a version is where it is."),
    "promote": ("boathouse.cli.model_promotion", "promote", "Bring a version to production, if it may go there."),
    "in-production": ("boathouse.cli.model_promotion", "in_production", "What was in production when."),
    "requirements": ("boathouse.cli.model_requirements", "requirements", "What a model has to meet, and had to."),
    "policy": ("boathouse.cli.model_requirements", "policy", "The gates, rules and signatures that it comes to."),
    "reproduce": ("boathouse.cli.model_reproduce", "reproduce", "Train a version again, and say what differs."),
    "export": ("boathouse.cli.model_archives", "export_version", "Write a version to one signed file."),
    "import": ("boathouse.cli.model_archives", "import_version", "Make a version of what an archive holds."),
    "inspect": ("boathouse.cli.model_archives", "inspect", "Say what an archive holds, and whether it is whole."),
    "trust": ("boathouse.cli.model_archives", "trust", "Whose archives this home takes."),
    "copy": ("boathouse.cli.model_retirement", "copy", "Copy a version to another model, with what is known of it."),
    "retire": ("boathouse.cli.model_retirement", "retire", "Archive versions that nobody uses."),
    "retired": ("boathouse.cli.model_retirement", "retired", "The versions of a model that were retired."),
    "card": ("boathouse.cli.model_cards", "card", "What anybody may ask of a version, as Markdown or one page."),
}


@click.group("model", cls=LazyGroup, lazy=COMMANDS)
def models() -> None:
    """Registered models, their versions and aliases, and what may go to production."""


@models.command("list")
@output_option
def list_models(output: str) -> None:
    """List the models you may read."""
    client, found, token = connected(), [], None
    while True:
        page = client.get(PATH, page_token=token)
        found += page["models"]
        if (token := page.get("next_page_token")) is None:
            break
    if output == "json":
        print_json(found)
        return
    rows = [(each["name"], _aliases(each["aliases"]), each["comment"] or "") for each in found]
    print_rows(("Model", "Aliases", "Comment"), rows, empty="There is no model that you may read.")


@models.command()
@click.argument("name")
@output_option
def show(name: str, output: str) -> None:
    """Show the model NAME and its versions."""
    found = connected().get(f"{PATH}/{quote(name)}")
    if output == "json":
        print_json(found)
        return
    model = found["model"]
    click.secho(model["name"], bold=True)
    if model["comment"]:
        click.echo(model["comment"])
    rows = [
        (str(each["version"]), ", ".join(each["aliases"]), each["run_id"] or "", instant(each["created_at"]))
        for each in found["versions"]
    ]
    print_rows(("Version", "Aliases", "Run", "Registered"), rows, empty="It has no versions yet.")


@models.command()
@click.argument("name")
@click.option("--set", "assignment", metavar="ALIAS=VERSION", help="Point an alias at a version.")
@click.option("--expected", metavar="VERSION", help="Only if it points there now; 'none': only if it does not exist.")
@click.option("--reason", help="Why, for the history.")
def aliases(name: str, assignment: str | None, expected: str | None, reason: str | None) -> None:
    """Show where the aliases of NAME point; with --set, move one."""
    client = connected()
    if assignment is not None:
        _move(client, name, assignment, expected, reason)
    found = client.get(f"{PATH}/{quote(name)}")["model"]["aliases"]
    rows = [(alias, str(version)) for alias, version in sorted(found.items())]
    print_rows(("Alias", "Version"), rows, empty=f"{name} has no aliases.")


@models.command()
@click.argument("name")
@click.option("--alias", help="Of this alias only.")
@output_option
def history(name: str, alias: str | None, output: str) -> None:
    """Show how the aliases of NAME moved, newest first."""
    found = connected().get(f"{PATH}/{quote(name)}/history", alias=alias)["moves"]
    if output == "json":
        print_json(found)
        return
    rows = [
        (
            instant(each["moved_at"]),
            each["alias"],
            f"{_version(each['from_version'])} → {_version(each['to_version'])}",
            each["principal"],
            each["reason"] or "",
        )
        for each in found
    ]
    print_rows(("When", "Alias", "Move", "Who", "Why"), rows, empty=f"No alias of {name} has moved yet.")


def _move(client: RestClient, name: str, assignment: str, expected: str | None, reason: str | None) -> None:
    alias, _, version = assignment.partition("=")
    if not alias or not version.isdecimal():
        raise click.BadParameter("write ALIAS=VERSION, as in champion=3", param_hint="--set")
    body: dict[str, Any] = {"version": int(version), "reason": reason}
    if expected is not None:
        if expected != "none" and not expected.isdecimal():
            raise click.BadParameter("give a version or 'none'", param_hint="--expected")
        body["expected"] = None if expected == "none" else int(expected)
    client.put(f"{PATH}/{quote(name)}/aliases/{quote(alias, safe='')}", body)


def _aliases(found: dict[str, int]) -> str:
    return ", ".join(f"{alias} → {version}" for alias, version in sorted(found.items()))


def _version(number: int | None) -> str:
    return "-" if number is None else str(number)
