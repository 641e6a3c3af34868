"""MLflow's server and our stores share connections that are set as ours are."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.server

SCRIPT = """
import sys
from pathlib import Path
from boathouse.models.mlflow_server import MlflowSettings, load_apps
from boathouse.models.stores import MlflowStores

folder = Path(sys.argv[1])
settings = MlflowSettings(f"sqlite:///{folder / 'mlflow.db'}", folder / "artifacts")
load_apps(settings)
ours = MlflowStores(settings)
ours.tracking
from mlflow.server.handlers import _get_model_registry_store, _get_tracking_store

for theirs in (_get_tracking_store(), _get_model_registry_store()):
    with theirs.engine.connect() as connection:
        print([connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")])
"""


def test_mlflow_writes_ahead_and_does_not_flush_the_disk_at_each_commit(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "MLFLOW"))}

    said = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), str(tmp_path)],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    assert said.splitlines()[-2:] == ["['wal', 1]", "['wal', 1]"]
