"""``boathouse audit``: who did what."""

from datetime import UTC, datetime

import click

from boathouse.cli.principals import ROOT, connected, output_option, show_table


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
