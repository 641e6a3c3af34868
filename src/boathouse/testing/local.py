"""Starts a real Boathouse for a test and stops it afterwards."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boathouse.foundation.errors import Unavailable
from boathouse.foundation.health import read_health
from boathouse.foundation.home import HOME_VARIABLE, Home
from boathouse.foundation.rest import Connection, RestClient

HEALTHY_WITHIN_SECONDS = 60
STOPPED_WITHIN_SECONDS = 40


@dataclass(slots=True)
class LocalBoathouse:
    """A running Boathouse; every handle acts as the admin unless it is given another token."""

    home: Home
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        return str((self.home.running() or {})["url"])

    @property
    def serving_url(self) -> str:
        """Where predictions are answered, of one that was started with serving workers."""
        return str((self.home.running() or {})["serving_url"])

    @property
    def token(self) -> str:
        return self.home.token() or ""

    @property
    def pids(self) -> dict[str, int]:
        """Pids of ``supervisor``, ``control-plane``, ``worker``; if it serves, ``data-plane`` and ``recorder``."""
        return (self.home.running() or {})["pids"]

    @property
    def waiting(self) -> dict[str, Any]:
        """Processes that have ended and are started again later: how often they died in a row, and when."""
        return (self.home.running() or {})["waiting"]

    def client(self, token: str | None = None) -> RestClient:
        return RestClient(Connection(self.url, token or self.token))

    def environment(self, token: str | None = None) -> dict[str, str]:
        """Variables with which a child process finds this Boathouse and no other."""
        ours = {"BOATHOUSE_URL": self.url, "BOATHOUSE_TOKEN": token or self.token, HOME_VARIABLE: str(self.home.root)}
        mlflow = {"MLFLOW_TRACKING_URI": self.url, "MLFLOW_TRACKING_TOKEN": token or self.token}
        return {**os.environ, **ours, **mlflow}

    def run(
        self, *arguments: str, token: str | None = None, cwd: Path | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run ``boathouse ARGUMENTS`` against this server; gives back the finished process."""
        return subprocess.run(
            [sys.executable, "-m", "boathouse", *arguments],
            env=self.environment(token),
            cwd=cwd or self.home.root.parent,
            capture_output=True,
            text=True,
        )


@contextmanager
def running_boathouse(
    folder: Path, *, port: int = 0, variables: Mapping[str, str] | None = None
) -> Generator[LocalBoathouse]:
    """A Boathouse with its home in ``folder``, healthy; stopped at the end of the block.

    It answers no predictions unless ``variables`` say so: ``{"BOATHOUSE_SERVING_WORKERS": "1"}``.

    Raises:
        Unavailable: It did not become healthy; the message holds the end of its log.
    """
    server = start_boathouse(Home(folder / ".boathouse"), port=port, variables=variables)
    try:
        yield server
    finally:
        stop_boathouse(server)


def start_boathouse(home: Home, *, port: int = 0, variables: Mapping[str, str] | None = None) -> LocalBoathouse:
    """As :func:`running_boathouse`, for a test that stops or kills it in its own way."""
    home.create()
    ignored = {HOME_VARIABLE, "BOATHOUSE_URL", "BOATHOUSE_TOKEN", "PYTHONDONTWRITEBYTECODE"}
    environment = {key: value for key, value in os.environ.items() if key not in ignored}
    with (home.logs / "supervisor.log").open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "boathouse", "up", "--home", str(home.root), "--port", str(port), "--no-link"],
            env={**environment, "BOATHOUSE_SERVING_WORKERS": "0", **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + HEALTHY_WITHIN_SECONDS
    while not _is_healthy(home, process):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise Unavailable(f"Boathouse has not become healthy.\n{_logs(home)}")
        time.sleep(0.05)
    return LocalBoathouse(home, process)


def stop_boathouse(server: LocalBoathouse) -> None:
    if server.process.poll() is None:
        server.process.send_signal(signal.SIGTERM)
    server.process.wait(STOPPED_WITHIN_SECONDS)


def _is_healthy(home: Home, process: "subprocess.Popen[bytes]") -> bool:
    running = home.running()
    if running is None or running["pids"]["supervisor"] != process.pid:
        return False
    urls = [str(running[url]) for url in ("url", "serving_url") if url in running]
    return all(read_health(url, timeout_seconds=5) is not None for url in urls)


def _logs(home: Home) -> str:
    return "\n".join(f"== {file.stem}\n{file.read_text(errors='replace')[-3000:]}" for file in home.logs.glob("*.log"))
