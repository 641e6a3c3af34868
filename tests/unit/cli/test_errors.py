"""An error on the command line is one sentence, what to do next, and an exit code."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

import boathouse.cli.main as main_module
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


@pytest.mark.parametrize(
    ("settings", "code", "says"),
    [
        ({"BOATHOUSE_TOKEN": "two\nlines", "BOATHOUSE_URL": "http://127.0.0.1:1"}, 3, "BOATHOUSE_TOKEN holds blanks"),
        ({"BOATHOUSE_HOME": __file__}, 6, "is not running"),
    ],
)
def test_a_setting_that_cannot_work_is_named(settings: dict[str, str], code: int, says: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "boathouse", "models", "list"],
        env={**os.environ, **settings},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("number", "code"), [(errno.ENOENT, 1), (errno.ENOSPC, 6)])
def test_a_failure_of_the_machine_is_one_sentence(
    number: int, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(**_: object) -> None:
        raise OSError(number, os.strerror(number), "/data/rows.csv")

    monkeypatch.setattr(main_module, "cli", failing)
    with pytest.raises(SystemExit) as ended:
        main_module.main()
    assert ended.value.code == code
    assert f"{os.strerror(number)} (/data/rows.csv)" in capsys.readouterr().err
