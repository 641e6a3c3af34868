"""``boathouse alert``: what is watched, what fires, who is told."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from boathouse.cli.instants import instant, shown
from boathouse.cli.principals import connected, output_option, show_table
from boathouse.foundation.errors import InvalidInput, NotFound

API = "/api/boathouse/v1/alerts"


@click.group()
def alert() -> None:
    """Alerts: rules over metrics, rows and events; what fires, who is told, what is silenced."""


@alert.command("list")
@click.option("--table", "subject", metavar="TABLE", help="Only those on a table.")
@click.option("--firing", is_flag=True, help="Only those that fire or cannot be judged.")
@output_option
def list_all(subject: str | None, firing: bool, output: str) -> None:
    """List the alerts that you may see, and how they stand."""
    found = connected().get(API, subject=subject)["alerts"]
    if firing:
        found = [each for each in found if each["state"] in ("FIRING", "PROBLEM")]
    if output == "text":
        found = [{**each, "for": "; ".join(one["of"] or one["why"] for one in each["firing"][:3]),
                  "silenced": shown(each["silenced_until"])} for each in found]  # fmt: skip
    show_table(found, ["name", "state", "severity", "owner", "for", "silenced", "problem"], output)


@alert.command()
@click.argument("name")
@click.option("--at", "at", metavar="WHEN", help="The rule that held then: 2026-03-01T10:00 (UTC), or 2h ago.")
@click.option("--history", is_flag=True, help="Every rule that it had.")
@output_option
def show(name: str, at: str | None, history: bool, output: str) -> None:
    """Show the rule NAME and how it stands, or the rule that held at a time."""
    client = connected()
    if history:
        rows = client.get(f"{_path(name)}/revisions")["revisions"]
        if output == "text":
            rows = [{**each, "from": shown(each["valid_from"]), "to": shown(each["valid_to"])} for each in rows]
        show_table(rows, ["revision", "from", "to", "put_by"], output)
        return
    found = client.get(_path(name), at=None if at is None else instant(at, "--at"))
    if output == "json":
        click.echo(json.dumps(found, indent=2))
        return
    click.secho(f"{found['name']}: {found.get('state') or 'revision ' + str(found['revision'])}", bold=True)
    click.echo(f"Owner {found['owner']}, put by {found['put_by']} at {shown(found['valid_from'])}.")
    if found.get("problem"):
        click.secho(f"It cannot be judged: {found['problem']}", fg="red")
    click.echo(_yaml(found["rule"]))
    for each in found.get("firing", ()):
        click.secho(_line(each), fg="red" if each["severity"] == "critical" else "yellow")


@alert.command()
@click.argument("name")
@click.option("--rule", "file", required=True, type=click.Path(path_type=Path, dir_okay=False), help="A YAML file.")
@output_option
def put(name: str, file: Path, output: str) -> None:
    """Let the rule in a file hold under NAME from now on."""
    made = connected().put(_path(name), _read(file))
    click.echo(
        json.dumps(made, indent=2) if output == "json" else f"{made['name']}: revision {made['revision']} holds."
    )


@alert.command()
@click.argument("name")
def withdraw(name: str) -> None:
    """Watch NAME no more; what it found stays on record."""
    connected().delete(_path(name))
    click.echo(f"{name} is not watched any more.")


@alert.command()
@click.argument("name")
@click.option("--as-of", metavar="WHEN", help="As if it were another time.")
@output_option
def look(name: str, as_of: str | None, output: str) -> None:
    """Look now, without waiting for a refresh."""
    found = connected().post(f"{_path(name)}/look", {} if as_of is None else {"as_of": instant(as_of, "--as-of")})
    if output == "json":
        click.echo(json.dumps(found, indent=2))
        return
    if found["problem"]:
        click.secho(f"It cannot be judged: {found['problem']}", fg="red")
    for each in found["fired"]:
        click.echo(f"fires: {_line(each)}")
    for each in found["resolved"]:
        click.echo(f"is fine again: {_line(each)}")
    if not (found["problem"] or found["fired"] or found["resolved"]):
        click.echo("Nothing is new.")


@alert.command()
@click.argument("name", required=False)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@output_option
def history(name: str | None, limit: int, output: str) -> None:
    """Show what fired, newest first; of one alert, or of all that you may see."""
    found = connected().get(f"{API}/firings", alert=name, limit=limit)["firings"]
    if output == "text":
        found = [{**each, "fired": shown(each["fired_at"]), "window": shown(each["window"]["start"]),
                  "fine_again": shown(each["resolved_at"])} for each in found]  # fmt: skip
    show_table(found, ["fired", "alert", "of", "severity", "window", "why", "fine_again", "resolved_by"], output)


@alert.command()
@click.argument("name")
@click.option("--why", required=True, help="Why it is fine.")
@click.option("--series", help="Only one: a column, a slice, as the alert names it.")
def resolve(name: str, why: str, series: str | None) -> None:
    """Say that NAME is fine; it fires again when it was fine and is wrong once more."""
    done = connected().post(f"{_path(name)}/resolve", {"why": why, "series": series})["resolved"]
    click.echo(f"Ended {len(done)} of {name}.")


@alert.command()
@click.argument("name")
@click.option("--why", required=True, help="Who sees to it, or how.")
@click.option("--series", help="Only one: a column, a slice, as the alert names it.")
def acknowledge(name: str, why: str, series: str | None) -> None:
    """Say that somebody sees to NAME: nobody else is told, and nobody reminded, until it fires anew."""
    done = connected().post(f"{_path(name)}/acknowledge", {"why": why, "series": series})["acknowledged"]
    click.echo(f"Acknowledged {len(done)} of {name}.")


@alert.command()
@click.argument("name")
@click.option("--for", "span", default="1h", show_default=True, help="How long: 30m, 2h, 7d.")
@click.option("--why", required=True, help="Why nobody is to be told.")
@output_option
def silence(name: str, span: str, why: str, output: str) -> None:
    """Tell nobody of NAME (or of all that fit a pattern) for a while; what happens is written down."""
    made = connected().post(f"{API}/silences", {"alert": name, "span": span, "why": why})
    if output == "json":
        click.echo(json.dumps(made, indent=2))
        return
    click.echo(f"{name} is silent until {shown(made['until'])} UTC (boathouse alert unsilence {made['silence_id']}).")


@alert.command()
@click.option("--all", "with_ended", is_flag=True, help="With those that are over.")
@output_option
def silences(with_ended: bool, output: str) -> None:
    """List the silences in force."""
    found = connected().get(f"{API}/silences", all=with_ended or None)["silences"]
    if output == "text":
        found = [{**each, "until": shown(each["until"])} for each in found]
    show_table(found, ["silence_id", "pattern", "until", "by", "why"], output)


@alert.command()
@click.argument("silence_id")
def unsilence(silence_id: str) -> None:
    """End the silence SILENCE_ID; what still fires is told then."""
    connected().delete(f"{API}/silences/{quote(silence_id, safe='')}")
    click.echo("It is told again.")


def _path(name: str) -> str:
    return f"{API}/{quote(name, safe='')}"


def _line(firing: dict[str, Any]) -> str:
    of = f"{firing['of']}: " if firing["of"] else ""
    why = firing["resolution"] or firing["why"]
    return f"{of}{why} [{shown(firing['window']['start'])}]"


def _yaml(rule: dict[str, Any]) -> str:
    import yaml

    return yaml.safe_dump(rule, sort_keys=False, allow_unicode=True, width=100).rstrip()


def _read(file: Path) -> Any:
    from boathouse.foundation.yaml_source import parse_yaml

    if not file.is_file():
        raise NotFound(f"There is no file {file}.")
    found = parse_yaml(file.read_text(encoding="utf-8"), file).data
    if not isinstance(found, dict):
        raise InvalidInput(f"{file} holds no alert.", hint="Write table:, metric:, above: and so on.")
    return found  # pyright: ignore[reportUnknownVariableType]
