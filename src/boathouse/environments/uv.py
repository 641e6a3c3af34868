"""Calls uv, and tells its failures apart."""

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from boathouse.environments.errors import CannotResolve, NoNetwork

_NO_NETWORK = re.compile(
    r"error sending request|failed to fetch|could not connect|dns error|network is unreachable|connection refused"
    r"|network was disabled|timed out|failed to lookup address|tunnel",
    re.IGNORECASE,
)


def run_uv(arguments: Sequence[str | Path], *, doing: str) -> str:
    """Run uv; gives back its standard output.

    Raises:
        NoNetwork: It needed the package index and could not reach it.
        CannotResolve: It reached it, and what was asked for cannot be had.
    """
    from uv import find_uv_bin

    command = [find_uv_bin(), *map(str, arguments)]
    environment = {**os.environ, "UV_NO_PROGRESS": "1", "UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1"}
    environment.pop("VIRTUAL_ENV", None)
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode == 0:
        return done.stdout
    reason = done.stderr.strip()
    if _NO_NETWORK.search(reason):
        raise NoNetwork(
            f"Cannot {doing}: the package index cannot be reached.\n{reason}",
            hint="Connect to the network once, or ask only for packages that the platform already has.",
        )
    raise CannotResolve(f"Cannot {doing}.\n{reason}")
