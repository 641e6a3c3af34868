"""A backup of a Boathouse that is being written to, everything killed, and a home elsewhere that says the same."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from boathouse.foundation.home import Home
from boathouse.testing import LocalBoathouse
from boathouse.testing.local import start_boathouse, stop_boathouse

pytestmark = pytest.mark.server

MAKE = """
import boathouse as bh
for statement in (
    "CREATE CATALOG main", "CREATE SCHEMA main.s", "CREATE TABLE main.s.t (a INT)", "CREATE VOLUME main.s.files",
    "CREATE TABLE main.s.still AS SELECT * FROM range(1000) r(id)",
):
    bh.sql(statement)
"""
APPEND = """
import pathlib, sys
import boathouse as bh
while not pathlib.Path(sys.argv[1]).exists():
    bh.sql("INSERT INTO main.s.t VALUES (1)")
"""
TRAIN = """
import mlflow, numpy
from sklearn.linear_model import LinearRegression
from mlflow.models import infer_signature
x = numpy.arange(20.0).reshape(-1, 1)
model = LinearRegression().fit(x, 3 * x.ravel() + 1)
mlflow.set_experiment("/delays")
with mlflow.start_run():
    mlflow.log_metric("r2", model.score(x, 3 * x.ravel() + 1))
    mlflow.sklearn.log_model(
        model, name="model", signature=infer_signature(x, model.predict(x)), registered_model_name="main.s.delay",
        serialization_format="cloudpickle", pip_requirements=["scikit-learn"],  # else MLflow tries it out, slowly
    )
mlflow.MlflowClient().set_registered_model_alias("main.s.delay", "champion", "1")
"""
PREDICT = """
import mlflow, numpy
import boathouse as bh
model = mlflow.pyfunc.load_model("models:/main.s.delay@champion")
print([round(float(each), 6) for each in model.predict(numpy.array([[2.0], [5.0]]))])
"""
COUNT = """
for name in ("still", "t"):
    print(name, bh.sql(f"SELECT count(*) AS n FROM main.s.{name}").rows()[0]["n"])
bh.sql("INSERT INTO main.s.t VALUES (2)")
"""
SLOW = """
import time
print("begun", flush=True)
time.sleep(600)
"""


def python(server: LocalBoathouse, code: str) -> str:
    script = server.home.root.parent / "script.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(script)], env=server.environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "It has not happened."
        time.sleep(0.1)


@contextmanager
def appending(server: LocalBoathouse) -> Iterator[None]:
    """Somebody appends to a table for the block."""
    script, over = server.home.root.parent / "append.py", server.home.root.parent / "over"
    script.write_text(APPEND)
    writer = subprocess.Popen([sys.executable, str(script), str(over)], env=server.environment())
    try:
        yield
    finally:
        over.touch()
        writer.wait()
    assert writer.returncode == 0


def test_a_home_comes_back_elsewhere_as_it_was_while_it_was_written_to(tmp_path: Path) -> None:
    backup, elsewhere = tmp_path / "backup", tmp_path / "else where" / ".boathouse"
    server = start_boathouse(Home(tmp_path / ".boathouse"))
    try:
        predictions = python(server, MAKE + TRAIN + PREDICT).splitlines()[-1]
        (tmp_path / "note.txt").write_text("in a volume")
        assert server.run("upload", str(tmp_path / "note.txt"), "/Volumes/main/s/files/note.txt").returncode == 0
        (tmp_path / "slow.py").write_text(SLOW)
        client = server.client()
        task = {"task_key": "slow", "spark_python_task": {"python_file": str(tmp_path / "slow.py")}}
        job_id = client.post("/api/2.2/jobs/create", {"name": "slow", "tasks": [task]})["job_id"]
        run_id = client.post("/api/2.2/jobs/run-now", {"job_id": job_id})["run_id"]
        until(lambda: client.get("/api/2.2/jobs/runs/get", run_id=run_id)["state"]["life_cycle_state"] == "RUNNING")

        table = client.get("/api/2.1/unity-catalog/tables/main.s.t")["storage_location"]
        log = Path(table.removeprefix("file://")) / "_delta_log"
        with appending(server):
            until(lambda: len(list(log.glob("*.json"))) > 2)
            made = server.run("backup", str(backup))
            assert made.returncode == 0, made.stderr
            refused = server.run("restore", str(backup))
            assert refused.returncode == 5 and "is running" in refused.stderr
    finally:
        for pid in [server.process.pid, *server.pids.values()]:
            os.kill(pid, signal.SIGKILL)
        server.process.wait()

    assert server.run("backup", "verify", str(backup)).returncode == 0
    restored = server_less("restore", str(backup), "--home", str(elsewhere))
    assert restored.returncode == 0, restored.stderr
    assert "Runs that were under way: 1, ended as interrupted." in restored.stdout
    (tmp_path / ".boathouse").rename(tmp_path / "gone")  # nothing may lean on the old place

    again = start_boathouse(Home(elsewhere))
    try:
        version = {
            table["full_name"]: table["version"]
            for table in json.loads((backup / "manifest.json").read_text())["tables"]
        }
        assert version["main.s.t"] > 1
        told = [predictions, "still 1000", f"t {version['main.s.t']}"]
        assert python(again, PREDICT + COUNT).splitlines() == told
        again.run("download", "/Volumes/main/s/files/note.txt", str(tmp_path / "back.txt"))
        assert (tmp_path / "back.txt").read_text() == "in a volume"
        run = again.client().get("/api/2.2/jobs/runs/get", run_id=run_id)
        assert run["state"]["result_state"] == "FAILED"
        assert "restored from a backup" in run["state"]["state_message"]
    finally:
        stop_boathouse(again)


def server_less(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "boathouse", *arguments], capture_output=True, text=True)
