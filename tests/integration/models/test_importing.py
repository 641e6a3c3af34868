"""An existing MLflow store comes in: by its folder, its database file or its server."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from boathouse.testing import LocalBoathouse, running_boathouse

pytestmark = pytest.mark.server

# In a process of its own: the tracking URI is a setting of the whole process.
MAKE = """
import os, sys, mlflow
from mlflow import MlflowClient
uri, artifacts = sys.argv[1:]
os.chdir(artifacts)
mlflow.set_tracking_uri(uri)
mlflow.set_experiment("delays")
with mlflow.start_run(run_name="first") as run:
    mlflow.log_param("depth", 3)
    for step in range(3):
        mlflow.log_metric("loss", 1.0 / (step + 1), step=step)
    mlflow.log_text("hello", "notes.txt")
client = MlflowClient()
client.create_registered_model("Delay Model", description="How late")
source = run.info.artifact_uri + "/notes.txt"
for _ in range(3):
    client.create_model_version("Delay Model", source, run.info.run_id)
client.delete_model_version("Delay Model", "2")
client.set_registered_model_alias("Delay Model", "champion", "3")
print(run.info.run_id)
"""

# The same questions to any server; what it prints is compared.
ASK = """
import sys, mlflow
from mlflow import MlflowClient
run_id, model = sys.argv[1:]
client = MlflowClient()
run = client.get_run(run_id)
print(run.info.run_name, run.data.params, client.get_experiment(run.info.experiment_id).name)
print([(point.step, point.value) for point in client.get_metric_history(run_id, "loss")])
print(mlflow.artifacts.load_text(run.info.artifact_uri + "/notes.txt"))
print(sorted(int(version.version) for version in client.search_model_versions(f"name='{model}'")))
champion = client.get_model_version_by_alias(model, "champion")
print(champion.version, champion.run_id == run_id, client.get_registered_model(model).description)
"""
ANSWERS = """first {'depth': '3'} delays
[(0, 1.0), (1, 0.5), (2, 0.3333333333333333)]
hello
[1, 3]
3 True How late
"""


def python(code: str, *arguments: str, environment: dict[str, str] | None = None) -> str:
    """Run code from a file: MLflow imports pyspark where it is installed, and that looks for its caller's."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.py"
        script.write_text(code)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", str(script), *arguments],
            env={**os.environ, "MLFLOW_ALLOW_FILE_STORE": "true", **(environment or {})},
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBoathouse]:
    with running_boathouse(tmp_path_factory.mktemp("target")) as server:
        for schema in ("folder", "file", "server"):
            assert server.run("sql", f"CREATE CATALOG {schema}").returncode == 0
            assert server.run("sql", f"CREATE SCHEMA {schema}.s").returncode == 0
        yield server


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_runs_models_and_artifacts_are_as_they_were(target: LocalBoathouse, tmp_path: Path, kind: str) -> None:
    uri = (tmp_path / "mlruns").as_uri() if kind == "folder" else f"sqlite:///{tmp_path / 'mlflow.db'}"
    run_id = python(MAKE, uri, str(tmp_path)).split()[-1]
    source = str(tmp_path / ("mlruns" if kind == "folder" else "mlflow.db"))

    dry = target.run("import", "mlflow", source, "--into", f"{kind}.s", "--dry-run")
    first = target.run("import", "mlflow", source, "--into", f"{kind}.s")
    second = target.run("import", "mlflow", source, "--into", f"{kind}.s")

    assert first.returncode == 0, first.stderr
    assert "Would come in: " in dry.stdout and dry.stdout.split(": ", 1)[1] == first.stdout.split(": ", 1)[1]
    assert "1 runs" in first.stdout and "1 registered models with 2 versions and 1 aliases" in first.stdout
    assert "0 runs" in second.stdout and "3 were there already" in second.stdout
    assert python(ASK, run_id, f"{kind}.s.delay_model", environment=target.environment()) == ANSWERS


def test_a_store_on_a_server_comes_in_through_its_api(target: LocalBoathouse, tmp_path: Path) -> None:
    with running_boathouse(tmp_path) as other:
        other.run("sql", "CREATE CATALOG theirs")
        other.run("sql", "CREATE SCHEMA theirs.s")
        make = MAKE.replace("Delay Model", "server.s.delay")
        for statement in ("CREATE CATALOG server", "CREATE SCHEMA server.s"):
            other.run("sql", statement)
        run_id = python(make, other.url, str(tmp_path), environment=other.environment()).split()[-1]

        token = {"MLFLOW_TRACKING_TOKEN": other.token}
        done = subprocess.run(
            [sys.executable, "-m", "boathouse", "import", "mlflow", other.url],
            env={**target.environment(), **token},
            capture_output=True,
            text=True,
        )

    assert done.returncode == 0, done.stderr
    assert python(ASK, run_id, "server.s.delay", environment=target.environment()) == ANSWERS


def test_a_version_without_its_run_is_kept_and_the_gap_is_told(target: LocalBoathouse, tmp_path: Path) -> None:
    run_id = python(MAKE, f"sqlite:///{tmp_path / 'mlflow.db'}", str(tmp_path)).split()[-1]
    code = "import sys, sqlite3; c = sqlite3.connect(sys.argv[1]); c.execute('PRAGMA foreign_keys=OFF')\n"
    for table in ("metrics", "latest_metrics", "params", "tags", "runs"):
        code += f"c.execute('DELETE FROM {table}')\n"
    python(code + "c.commit()", str(tmp_path / "mlflow.db"))
    target.run("sql", "CREATE SCHEMA IF NOT EXISTS file.gaps")

    done = target.run("import", "mlflow", str(tmp_path / "mlflow.db"), "--into", "file.gaps")

    assert done.returncode == 0, done.stderr
    assert f"version 3: the source does not have its run {run_id}" in done.stderr
    assert "with 2 versions" in done.stdout


def test_what_is_no_store_is_refused(target: LocalBoathouse, tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("no database" * 100)
    (tmp_path / "empty").mkdir()
    for name, code in (("notes.db", 2), ("empty", 2), ("missing", 4)):
        done = target.run("import", "mlflow", str(tmp_path / name))
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
