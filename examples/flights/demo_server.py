"""The server that the demo works with, reached as a person would: by the command line and by REST."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from boathouse.foundation.home import HOME_FOLDER, HOME_VARIABLE, Home
from boathouse.foundation.rest import Connection, RestClient

BUNDLE = Path(__file__).absolute().parent
REPOSITORY = BUNDLE.parents[1]
_OTHERS = ("BOATHOUSE_URL", "BOATHOUSE_TOKEN", "PYTHONDONTWRITEBYTECODE")
"""Variables that would lead to another server, or make Python slow."""


class Failed(Exception):
    """A step did not succeed; ``output`` is what it had printed."""

    def __init__(self, reason: str, output: str = "") -> None:
        super().__init__(reason)
        self.output = output


@dataclass(frozen=True, slots=True)
class Server:
    """A Boathouse by its home folder."""

    home: Home

    @classmethod
    def of_this_repository(cls) -> Self:
        """``BOATHOUSE_HOME``, else ``.boathouse`` in the repository's folder."""
        for name in _OTHERS:
            os.environ.pop(name, None)
        named = os.environ.get(HOME_VARIABLE)
        return cls(Home(Path(named).absolute() if named else REPOSITORY / HOME_FOLDER))

    @property
    def is_running(self) -> bool:
        return self.home.root.is_dir() and self.attempt("status").returncode == 0

    @property
    def url(self) -> str:
        return str((self.home.running() or {})["url"])

    def client(self) -> RestClient:
        return RestClient(Connection(self.url, self.home.token() or ""))

    def command(self, *arguments: str, token: str | None = None) -> str:
        """What ``boathouse ARGUMENTS`` prints.

        Raises:
            Failed: It ended with an exit code other than 0.
        """
        done = self.attempt(*arguments, token=token)
        if done.returncode:
            raise Failed(f"boathouse {' '.join(arguments)} ended with exit code {done.returncode}.", done.stderr)
        return done.stdout

    def command_json(self, *arguments: str) -> Any:
        return json.loads(self.command(*arguments, "--output", "json"))

    def attempt(self, *arguments: str, token: str | None = None) -> "subprocess.CompletedProcess[str]":
        environment = {**os.environ, HOME_VARIABLE: str(self.home.root)}
        if token:
            environment["BOATHOUSE_TOKEN"] = token
        command = [sys.executable, "-m", "boathouse", *arguments]
        return subprocess.run(command, env=environment, cwd=BUNDLE, capture_output=True, text=True, check=False)
