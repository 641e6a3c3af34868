"""How the ``bundle`` commands say what they found and did."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

import click

from boathouse.foundation.clock import from_epoch_ms

if TYPE_CHECKING:
    from boathouse.bundles import Finding

_COLOURS = {"error": "red", "warning": "yellow", "ignored": "bright_black"}
_SIGNS = {
    "create": ("+", "green"),
    "adopt": ("+", "green"),
    "update": ("~", "yellow"),
    "delete": ("-", "red"),
    "keep": ("!", "yellow"),
    "release": ("·", "yellow"),
    "forget": ("·", "bright_black"),
}
_PAST = {
    "create": "created",
    "adopt": "adopted",
    "update": "updated",
    "delete": "deleted",
    "keep": "kept",
    "release": "released",
    "forget": "forgotten",
}
_LONGEST_VALUE = 60


def print_json(data: Any) -> None:
    click.echo(json.dumps(data, indent=2))


def print_findings(findings: "Iterable[Finding]") -> None:
    """One line each, on the error stream, errors first."""
    for finding in findings:
        label = click.style(finding.severity.value, fg=_COLOURS[finding.severity.value])
        click.echo(f"{label}: {finding}", err=True)


def print_warnings(planned: dict[str, Any]) -> None:
    """What the server has noticed, on the error stream."""
    for warning in planned["warnings"]:
        click.echo(f"{click.style('warning', fg=_COLOURS['warning'])}: {warning}", err=True)


def print_plan(planned: dict[str, Any], *, err: bool = False) -> None:
    """What would be done, field by field."""
    print_warnings(planned)
    for step in planned["steps"]:
        _print_step(step, step["action"], err=err)
    if planned["is_empty"]:
        click.echo("Nothing to do: everything is as the bundle says.", err=err)
        return
    if planned["code_changed"]:
        click.echo("~ the bundle's code or commit", err=err)
    click.echo(f"{_counted(planned['steps'])}; {len(planned['unchanged'])} unchanged.", err=err)


def print_report(report: dict[str, Any], bundle: str, target: str, *, verb: str = "deployed") -> None:
    """What was done."""
    print_warnings(report)
    if report["deployment"] is None:
        click.echo(f"Nothing to do: {bundle} is in {target} as it should be.")
        return
    for step in report["steps"]:
        _print_step(step, _PAST[step["action"]])
    seconds = (report["deployment"]["finished_at"] - report["deployment"]["started_at"]) / 1000
    click.secho(f"{bundle} was {verb} ({target}): {_counted(report['steps'])} in {seconds:.1f} s.", fg="green")


def print_summary(shown: dict[str, Any]) -> None:
    owner = f" of {shown['owner']}" if shown["owner"] else ""
    click.secho(f"{shown['bundle']}, target {shown['target']}{owner}", bold=True)
    deployment = shown["deployment"]
    if deployment is None:
        click.echo("Nothing is deployed.")
    else:
        when = from_epoch_ms(deployment["finished_at"] or deployment["started_at"]).isoformat(timespec="seconds")
        click.echo(f"deployed {when} by {deployment['principal']}, {_commit(deployment)}")
    for one in shown["resources"]:
        note = " (kept for its data)" if one["is_detached"] else " (adopted)" if one["is_adopted"] else ""
        click.echo(f"  {one['resource']}  {one['name']}  id {one['id']}{note}\n      {one['url']}")


def with_urls(shown: dict[str, Any], host: str) -> dict[str, Any]:
    """The summary with an address for each resource."""
    resources = [{**one, "url": host + _path(one["resource"].split(".")[0], one["id"])} for one in shown["resources"]]
    return {**shown, "resources": resources}


def _path(section: str, resource_id: str) -> str:
    match section:
        case "jobs":
            return f"/api/2.2/jobs/get?job_id={resource_id}"
        case "experiments":
            return f"/mlflow/#/experiments/{resource_id}"
        case "registered_models":
            return f"/mlflow/#/models/{resource_id}"
        case "model_requirements":
            return f"/api/boathouse/v1/models/{resource_id}/policy"
        case "model_serving_endpoints":
            return f"/api/2.0/serving-endpoints/{resource_id}"
        case "retraining":
            return f"/api/boathouse/v1/models/{resource_id}/retraining"
        case "contracts":
            return f"/api/boathouse/v1/contracts/{resource_id}"
        case "endpoint_policies":
            return f"/api/boathouse/v1/endpoints/{resource_id}/policy"
        case _:
            return f"/api/2.1/unity-catalog/{section}/{resource_id}"


def _print_step(step: dict[str, Any], word: str, *, err: bool = False) -> None:
    sign, colour = _SIGNS[step["action"]]
    reason = f": {step['reason']}" if step.get("reason") else ""
    click.secho(f"{sign} {word} {step['resource']} ({step['name']}){reason}", fg=colour, err=err)
    for change in step["changes"]:
        for field, before, after in _differing(change["field"], change["before"], change["after"]):
            click.echo(f"    {field}: {_short(before)} → {_short(after)}", err=err)


def _differing(field: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """What differs in a field: of mappings, and of lists of one length, each part by itself."""
    if isinstance(before, dict) and isinstance(after, dict):
        old, new = cast(dict[str, Any], before), cast(dict[str, Any], after)
        parts = [(f"{field}.{key}", old.get(key), new.get(key)) for key in dict.fromkeys((*old, *new))]
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = zip(cast(list[Any], before), cast(list[Any], after), strict=True)
        parts = [(f"{field}[{at}]", one, other) for at, (one, other) in enumerate(pairs)]
    else:
        yield field, before, after
        return
    for name, one, other in parts:
        if one != other:
            yield from _differing(name, one, other)


def _counted(steps: Sequence[dict[str, Any]]) -> str:
    counts: dict[str, int] = {}
    for step in steps:
        word = _PAST[step["action"]]
        counts[word] = counts.get(word, 0) + 1
    return ", ".join(f"{count} {word}" for word, count in counts.items()) or "no resource changed"


def _commit(deployment: dict[str, Any]) -> str:
    if not deployment["git_commit"]:
        return "from no Git commit"
    dirty = " with changes that are not committed" if deployment["git_dirty"] else ""
    branch = f" on {deployment['git_branch']}" if deployment["git_branch"] else ""
    return f"from commit {deployment['git_commit'][:12]}{branch}{dirty}"


def _short(value: Any) -> str:
    text = "nothing" if value is None else value if isinstance(value, str) else json.dumps(value)
    text = " ".join(text.split())
    # Of a long value the end tells more: paths differ there.
    return text if len(text) <= _LONGEST_VALUE else "…" + text[-_LONGEST_VALUE:]
