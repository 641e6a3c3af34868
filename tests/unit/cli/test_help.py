"""The command line starts quickly because it imports little."""

import subprocess
import sys

import pytest

from boathouse.cli.main import COMMANDS

HEAVY = ("sqlalchemy", "duckdb", "deltalake", "pyarrow", "pandas", "polars", "mlflow", "dbos", "fastapi", "pydantic",
         "urllib3", "rich", "sqlglot", "numpy", "alembic", "yaml")  # fmt: skip

PROBE = """
import sys
{statement}
print(*sorted(name for name in {heavy} if name in sys.modules))
"""


def heavy_imports_of(statement: str, tmp_path) -> str:
    script = tmp_path / "probe.py"
    script.write_text(PROBE.format(statement=statement, heavy=HEAVY))
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].strip()


def test_help_imports_nothing_heavy(tmp_path) -> None:
    statement = "from boathouse.cli.main import cli; cli(['--help'], standalone_mode=False)"
    assert heavy_imports_of(statement, tmp_path) == ""


def test_importing_boathouse_imports_nothing_heavy(tmp_path) -> None:
    assert heavy_imports_of("import boathouse", tmp_path) == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    from click.testing import CliRunner

    from boathouse.cli.main import cli

    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage:" in result.output


def test_an_unknown_command_gets_a_suggestion() -> None:
    done = subprocess.run([sys.executable, "-m", "boathouse", "statsu"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "Did you mean status?" in done.stderr
