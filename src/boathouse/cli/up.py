"""``boathouse up`` and ``boathouse down``."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from boathouse.foundation.errors import Conflict, Unavailable
from boathouse.foundation.home import HOME_FOLDER, HOME_VARIABLE, Home, locate_home, require_home

if TYPE_CHECKING:
    from boathouse.foundation.settings import Settings

HEALTHY_WITHIN_SECONDS = 180
"""How long a machine may take until the control plane answers."""
LOADED_WITHIN_SECONDS = 60
"""How long somebody waits for the data plane, which answers once it has loaded its models; it goes on after that."""
STOPPED_WITHIN_SECONDS = 40


@click.command()
@click.option("--port", type=int, help="Port of the control plane (default 8300); 0 takes a free one.")
@click.option("--detach", is_flag=True, help="Return when everything is healthy, and leave it running.")
@click.option(
    "--home", "folder", type=click.Path(path_type=Path), help="Home folder (default: the nearest .boathouse)."
)
@click.option("--workers", type=click.IntRange(min=0), help="How many worker processes (default 1).")
@click.option("--serving-port", type=int, help="Port of predictions (default: the next after --port); 0: a free one.")
@click.option("--serving-workers", type=click.IntRange(min=-1), help="Processes that answer predictions; 0: none.")
@click.option("--log-format", type=click.Choice(["text", "json"]), help="How the processes write their logs.")
@click.option("--link/--no-link", default=True, help="Print a link that signs you in to the web page (default).")
def up(
    port: int | None, detach: bool, folder: Path | None, workers: int | None, serving_port: int | None,
    serving_workers: int | None, log_format: str | None, link: bool,
) -> None:  # fmt: skip
    """Start Boathouse: control plane, workers and the data plane that answers predictions.

    The first start makes the home folder (.boathouse here, unless one exists above), its databases, an admin
    principal for you, and a token that only you can read.
    """
    from boathouse.cli.ui import tell_of_link
    from boathouse.foundation.settings import PREFIX, LogFormat, Settings
    from boathouse.wiring.supervisor import Supervisor, claim_port, claim_serving_port, is_running

    home = Home(folder.absolute()) if folder else locate_home() or Home(Path.cwd() / HOME_FOLDER)
    chosen_format = LogFormat(log_format) if log_format else None
    settings = Settings.from_environment(
        port=port, workers=workers, log_format=chosen_format, serving_port=serving_port, serving_workers=serving_workers
    )
    if serving_port is None and f"{PREFIX}SERVING_PORT" not in os.environ:
        settings = replace(settings, serving_port=settings.port + 1 if settings.port else 0)
    if not detach:
        click.echo(f"Boathouse is starting on {home.root}. Stop it with Ctrl-C.", err=True)
        Supervisor(home, settings, when_healthy=partial(tell_of_link, home) if link else None).run()
        return
    if is_running(home):
        running = home.running() or {}
        raise Conflict(
            f"A Boathouse is already running on {home.root} at {running.get('url', 'an unknown port')}.",
            hint="Stop it with: boathouse down",
        )
    chosen = claim_port(settings.host, settings.port)
    serving = claim_serving_port(settings) if settings.serving_workers else 0
    _start_detached(home, chosen, serving, settings)
    click.echo(f"Boathouse is running at http://{settings.host}:{chosen} (home {home.root}).")
    if serving:
        is_loaded = _is_healthy(home, "serving_url")
        told = "It answers predictions" if is_loaded else "It still loads models; then it answers predictions"
        click.echo(f"{told} at http://{settings.host}:{serving}.")
    if link:
        tell_of_link(home, f"http://{settings.host}:{chosen}")
    click.echo("Stop it with: boathouse down")


@click.command()
def down() -> None:
    """Stop the Boathouse of the nearest home folder."""
    from boathouse.wiring.supervisor import is_running

    home = require_home()
    running = home.running()
    if not is_running(home) or running is None:
        click.echo(f"The Boathouse of {home.root} is not running.")
        return
    os.kill(int(running["pids"]["supervisor"]), signal.SIGTERM)
    deadline = time.monotonic() + STOPPED_WITHIN_SECONDS
    while is_running(home):
        if time.monotonic() > deadline:
            raise Unavailable(
                f"The Boathouse of {home.root} has not stopped within {STOPPED_WITHIN_SECONDS} s.",
                hint=f"Its processes are {running['pids']}.",
            )
        time.sleep(0.05)
    click.echo("Stopped.")


def _start_detached(home: Home, port: int, serving_port: int, settings: "Settings") -> None:
    """Start a supervisor that outlives this command, and wait until the control plane answers, and the data plane if
    that does not take too long."""
    home.create()
    log_file = home.logs / "supervisor.log"
    command = [sys.executable, "-m", "boathouse", "up", "--home", str(home.root), "--port", str(port)]
    command += ["--no-link"]  # what it prints is kept in a log
    command += ["--workers", str(settings.workers), "--log-format", settings.log_format]
    command += ["--serving-port", str(serving_port), "--serving-workers", str(settings.serving_workers)]
    with log_file.open("ab") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, HOME_VARIABLE: str(home.root)},
        )
    began = time.monotonic()
    while not _is_healthy(home, "url"):
        if child.poll() is not None:
            raise Unavailable(f"Boathouse has not started: {_last_line(log_file)}", hint=f"More in {home.logs}")
        if time.monotonic() > began + HEALTHY_WITHIN_SECONDS:
            child.terminate()
            raise Unavailable(
                f"Boathouse was not healthy within {HEALTHY_WITHIN_SECONDS} s; it has been stopped.",
                hint=f"The logs in {home.logs} say why.",
            )
        time.sleep(0.05)
    while serving_port and not _is_healthy(home, "serving_url") and time.monotonic() < began + LOADED_WITHIN_SECONDS:
        time.sleep(0.05)


def _is_healthy(home: Home, door: str) -> bool:
    """Whether the control plane (``url``) or the data plane (``serving_url``) answers."""
    from boathouse.foundation.health import read_health

    url = (home.running() or {}).get(door)
    return url is not None and read_health(str(url)) is not None


def _last_line(file: Path) -> str:
    lines = file.read_text(errors="replace").strip().splitlines()
    return next((line for line in reversed(lines) if line.startswith("Error")), lines[-1] if lines else "")
