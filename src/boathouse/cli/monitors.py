"""``boathouse monitor``: which tables are watched, how, and what became of the refreshes."""

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from boathouse.cli.impact import rows
from boathouse.cli.instants import instant, shown
from boathouse.cli.principals import connected, output_option, show_table
from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.foundation.rest import RestClient

API = "/api/boathouse/v1/monitors"
TABLES = "/api/2.1/unity-catalog/tables"
_ENDED = ("SUCCESS", "FAILED", "CANCELED")


@click.group()
def monitor() -> None:
    """Monitors: profiles, drift and quality of tables over time."""


monitor.add_command(rows)


@monitor.command("list")
@output_option
def list_all(output: str) -> None:
    """List the monitors of tables that you may read."""
    found = connected().get(API)["monitors"]
    if output == "text":
        found = [{**each, "status": _status(each), "watches": _watches(each)} for each in found]
    show_table(found, ["table_name", "status", "watches", "monitor_version", "owner"], output)


@monitor.command()
@click.argument("table")
@click.option("--at", "at", metavar="WHEN", help="As it was then: 2026-03-01T10:00 (UTC), or 2h ago.")
@output_option
def show(table: str, at: str | None, output: str) -> None:
    """Show the monitor of TABLE, or what it was at a time."""
    asked = None if at is None else from_epoch_ms(instant(at, "--at")).isoformat()
    found = connected().get(_path(table), at=asked)
    if output == "json":
        click.echo(json.dumps(found, indent=2))
        return
    click.secho(f"{found['table_name']}: version {found['monitor_version']}", bold=True)
    for name, value in found.items():
        if name not in ("table_name", "monitor_version"):
            click.echo(f"  {name}: {value if isinstance(value, str | int) else json.dumps(value)}")


@monitor.command()
@click.argument("table")
@click.option("--file", "file", required=True, type=click.Path(path_type=Path, dir_okay=False), help="YAML or JSON.")
def put(table: str, file: Path) -> None:
    """Watch TABLE as the file says: the fields of quality_monitors, what we add under boathouse."""
    client, given = connected(), _read(file)
    known = {each["table_name"] for each in client.get(API)["monitors"]}
    method = "PUT" if table.lower() in known else "POST"
    made = client.call(method, f"{TABLES}/{quote(table, safe='')}/monitor", body=given)
    click.echo(f"{made['table_name']}: version {made['monitor_version']}, {_status(made)}.")


@monitor.command()
@click.argument("table")
@click.option("--start", metavar="WHEN", help="Compute the windows from then on anew.")
@click.option("--end", metavar="WHEN", help="... up to then.")
@click.option("--full", is_flag=True, help="Compute everything anew.")
@click.option("--no-wait", is_flag=True, help="Do not wait for its end.")
@output_option
def refresh(table: str, start: str | None, end: str | None, full: bool, no_wait: bool, output: str) -> None:
    """Bring the metrics of TABLE up to date; with --start and --end, a backfill."""
    if (start is None) != (end is None):
        raise InvalidInput("A backfill has a start and an end.", hint="Give both --start and --end.")
    body: dict[str, Any] = {"full": full}
    for name, given in (("start", start), ("end", end)):
        if given is not None:
            body[name] = from_epoch_ms(instant(given, f"--{name}")).isoformat()
    client = connected()
    asked = client.post(f"{_path(table)}/refreshes", body)
    if not no_wait:
        asked = _ended(client, table, asked["refresh_id"])
    if output == "json":
        click.echo(json.dumps(asked, indent=2))
    else:
        _tell(asked)
    if asked["state"] in ("FAILED", "CANCELED"):
        raise click.exceptions.Exit(1)


@monitor.command()
@click.argument("table")
@output_option
def refreshes(table: str, output: str) -> None:
    """List the latest refreshes of TABLE's monitor, newest first."""
    found = connected().get(f"{TABLES}/{quote(table, safe='')}/monitor/refreshes")["refreshes"]
    if output == "text":
        found = [
            {**each, "started": shown(each["start_time_ms"]), "ended": shown(each.get("end_time_ms")),
             "windows": (each.get("result") or {}).get("windows")}
            for each in found
        ]  # fmt: skip
    show_table(found, ["refresh_id", "state", "trigger", "started", "ended", "windows", "run_id", "message"], output)


@monitor.command()
@click.argument("table")
@click.argument("refresh_id", type=int)
def cancel(table: str, refresh_id: int) -> None:
    """End a refresh of TABLE's monitor."""
    _tell(connected().post(f"{TABLES}/{quote(table, safe='')}/monitor/refreshes/{refresh_id}/cancel"))


@monitor.command()
@click.argument("table")
def pause(table: str) -> None:
    """Let the schedule of TABLE's monitor rest."""
    connected().post(f"{_path(table)}/pause")
    click.echo(f"The schedule of {table} rests.")


@monitor.command()
@click.argument("table")
def resume(table: str) -> None:
    """Let the schedule of TABLE's monitor go on."""
    connected().post(f"{_path(table)}/resume")
    click.echo(f"The schedule of {table} goes on.")


@monitor.command()
@click.argument("table")
def delete(table: str) -> None:
    """Watch TABLE no more. The metric tables stay."""
    connected().delete(f"{TABLES}/{quote(table, safe='')}/monitor")
    click.echo(f"{table} is watched no more; its metric tables stay.")


def _read(file: Path) -> dict[str, Any]:
    from boathouse.foundation.yaml_source import parse_yaml

    if not file.is_file():
        raise NotFound(f"There is no file {file}.")
    found = parse_yaml(file.read_text(encoding="utf-8"), file).data
    if not isinstance(found, dict):
        raise InvalidInput(f"{file} holds no monitor.", hint="Write output_schema_name:, time_series: and so on.")
    return found  # pyright: ignore[reportUnknownVariableType]


def _path(table: str) -> str:
    return f"{API}/{quote(table, safe='')}"


def _ended(client: RestClient, table: str, refresh_id: int) -> dict[str, Any]:
    while True:
        found = client.get(f"{TABLES}/{quote(table, safe='')}/monitor/refreshes/{refresh_id}")
        if found["state"] in _ENDED:
            return found
        time.sleep(0.3)


def _tell(refresh: dict[str, Any]) -> None:
    windows = (refresh.get("result") or {}).get("windows")
    told = f"refresh {refresh['refresh_id']}: {refresh['state']}"
    click.echo(told if windows is None else f"{told}, {windows} windows")
    if refresh.get("message"):
        click.echo(refresh["message"])


def _status(monitor: dict[str, Any]) -> str:
    return str(monitor["status"]).removeprefix("MONITOR_STATUS_").lower()


def _watches(monitor: dict[str, Any]) -> str:
    for name in ("inference_log", "time_series"):
        if name in monitor:
            return f"{name.replace('_', ' ')} by {', '.join(monitor[name]['granularities'])}"
    return "snapshot"
