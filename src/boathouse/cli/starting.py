"""``boathouse jobs schedules|pause|unpause|clean``: what starts runs, and what is kept of them."""

import json
from typing import Any

import click

from boathouse.cli.named_jobs import job_id_of
from boathouse.cli.principals import connected, output_option, show_table
from boathouse.foundation.clock import from_epoch_ms

OURS = "/api/boathouse/v1/jobs"


@click.command()
@output_option
def schedules(output: str) -> None:
    """Show what starts runs, and when it will next."""
    found = connected().get(f"{OURS}/schedules")["schedules"]
    rows = found if output == "json" else [_row(each) for each in found]
    show_table(rows, ["job_id", "name", "starts", "status", "next", "last", "missed", "problem"], output)


@click.command()
@click.argument("job")
def pause(job: str) -> None:
    """Let nothing start JOB but people and programs."""
    _post(job, "pause")
    click.echo(f"Paused: {job}. What happens meanwhile starts nothing later.")


@click.command()
@click.argument("job")
def unpause(job: str) -> None:
    """Let the schedule or trigger of JOB start runs again."""
    _post(job, "unpause")
    click.echo(f"No longer paused: {job}.")


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be forgotten.")
@output_option
def clean(dry_run: bool, output: str) -> None:
    """Forget old runs with their logs now; the server does it every hour anyway."""
    swept = connected().post(f"{OURS}/clean", {"dry_run": dry_run})
    if output == "json":
        click.echo(json.dumps(swept, indent=2))
        return
    said = [f"{count} {name.replace('_', ' ')}" for name, count in swept.items() if count or name == "runs"]
    click.echo(("Would forget " if dry_run else "Forgot ") + ", ".join(said) + ".")


def _post(job: str, what: str) -> None:
    client = connected()
    client.post(f"{OURS}/{job_id_of(client, job)}/{what}")


def _row(starter: dict[str, Any]) -> dict[str, Any]:
    words = starter.get("description") or starter["kind"].replace("_", " ")
    zone = starter.get("timezone_id", "UTC")
    return {
        "job_id": starter["job_id"],
        "name": starter["name"],
        "starts": words if zone == "UTC" else f"{words} ({zone})",
        "status": starter["pause_status"],
        "next": _instant(starter.get("next_fire_at")),
        "last": _instant(starter.get("last_fired_at")),
        "missed": starter["missed"] or "",
        "problem": starter.get("problem", ""),
    }


def _instant(milliseconds: int | None) -> str:
    if milliseconds is None:
        return ""
    return from_epoch_ms(milliseconds).isoformat(sep=" ", timespec="seconds").replace("+00:00", " UTC")
