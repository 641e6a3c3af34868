"""``boathouse lineage`` and ``boathouse audit``: where data went, and who did what."""

import json
from datetime import UTC, datetime
from typing import Any

import click

from boathouse.cli.principals import ROOT, connected, output_option, show_table


@click.command()
@click.argument("name")
@click.option("--kind", default="table", show_default=True, help="table, volume, run, model_version, job_run, path.")
@click.option("--version", type=int, help="Only this version of it.")
@click.option("--direction", type=click.Choice(["upstream", "downstream", "both"]), default="both", show_default=True)
@output_option
def lineage(name: str, kind: str, version: int | None, direction: str, output: str) -> None:
    """Show what NAME was made from and what was made from it, as far as you may know."""
    client, edges = connected(), dict[str, dict[str, Any]]()
    for way in ("upstream", "downstream") if direction == "both" else (direction,):
        found = client.get(f"{ROOT}/lineage/{way}", name=name, kind=kind, version=version)["edges"]
        edges |= {edge["edge_id"]: edge for edge in found}
    if output == "json":
        click.echo(json.dumps(list(edges.values()), indent=2))
        return
    if not edges:
        click.echo(f"No lineage of the {kind} {name} is known to you. Is the name right?", err=True)
        return
    rows = [
        {
            "time": _instant(edge["event_time"]),
            "source": _node(edge["source"]),
            "target": _node(edge["target"]),
            "operation": edge["operation"],
            "by": edge["principal"],
            "job": edge["entity"].get("job_name"),
            "commit": (edge["entity"].get("git_commit") or "")[:10],
        }
        for edge in edges.values()
    ]
    show_table(rows, ["time", "source", "target", "operation", "by", "job", "commit"], output)


@click.command()
@click.option("--principal", help="Whose deeds.")
@click.option("--service", help="Of which room: catalog, identities, session, models, jobs, bundles.")
@click.option("--action", help="Which verb, e.g. createTable.")
@click.option("--name", help="Done to what, e.g. prod.flights.weather.")
@click.option("-n", "--limit", default=50, show_default=True, help="How many, newest first.")
@output_option
def audit(
    principal: str | None, service: str | None, action: str | None, name: str | None, limit: int, output: str
) -> None:
    """Show the latest audit events: all of them if you may read system.access, else your own."""
    events = connected().get(
        f"{ROOT}/audit", principal=principal, service=service, action=action, securable_name=name, limit=limit
    )["events"]
    rows = [{**event, "time": _instant(event["event_time"]), "status": event["status_code"]} for event in events]
    show_table(rows, ["time", "principal", "service", "action", "securable_name", "status", "error_message"], output)


def _instant(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(sep=" ", timespec="seconds")


def _node(node: dict[str, Any] | None) -> str:
    if node is None:
        return ""
    return node["name"] if node["version"] is None else f"{node['name']}@{node['version']}"
