"""``boathouse model approve`` and its siblings: signing versions, and starting what asks for it."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import click

from boathouse.cli.model_text import instant, print_json, print_rows
from boathouse.cli.models import PATH
from boathouse.cli.principals import connected, output_option
from boathouse.models.addresses import ModelAddress, parse_address


@click.command()
@click.argument("address", metavar="NAME@VERSION")
@click.option("--reason", help="What convinced you.")
@click.option(
    "--evaluation", "evaluation_id", help="The evaluation that you have looked at; refuse if there is a newer."
)
@output_option
def approve(address: str, reason: str | None, evaluation_id: str | None, output: str) -> None:
    """Sign a version: you have seen its evidence, and it may go to production."""
    _say(address, output, say="approved", reason=reason, evaluation_id=evaluation_id)


@click.command()
@click.argument("address", metavar="NAME@VERSION")
@click.option("--reason", required=True, help="What speaks against it.")
@output_option
def refuse(address: str, reason: str, output: str) -> None:
    """Say no to a version; that holds until you withdraw it."""
    _say(address, output, say="refused", reason=reason)


@click.command()
@click.argument("address", metavar="NAME@VERSION")
@click.option("--gate", required=True, help="The gate that shall not count.")
@click.option("--reason", required=True, help="Why that is acceptable.")
@click.option("--until", required=True, metavar="DATE|SPAN", help="When that ends: 2026-04-01, or 14d from now.")
@output_option
def waive(address: str, gate: str, reason: str, until: str, output: str) -> None:
    """Let one gate not count for a version, for a while; only where its tier allows that."""
    _say(address, output, say="waived", gate=gate, reason=reason, until=_end(until))


@click.command()
@click.argument("address", metavar="NAME@VERSION")
@click.option("--gate", help="Only the waiver of this gate.")
@click.option("--reason", help="Why, for the record.")
@output_option
def withdraw(address: str, gate: str | None, reason: str | None, output: str) -> None:
    """Take back what you have said of a version."""
    _say(address, output, say="withdrawn", gate=gate, reason=reason)


@click.command()
@click.argument("address", metavar="NAME[@VERSION]", required=False)
@click.option("--pending", is_flag=True, help="The versions of all models that wait for you.")
@output_option
def approvals(address: str | None, pending: bool, output: str) -> None:
    """Show how the signatures of a version stand, or all that was said of a model."""
    if pending == (address is not None):
        raise click.UsageError("Give NAME, NAME@VERSION or --pending.")
    if address is None:
        _show_pending(output)
        return
    asked = parse_address(address)
    if asked.which is None:
        _show_history(asked, output)
        return
    _show(connected().get(f"{_path(asked)}/approvals"), output)


@click.command()
@click.argument("address", metavar="NAME@VERSION")
@output_option
def deploy(address: str, output: str) -> None:
    """Start the deployment job of a version: evaluate, gates, approval, promote."""
    started = connected().post(f"{_path(_one(address))}/deployments")
    if output == "json":
        print_json(started)
        return
    whose = f"{started['model']}@{started['version']}"
    click.echo(f"Started run {started['run_id']} of job {started['job_id']} for {whose}.")
    click.echo(f"Follow it: boathouse jobs logs {started['run_id']} --follow; then: boathouse model why {whose}")


@click.command()
@click.argument("name")
@output_option
def deployments(name: str, output: str) -> None:
    """Show the deployment job of NAME, and what it was started for."""
    found = connected().get(f"{PATH}/{quote(name)}/deployments")
    if output == "json":
        print_json(found)
        return
    job = found["job"]
    click.echo(f"Deployment job: {_job(job)}" if job else f"{name} has no deployment job.")
    rows = [
        (
            str(each["version"]),
            each["state"],
            str(each["run_id"] or ""),
            each["principal"],
            instant(each["created_at"]),
            each["problem"] or "",
        )
        for each in found["starts"]
    ]
    print_rows(("Version", "State", "Run", "By", "When", "Why not"), rows, empty="Nothing was started for it yet.")


def _say(address: str, output: str, **word: Any) -> None:
    said = {name: value for name, value in word.items() if value is not None}
    _show(connected().post(f"{_path(_one(address))}/approvals", said), output)


def _one(address: str) -> ModelAddress:
    found = parse_address(address)
    if found.which is None:
        raise click.UsageError(f"Which version of {found.name}? Write {found.name}@3.")
    return found


def _path(address: ModelAddress) -> str:
    return f"{PATH}/{quote(str(address.name), safe='')}/versions/{quote(address.which or '', safe='')}"


def _end(text: str) -> str:
    from boathouse.foundation.spans import NoSpan, parse_span

    try:
        return (datetime.now(UTC) + parse_span(text)).isoformat()
    except NoSpan:
        return text  # a date; the server reads it


def _show(standing: dict[str, Any], output: str) -> None:
    if output == "json":
        print_json(standing)
        return
    click.secho(f"{standing['model']}@{standing['version']}", bold=True)
    click.echo(_sentence(standing))
    rows = [
        (each["say"], each["principal"], instant(each["said_at"]), _until(each), _what(each))
        for kind in ("approved", "refused", "waived", "ended")
        for each in standing[kind]
    ]
    print_rows(("Said", "Who", "When", "Until", "Why"), rows, empty="Nobody has said anything of it.")


def _sentence(standing: dict[str, Any]) -> str:
    if standing["refused"]:
        return "It is refused."
    if standing["is_complete"]:
        return "It has all the signatures that it needs." if standing["needed"] else "It needs no signature."
    return f"{standing['missing']} of {standing['needed']} signatures are missing. {standing['who_may_sign']} may sign."


def _until(said: dict[str, Any]) -> str:
    if said.get("why"):
        return "ended"
    return instant(said["holds_until"]) if said.get("holds_until") else ""


def _what(said: dict[str, Any]) -> str:
    gate = f"gate {said['gate']}: " if said["gate"] else ""
    return gate + (said.get("why") or said["reason"] or "")


def _show_pending(output: str) -> None:
    found = connected().get("/api/boathouse/v1/approvals/pending")["pending"]
    if output == "json":
        print_json(found)
        return
    rows = [
        (f"{each['model']}@{each['version']}", f"{each['missing']} of {each['needed']}", ", ".join(each["authors"]))
        for each in found
    ]
    print_rows(("Version", "Missing", "Made by"), rows, empty="Nothing waits for you.")


def _show_history(asked: ModelAddress, output: str) -> None:
    found = connected().get(f"{PATH}/{quote(str(asked.name))}/approvals")["approvals"]
    if output == "json":
        print_json(found)
        return
    rows = [
        (instant(each["said_at"]), str(each["version"]), each["say"], each["principal"], _what(each)) for each in found
    ]
    print_rows(("When", "Version", "Said", "Who", "Why"), rows, empty=f"Nobody has said anything of {asked.name}.")


def _job(job: dict[str, Any]) -> str:
    if job["kind"] == "built_in":
        return f"built in ({job['job'] or 'made with the next version'})"
    return str(job["job"])
