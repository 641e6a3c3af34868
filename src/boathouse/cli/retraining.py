"""``boathouse retraining``: what trains models again, what holds that back, and what was decided."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from boathouse.cli.model_text import instant, number, print_json, print_rows
from boathouse.cli.models import PATH
from boathouse.cli.principals import connected, output_option
from boathouse.foundation.errors import InvalidInput, NotFound

ALL = "/api/boathouse/v1/retraining"
_COLOURS = {"started": "green", "declined": "yellow", "frozen": "cyan", "checking": "blue"}


@click.group()
def retraining() -> None:
    """What trains models again, what holds that back, and what was decided."""


@retraining.command()
@click.argument("model", required=False)
@output_option
def show(model: str | None, output: str) -> None:
    """How MODEL is trained again, and what the brakes say now; without MODEL, which models are."""
    client = connected()
    if model is None:
        found = client.get(ALL)
        rows = [(each["model"], str(each["policy"]["job"]), each["principal"]) for each in found["models"]]
        empty = "No model is trained again by itself. Write retraining: in boathouse.yml and deploy."
        print_json(found) if output == "json" else print_rows(("Model", "Job", "Put by"), rows, empty=empty)
        return
    found = client.get(_path(model))
    if output == "json":
        print_json(found)
        return
    click.secho(f"{model}: trained again by {found['policy']['job']} (revision {found['revision']})", bold=True)
    if found["is_frozen"]:
        click.secho(f"Frozen since {instant(found['frozen_at'])}: {found['frozen_why']}", fg="cyan")
        click.echo(f"Let it go on with: boathouse retraining unfreeze {model}")
    for trigger in found["triggers"]:
        trouble = f": {trigger['problem']}" if trigger["problem"] else ""
        click.echo(f"  trigger {trigger['name']} ({trigger['kind']}){trouble}")
    if not found["triggers"]:
        click.echo("  no trigger; by hand: boathouse retraining decide MODEL --reason ...")
    for brake in found["brakes"]:
        mark = click.style("✗", fg="yellow") if brake["holds"] else click.style("✓", fg="green")
        click.echo(f"  {mark} {brake['brake']}: {brake['reason']}")
    if under_way := found["under_way"]:
        click.echo(f"  under way: decision {under_way['decision_id']} ({under_way['state']}): {under_way['why']}")


@retraining.command()
@click.argument("model")
@click.option("--as-of", metavar="INSTANT", help="The present, in a past that is replayed: 2013-06-01T06:00:00Z.")
@click.option("--reason", help="Ask for a training yourself; brakes are heard all the same.")
@output_option
def decide(model: str, as_of: str | None, reason: str | None, output: str) -> None:
    """Look at all triggers of MODEL at this moment, and decide on what asks."""
    body = {name: value for name, value in (("as_of", _instant(as_of)), ("reason", reason)) if value is not None}
    made = connected().post(f"{_path(model)}/decide", body)["decisions"]
    if output == "json":
        print_json(made)
        return
    if not made:
        click.echo(f"Nothing asks for a training of {model} that was not decided on before.")
    for each in made:
        click.echo(each["why"])
        click.secho(f"  {each['decision']}: {each['reason']}", fg=_COLOURS.get(each["decision"]))


@retraining.command()
@click.argument("model")
@click.option("--reason", required=True, help="Why, for the history.")
def freeze(model: str, reason: str) -> None:
    """Start no training of MODEL any more, whatever asks for one."""
    connected().post(f"{_path(model)}/freeze", {"reason": reason})
    click.echo(f"The retraining of {model} is frozen.")


@retraining.command()
@click.argument("model")
@click.option("--reason", help="Why, for the history.")
def unfreeze(model: str, reason: str | None) -> None:
    """Let the retraining of MODEL go on; what came to nothing before counts no more."""
    connected().post(f"{_path(model)}/unfreeze", {"reason": reason})
    click.echo(f"The retraining of {model} goes on.")


@retraining.command()
@click.argument("model")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@output_option
def history(model: str, limit: int, output: str) -> None:
    """What was decided about MODEL, newest first, and what became of it."""
    found = connected().get(f"{_path(model)}/decisions", limit=limit)["decisions"]
    if output == "json":
        print_json(found)
        return
    rows = [
        (
            str(each["decision_id"]),
            instant(each["instant"]),
            each["trigger"],
            each["decision"] + (f" ({each['brake']})" if each["brake"] else ""),
            each["state"] + (f", version {each['version']}" if each["version"] else ""),
            _benefit(each),
            (each["outcome"] or each["reason"]) + (f" Asked {each['repeats']} times more." if each["repeats"] else ""),
        )
        for each in found
    ]
    titles = ("", "When", "Trigger", "Decision", "State", "Benefit", "Why")
    print_rows(titles, rows, empty=f"Nothing was decided about {model} yet.")


@retraining.command("put")
@click.argument("model")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def put_policy(model: str, file: Path) -> None:
    """Say by a YAML FILE how MODEL is trained again; in a project, boathouse.yml does."""
    done = connected().put(_path(model), _read(file))
    click.echo(f"{model} is trained again by {done['policy']['job']} (revision {done['revision']}).")


@retraining.command()
@click.argument("model")
def withdraw(model: str) -> None:
    """Train MODEL no more by itself; what was decided stays to be read."""
    connected().delete(_path(model))
    click.echo(f"{model} is trained no more by itself.")


def _path(model: str) -> str:
    return f"{PATH}/{quote(model, safe='')}/retraining"


def _benefit(decision: dict[str, Any]) -> str:
    found = decision["benefit"]
    if not found or found["improvement"] is None:
        return "not measured" if found else ""
    return f"{found['metric']} {number(found['improvement'])} [{number(found['lower'])}, {number(found['upper'])}]"


def _instant(text: str | None) -> str | None:
    """A day is its midnight in UTC."""
    if text is None:
        return None
    from datetime import UTC, datetime

    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"{text!r} is no instant.", hint="Write 2013-06-01T06:00:00Z.") from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).isoformat()


def _read(file: Path) -> Any:
    from boathouse.foundation.yaml_source import parse_yaml

    if not file.is_file():
        raise NotFound(f"There is no file {file}.")
    found = parse_yaml(file.read_text(encoding="utf-8"), file).data
    if not isinstance(found, dict):
        raise InvalidInput(f"{file} says nothing of retraining.", hint="Write job:, triggers:, brakes: and so on.")
    return found  # pyright: ignore[reportUnknownVariableType]
