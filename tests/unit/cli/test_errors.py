"""An error on the command line is one sentence, what to do next, and an exit code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from boathouse.cli.main import EXIT_CODES, exit_code_of
from boathouse.foundation.errors import CATEGORIES, BoathouseError, NotFound


class TableNotFound(NotFound):
    """A fact below its category."""


def test_every_category_has_an_exit_code() -> None:
    assert set(EXIT_CODES) == set(CATEGORIES)
    assert exit_code_of(TableNotFound("x")) == EXIT_CODES[NotFound]
    assert exit_code_of(BoathouseError("x")) == 1


@pytest.mark.parametrize("command", ["status", "down", "env", "models list"])
def test_without_a_home_every_command_says_how_to_start_one(command: str, tmp_path: Path) -> None:
    hidden = {"BOATHOUSE_HOME", "BOATHOUSE_URL", "BOATHOUSE_TOKEN"}
    done = subprocess.run(
        [sys.executable, "-m", "boathouse", *command.split()],
        env={key: value for key, value in os.environ.items() if key not in hidden},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 4
    assert "There is no Boathouse home" in done.stderr
    assert "boathouse up" in done.stderr
    assert "Traceback" not in done.stderr
