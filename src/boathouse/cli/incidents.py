"""``boathouse incident`` and ``boathouse playbook``: what is wrong, what was done, what is to be learned."""

import json
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import click

from boathouse.cli.instants import instant, shown
from boathouse.cli.principals import connected, output_option, show_table
from boathouse.foundation.errors import InvalidInput, NotFound

API = "/api/boathouse/v1/incidents"
PLAYBOOKS = "/api/boathouse/v1/playbooks"
_COLORS = {"critical": "red", "warning": "yellow"}

_number = click.argument("number", type=click.IntRange(1))


@click.group()
def incident() -> None:
    """Incidents: what is wrong, what had changed before, what was done, what is to be learned."""


@incident.command("list")
@click.option("--open/--closed", "is_open", default=None, help="Only those that are open, or closed.")
@click.option("--about", "subject", metavar="SUBJECT", help="Only those about a table, an endpoint.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@output_option
def list_all(is_open: bool | None, subject: str | None, limit: int, output: str) -> None:
    """List the incidents that you may see, newest first."""
    state = None if is_open is None else "OPEN" if is_open else "CLOSED"
    found = connected().get(API, state=state, subject=subject, limit=limit)["incidents"]
    if output == "text":
        found = [{**each, "opened": shown(each["opened_at"]), "closed": shown(each["closed_at"])} for each in found]
    show_table(found, ["number", "state", "severity", "opened", "closed", "subject", "title", "owner"], output)


@incident.command("open")
@click.argument("title")
@click.option("--about", "subject", required=True, metavar="SUBJECT", help="A table, a model, an endpoint, anything.")
@click.option("--severity", type=click.Choice(["info", "warning", "critical"]), default="warning", show_default=True)
@click.option("--owner", help="A user or a group; by default you.")
@click.option("--playbook", help="The steps that are prepared.")
@output_option
def open_one(title: str, subject: str, severity: str, owner: str | None, playbook: str | None, output: str) -> None:
    """Open an incident by hand."""
    body = {"title": title, "subject": subject, "severity": severity, "owner": owner, "playbook": playbook}
    made = connected().post(API, body)
    click.echo(json.dumps(made, indent=2) if output == "json" else f"Incident {made['number']} is open.")


@incident.command()
@_number
@output_option
def show(number: int, output: str) -> None:
    """Show an incident with its timeline and the steps of its playbook."""
    found = connected().get(f"{API}/{number}")
    if output == "json":
        click.echo(json.dumps(found, indent=2))
        return
    click.secho(f"Incident {number}: {found['title']}", bold=True, fg=_COLORS.get(found["severity"]))
    click.echo(f"{found['state']}, {found['severity']}, about {found['subject']}, owner {found['owner']}.")
    if found["resolution"]:
        click.echo(f"Closed {shown(found['closed_at'])} by {found['closed_by']}: {found['resolution']}")
    for each in found["timeline"]:
        click.secho(f"{shown(each['at'])}  ", dim=True, nl=False)
        click.echo(f"{each['kind']:9} {each['text']}")
    if found["steps"]:
        run = f", run {found['run_id']}: {found['run_state']}" if found["run_id"] else ", not started"
        click.secho(f"Playbook {found['playbook']}{run}", bold=True)
    for each in found["steps"]:
        detail = f": {each['detail']}" if each["detail"] else ""
        click.echo(f"{each['step']:3}. {each['text']}: {each['state']}{detail}")


@incident.command()
@_number
@output_option
def changes(number: int, output: str) -> None:
    """Show what had changed before an incident began, the most likely first."""
    found = connected().get(f"{API}/{number}/changes")["changes"]
    if output == "text":
        found = [{**each, "when": shown(each["at"])} for each in found]
    show_table(found, ["likelihood", "when", "hops", "kind", "text"], output)


@incident.command()
@_number
@click.option("--to", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write it to a file.")
@click.option("--from", "written", type=click.File(encoding="utf-8"), help="Keep the text of a file; - is the input.")
def review(number: int, file: Path | None, written: IO[str] | None) -> None:
    """Print the post-incident review in Markdown: what is known stands there, the rest is yours; or keep it."""
    if written is not None:
        connected().put(f"{API}/{number}/review", {"text": written.read()})
        click.echo(f"The review of incident {number} is kept.")
        return
    text = connected().get(f"{API}/{number}/review")["review"]
    if file is None:
        click.echo(text, nl=False)
        return
    if file.exists():
        raise InvalidInput(f"{file} exists.", hint="Somebody may have written in it; name another file.")
    file.write_text(text, encoding="utf-8")
    click.echo(f"Wrote {file}.")


@incident.command()
@_number
@click.argument("text")
def note(number: int, text: str) -> None:
    """Add a line to the timeline."""
    connected().post(f"{API}/{number}/notes", {"text": text})
    click.echo("Noted.")


@incident.command()
@_number
@click.argument("owner")
def assign(number: int, owner: str) -> None:
    """Let OWNER, a user or a group, answer for it."""
    connected().post(f"{API}/{number}/assign", {"owner": owner})
    click.echo(f"{owner} answers for incident {number}.")


@incident.command()
@_number
@click.option("--because", "text", required=True, help="What it was.")
def close(number: int, text: str) -> None:
    """Say that it is over, and what it was."""
    connected().post(f"{API}/{number}/close", {"text": text})
    click.echo(f"Incident {number} is closed. The review: boathouse incident review {number}")


@incident.command()
@_number
@click.option("--playbook", help="Another one than was prepared.")
def start(number: int, playbook: str | None) -> None:
    """Start the playbook of an incident."""
    found = connected().post(f"{API}/{number}/start", {"playbook": playbook})
    click.echo(f"The playbook {found['playbook']} began: run {found['run_id']}.")


@incident.command()
@_number
def resume(number: int) -> None:
    """Go on with a playbook that has stopped; what is done stays done."""
    found = connected().post(f"{API}/{number}/resume")
    click.echo(f"The playbook {found['playbook']} goes on: run {found['run_id']}.")


@incident.command()
@_number
@click.argument("step", type=click.IntRange(1))
@click.option("--reason", required=True, help="Why you agree.")
def approve(number: int, step: int, reason: str) -> None:
    """Agree to a step that waits for it; the playbook goes on by itself."""
    found = connected().post(f"{API}/{number}/steps/{step}/approve", {"reason": reason})
    click.echo(f"Approved: {found['text']}.")


@click.group()
def playbook() -> None:
    """Playbooks: steps that are done when something is wrong."""


@playbook.command("list")
@output_option
def list_playbooks(output: str) -> None:
    """List the playbooks."""
    found = connected().get(PLAYBOOKS)["playbooks"]
    if output == "text":
        found = [{**each, "steps": len(each["playbook"]["steps"])} for each in found]
    show_table(found, ["name", "revision", "steps", "put_by", "job_id"], output)


@playbook.command("show")
@click.argument("name")
@click.option("--at", metavar="WHEN", help="The playbook that held then: 2026-03-01T10:00 (UTC), or 2h ago.")
@output_option
def show_playbook(name: str, at: str | None, output: str) -> None:
    """Show the playbook NAME as it is, or was at a time."""
    import yaml

    found = connected().get(_path(name), at=None if at is None else instant(at, "--at"))
    if output == "json":
        click.echo(json.dumps(found, indent=2))
        return
    click.secho(f"{found['name']}: revision {found['revision']}, put by {found['put_by']}", bold=True)
    click.echo(yaml.safe_dump(found["playbook"], sort_keys=False, allow_unicode=True, width=100).rstrip())


@playbook.command("put")
@click.argument("name")
@click.option("--file", required=True, type=click.Path(path_type=Path, dir_okay=False), help="A YAML file.")
def put_playbook(name: str, file: Path) -> None:
    """Let the playbook in a file hold under NAME from now on."""
    made = connected().put(_path(name), _read(file))
    click.echo(f"{made['name']}: revision {made['revision']} holds.")


@playbook.command("withdraw")
@click.argument("name")
def withdraw_playbook(name: str) -> None:
    """Forget the playbook NAME; incidents keep the steps that were prepared for them."""
    connected().delete(_path(name))
    click.echo(f"{name} is withdrawn.")


def _path(name: str) -> str:
    return f"{PLAYBOOKS}/{quote(name, safe='')}"


def _read(file: Path) -> Any:
    from boathouse.foundation.yaml_source import parse_yaml

    if not file.is_file():
        raise NotFound(f"There is no file {file}.")
    found = parse_yaml(file.read_text(encoding="utf-8"), file).data
    if not isinstance(found, dict):
        raise InvalidInput(f"{file} holds no playbook.", hint="Write steps: with one thing to do each.")
    return found  # pyright: ignore[reportUnknownVariableType]
