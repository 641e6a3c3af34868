"""``boathouse model requirements`` and ``boathouse model policy``: what a model has to meet, and what that comes to."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from boathouse.cli.model_text import instant, new_table, print_json, print_rows, print_table
from boathouse.cli.models import PATH
from boathouse.cli.policy_files import requirements_in
from boathouse.cli.principals import connected, output_option

_at = click.option("--at", metavar="INSTANT", help="As it was then, as in 2026-03-01T10:00.")


@click.command()
@click.argument("name")
@_at
@click.option("--history", "wants_history", is_flag=True, help="All revisions, newest first.")
@output_option
def requirements(name: str, at: str | None, wants_history: bool, output: str) -> None:
    """Show what the model NAME has to meet; boathouse.yml says it, and bundle deploy brings it here."""
    client = connected()
    if wants_history:
        if at is not None:
            raise click.UsageError("--at and --history do not go together.")
        revisions = client.get(f"{PATH}/{quote(name)}/requirements/history")["revisions"]
        if output == "json":
            print_json(revisions)
        else:
            _print_history(name, revisions)
        return
    found = client.get(f"{PATH}/{quote(name)}/requirements", at=at)
    if output == "json":
        print_json(found)
    else:
        _print_revision(found)


@click.command()
@click.argument("name_or_file", metavar="NAME|FILE")
@_at
@click.option("--model", help="Which model of FILE: its key or its full name.")
@click.option("-t", "--target", help="For which target of the bundle, if FILE is its boathouse.yml.")
@output_option
def policy(name_or_file: str, at: str | None, model: str | None, target: str | None, output: str) -> None:
    """Show the gates, rules and signatures that a model's requirements come to.

    NAME is a model whose requirements are deployed; FILE is a boathouse.yml, or one model's requirements alone.
    """
    if _is_file(name_or_file):
        from boathouse.models.gates.policy import policy_of
        from boathouse.models.gates.wire import policy_json

        if at is not None:
            raise click.UsageError("--at is for a model whose requirements are deployed.")
        found: dict[str, Any] = policy_json(policy_of(requirements_in(Path(name_or_file), model, target)))
    else:
        if model is not None or target is not None:
            raise click.UsageError("--model and --target are for a file.")
        client = connected()
        found = client.get(f"{PATH}/{quote(name_or_file)}/policy", at=at)
    if output == "json":
        print_json(found)
    else:
        print_policy(found, name_or_file)


def print_policy(policy: dict[str, Any], whose: str) -> None:
    """Tier, signatures and protection as sentences, gates as a table."""
    revision = f", revision {policy['revision']}" if "revision" in policy else ""
    click.secho(f"{whose}{revision}: tier {policy['tier']}", bold=True)
    for line in policy_sentences(policy):
        click.echo(line)
    table = new_table("Gate", "From", "Asks")
    for gate in policy["gates"]:
        rules = "\n".join(rule["in_words"] for rule in gate["rules"]) or "nothing: it measures only"
        table.add_row(gate["name"], "tier" if gate["is_from_tier"] else "project", rules)
    for gate in policy["disabled"]:
        table.add_row(gate["name"], "project", f"off: {gate['reason'] or 'the project says so'}", style="bright_black")
    print_table(table)


def policy_sentences(policy: dict[str, Any]) -> list[str]:
    """Who signs, what is protected, what happens then."""
    approval, alias = policy["approval"], policy["production_alias"]
    waiver = "" if approval["may_be_waived"] else " No gate can be waived."
    moves = "by promotion and rollback only" if policy["protected_aliases"] else "freely"
    then = "is promoted by its job" if policy["automatic_promotion"] else "waits for somebody to promote it"
    started = "" if policy["starts_by_itself"] else " Nothing starts that job by itself: boathouse model deploy does."
    return [
        f"Signatures: {approval['in_words']}.{waiver}",
        f"Production is the alias {alias}, which moves {moves}. A version that has passed {then}.{started}",
    ]


def _is_file(text: str) -> bool:
    return Path(text).is_file() or text.endswith((".yml", ".yaml")) or "/" in text


def _print_revision(found: dict[str, Any]) -> None:
    import yaml

    until = f" until {instant(found['valid_to'])}" if found["valid_to"] is not None else ""
    click.secho(f"{found['model']}, revision {found['revision']}", bold=True)
    click.echo(f"since {instant(found['valid_from'])}{until}, by {found['principal']}{_from(found['source'])}\n")
    click.echo(yaml.safe_dump(found["requirements"], sort_keys=False, allow_unicode=True, width=100).rstrip())


def _print_history(name: str, revisions: list[dict[str, Any]]) -> None:
    rows: list[tuple[str, ...]] = []
    for each in revisions:
        until = "now" if each["valid_to"] is None else instant(each["valid_to"])
        tier = each["requirements"].get("risk_tier", "medium")
        source = _from(each["source"]).removeprefix(", ") or "by hand"
        rows.append((str(each["revision"]), instant(each["valid_from"]), until, tier, each["principal"], source))
    titles = ("Revision", "From", "Until", "Tier", "Who", "Source")
    print_rows(titles, rows, empty=f"{name} never had requirements.")


def _from(source: dict[str, Any]) -> str:
    if "bundle" not in source:
        return ""
    commit = f", commit {source['git_commit'][:12]}" if source.get("git_commit") else ""
    dirty = " with changes" if source.get("git_dirty") else ""
    return f", bundle {source['bundle']} ({source['target']}){commit}{dirty}"
