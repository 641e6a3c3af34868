"""A task reads and writes data; it should not wait for what only a server needs."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("library", ["sqlalchemy", "alembic", "mlflow", "fastapi", "dbos", "pandas"])
def test_a_session_over_http_does_not_import(library: str) -> None:
    code = f"import sys, boathouse.session.default; sys.exit({library!r} in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
