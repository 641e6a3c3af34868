"""``boathouse status``, ``logs`` and ``env``: what runs, what it says, how to reach it."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from boathouse.foundation.errors import NotFound, Unavailable, did_you_mean
from boathouse.foundation.home import Home, locate_home, require_home
from boathouse.foundation.rest import Connection


@click.command()
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text")
def status(output: str) -> None:
    """Show what is running; exit code 6 when nothing is."""
    import json

    from boathouse.foundation.health import read_health

    home = require_home()
    running = _running(home)
    health = read_health(str(running["url"]))
    serving = read_health(str(running["serving_url"])) if "serving_url" in running else None
    workers = _workers() if health else []
    if output == "json":
        content = {**running, "home": str(home.root), "health": health, "serving": serving, "workers": workers}
        click.echo(json.dumps(content, indent=2))
    else:
        _print_status(home, running, health, serving)
        _print_workers(workers)
    if health is None:
        raise Unavailable(f"Nothing answers at {running['url']}.", hint="boathouse logs shows why.")


@click.command()
@click.argument("process", required=False)
@click.option("-n", "--lines", default=50, show_default=True, help="How many of the last lines.")
@click.option("-f", "--follow", is_flag=True, help="Wait for more.")
def logs(process: str | None, lines: int, follow: bool) -> None:
    """Show the log of PROCESS (supervisor, control-plane, worker), or of all."""
    folder = require_home().logs
    files = {file.stem: file for file in sorted(folder.glob("*.log"))}
    if process and process not in files:
        raise NotFound(
            f"There is no log of {process!r}.", hint=did_you_mean(process, files) or f"There are: {', '.join(files)}."
        )
    chosen = [files[process]] if process else list(files.values())
    for file in chosen:
        if len(chosen) > 1:
            click.secho(f"== {file.stem}", bold=True)
        for line in file.read_text(errors="replace").splitlines()[-lines:]:
            click.echo(line)
    if follow:
        for line in _follow(chosen):
            click.echo(line, nl=False)


@click.command()
def env() -> None:
    """Print the exports with which other clients find this Boathouse; use it as: eval "$(boathouse env)"."""
    import os
    import shlex

    from boathouse.foundation.settings import Settings

    connection = Connection.from_surroundings()
    settings = Settings.from_environment()
    variables = {
        "BOATHOUSE_URL": connection.url,
        "BOATHOUSE_TOKEN": connection.token,
        "BOATHOUSE_SERVING_URL": os.environ.get("BOATHOUSE_SERVING_URL")
        or _serving_url(connection.url)
        or f"{connection.url.rsplit(':', 1)[0]}:{settings.serving_port}",
        "MLFLOW_TRACKING_URI": connection.url,
        "MLFLOW_TRACKING_TOKEN": connection.token,
        "DATABRICKS_HOST": connection.url,
        "DATABRICKS_TOKEN": connection.token,
    }
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")


def _serving_url(url: str) -> str | None:
    """Where predictions are answered, when the Boathouse of this folder is the one that is meant."""
    home = locate_home()
    running = (home.running() if home else None) or {}
    return running.get("serving_url") if running.get("url") == url else None


def _running(home: Home) -> dict[str, Any]:
    running = home.running()
    if running is None:
        raise Unavailable(f"The Boathouse of {home.root} is not running.", hint="Start it with: boathouse up")
    return running


def _print_status(
    home: Home, running: dict[str, Any], health: dict[str, Any] | None, serving: dict[str, Any] | None
) -> None:  # fmt: skip
    import psutil

    click.echo(f"Home     {home.root}")
    click.echo(f"Address  {running['url']}")
    if "serving_url" in running:
        told = f"{serving['status']}, {serving['ready']} of {serving['endpoints']} endpoints ready" if serving else None
        click.secho(f"Serving  {running['serving_url']} ({told or 'does not answer'})", fg=None if told else "red")
    click.echo(f"Since    {running['started_at']}")
    for name, pid in running["pids"].items():
        if (waiting := running.get("waiting", {}).get(name)) is not None:
            click.secho(f"{name:<14} {_waiting_text(waiting)}", fg="red")
            continue
        try:
            memory = f"{psutil.Process(pid).memory_info().rss / 2**20:.0f} MB"
            click.echo(f"{name:<14} pid {pid:<8} {memory}")
        except psutil.NoSuchProcess:
            click.secho(f"{name:<14} pid {pid:<8} gone", fg="red")
    for part, state in (health or {}).get("parts", {}).items():
        click.echo(f"{part:<14} {state}")


def _waiting_text(waiting: dict[str, Any]) -> str:
    times = "once" if waiting["deaths"] == 1 else f"{waiting['deaths']} times in a row"
    return f"ended {times}, last with code {waiting['exit_code']}; it is started again at {waiting['next_start_at']}"


def _workers() -> list[dict[str, Any]]:
    from boathouse.foundation.rest import RestClient

    try:
        return RestClient(Connection.from_surroundings()).get("/api/boathouse/v1/workers")["workers"]
    except Unavailable:
        return []


def _print_workers(workers: list[dict[str, Any]]) -> None:
    for worker in workers:
        lease = f"lease {worker['lease_seconds']:.1f} s" if worker["is_alive"] else "gone"
        work = f"{worker['open_runs']} runs, {worker['running_tasks']} tasks"
        click.secho(f"{worker['executor_id']:<22} {lease:<14} {work}", fg=None if worker["is_alive"] else "red")


def _follow(files: list[Path]) -> Iterator[str]:
    handles = [file.open(errors="replace") for file in files]
    for handle in handles:
        handle.seek(0, 2)
    while True:
        quiet = True
        for handle in handles:
            while line := handle.readline():
                quiet = False
                yield line
        if quiet:
            time.sleep(0.2)
