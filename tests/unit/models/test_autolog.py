"""The import hook, in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
from boathouse.models.autolog import install
installed = install()
heavy = [name for name in ("mlflow", "sqlalchemy", "pandas", "numpy") if name in sys.modules]
import json, csv, decimal
print(installed, heavy, [type(finder).__name__ for finder in sys.meta_path].count("_Watcher"), install())
"""


def run(tmp_path: Path, **variables: str) -> str:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    environment = {"PATH": os.environ["PATH"], **variables}
    return subprocess.run(
        [sys.executable, str(script)], env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_installing_it_imports_nothing_heavy(tmp_path: Path) -> None:
    assert run(tmp_path, MLFLOW_TRACKING_URI="http://127.0.0.1:1") == "True [] 1 True"


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    assert run(tmp_path, MLFLOW_TRACKING_URI="http://127.0.0.1:1", BOATHOUSE_AUTOLOG="0") == "False [] 0 False"


def test_it_stays_off_where_there_is_no_server_to_log_to(tmp_path: Path) -> None:
    assert run(tmp_path) == "False [] 0 False"
