"""``boathouse endpoint rollout``, ``shadow`` and ``experiment``, and the steps that somebody takes by hand."""

from typing import Any
from urllib.parse import quote

import click

from boathouse.cli.model_text import instant, print_json, print_rows
from boathouse.cli.principals import connected, output_option

PATH = "/api/boathouse/v1/endpoints"

_entity = click.option("--entity", help="The served entity, where several have a rollout under way.")


@click.command()
@click.argument("name")
@click.option("--limit", type=click.IntRange(1, 100), default=5, show_default=True, help="How many, newest first.")
@output_option
def rollout(name: str, limit: int, output: str) -> None:
    """Show which version is on its way to the traffic of endpoint NAME, what it waits for, and what was before."""
    found = connected().get(f"{PATH}/{quote(name)}/rollout", limit=limit)["rollouts"]
    if output == "json":
        print_json(found)
        return
    if not found:
        click.echo(f"{name} has had no rollout. A policy with canary makes the next version come by steps.")
    for place, each in enumerate(found):
        if place:
            click.echo()
        _print(each)


@click.command()
@click.argument("name")
@_entity
@output_option
def advance(name: str, entity: str | None, output: str) -> None:
    """Give the version on its way to endpoint NAME the next share of the traffic now, whatever the rules say."""
    _done(connected().post(f"{PATH}/{quote(name)}/rollout/advance", {"entity": entity}), output)


@click.command()
@click.argument("name")
@click.option("--reason", required=True, help="Why, for the history.")
@_entity
@output_option
def abort(name: str, reason: str, entity: str | None, output: str) -> None:
    """Give the traffic of endpoint NAME back to the version before, at once."""
    asked = {"reason": reason, "entity": entity}
    _done(connected().post(f"{PATH}/{quote(name)}/rollout/abort", asked), output)


@click.command()
@click.argument("name")
@_entity
@output_option
def retry(name: str, entity: str | None, output: str) -> None:
    """Let the version whose rollout on endpoint NAME was aborted come again, from the first step."""
    _done(connected().post(f"{PATH}/{quote(name)}/rollout/retry", {"entity": entity}), output)


@click.command()
@click.argument("name")
@click.option("--last", default="1d", show_default=True, metavar="SPAN", help="How far back: 6h, 7d.")
@click.option("--by", "window", type=click.Choice(["hour", "day"]), default="hour", show_default=True)
@output_option
def shadow(name: str, last: str, window: str, output: str) -> None:
    """Show how the shadow of endpoint NAME differs from what callers got."""
    found = connected().get(f"{PATH}/{quote(name)}/shadow", last=last, window=window)
    if output == "json":
        print_json(found)
        return
    rows = [
        (
            instant(each["window"]),
            f"{each['asked']:,}",
            f"{each['shadowed']:,}",
            f"{each['failed']:,}",
            _number(each["milliseconds"]),
            _number(each["callers_milliseconds"]),
        )
        for each in found["traffic"]
    ]
    head = (window.title(), "Answered", "Seen by the shadow", "Failed", "Shadow ms", "Callers' ms")
    print_rows(head, rows, empty=f"{name} has answered nothing in that time.")
    rows = [
        (
            instant(each["window"]),
            str(each["model_version"] or ""),
            each["output"],
            f"{each['predictions']:,}",
            f"{each['equal_share']:.1%}",
            "" if each["disagreement"] is None else f"{each['disagreement']:.2%}",
            _number(each["mean_difference"]),
            " ".join(_number(value) for value in each["quantiles"] or ()),
        )
        for each in found["differences"]
    ]
    head = (window.title(), "Version", "Output", "Rows", "Equal", "Disagree", "Mean diff.", "|Diff.| 50 90 99 %")
    print_rows(head, rows, empty="There is nothing yet that both have answered.")


@click.command()
@click.argument("name")
@click.option("--stop", "reason", metavar="REASON", help="End the one that is under way, undecided.")
@output_option
def experiment(name: str, reason: str | None, output: str) -> None:
    """Show what the A/B test of endpoint NAME has come to."""
    client = connected()
    if reason is not None:
        client.post(f"{PATH}/{quote(name)}/experiment/stop", {"reason": reason})
    found = client.get(f"{PATH}/{quote(name)}/experiment")["experiments"]
    if output == "json":
        print_json(found)
        return
    if not found:
        click.echo(f"{name} has had no A/B test. A policy with experiment begins one.")
    for each in found:
        _print_experiment(each)


def _done(rollout: dict[str, Any], output: str) -> None:
    if output == "json":
        print_json(rollout)
        return
    model, new, old = rollout["model"], rollout["to_version"], rollout["from_version"]
    match rollout["state"]:
        case "done":
            click.echo(f"{model}@{new} has all of the traffic.")
        case "aborted":
            click.echo(f"{model}@{old} has all of the traffic again; version {new} has none.")
        case _:
            click.echo(f"{model}@{new} has {rollout['percent']:g} % of the traffic, version {old} the rest.")


def _print(rollout: dict[str, Any]) -> None:
    click.secho(
        f"{rollout['entity']}: {rollout['model']} {rollout['from_version']} → {rollout['to_version']}", bold=True
    )
    click.echo(f"  {rollout['state']}, {rollout['percent']:g} %" + (f": {rollout['why']}" if rollout["why"] else ""))
    rows = [
        (
            instant(each["at"]),
            each["kind"],
            f"{each['from_percent']:g} → {each['to_percent']:g} %",
            each["by"],
            each["reason"] or "",
        )
        for each in rollout["history"]
    ]
    print_rows(("When", "What", "Share", "Who", "Why"), rows, empty="")


def _print_experiment(experiment: dict[str, Any]) -> None:
    declared, report = experiment["declared"], experiment["report"] or {}
    click.secho(f"{declared['outcome']} of {', '.join(experiment['arms'])} by {', '.join(declared['key'])}", bold=True)
    winner = f", {report['winner']} wins" if report.get("winner") else ""
    click.echo(f"  {experiment['state']}{winner}: {report.get('reason') or 'not looked at yet'}")
    if report.get("traffic"):
        click.echo(f"  {report['traffic']}")
    rows = [
        (name, f"{arm['keys']:,}", f"{arm['outcomes']:,}", _number(arm["mean"]))
        for name, arm in (report.get("arms") or {}).items()
    ]
    print_rows(("Entity", "Keys", "Outcomes", "Mean"), rows, empty="")
    if report.get("excluded_keys"):
        click.echo(f"  {report['excluded_keys']:,} keys were answered by several entities and count for none.")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
