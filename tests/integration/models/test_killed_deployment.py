"""A deployment job whose worker or control plane is killed between any two of its tasks comes to its end all the same:
with one set of evidence, one request, and one promotion."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.home import Home
from boathouse.models.gates.catalogue import GATES
from boathouse.testing import LocalBoathouse
from boathouse.testing.local import start_boathouse, stop_boathouse

pytestmark = [pytest.mark.server, pytest.mark.timeout(1800)]

SETTLED_SECONDS = 900
MODEL = "dev.rides.late"
PATH = f"/api/boathouse/v1/models/{MODEL}"
OFF = {"enabled": False, "reason": "not what this test is about"}

REGISTER = """\
import sys, warnings
warnings.simplefilter("ignore")
import mlflow, pandas
from sklearn.linear_model import LogisticRegression

frame = pandas.DataFrame({"x": [-2.0, -1.0, 1.0, 2.0] * 50, "y": [1.0, 0.0, 1.0, 0.0] * 50})
model = LogisticRegression().fit(frame, (frame.x > 0).astype("int64"))
mlflow.set_experiment("/killed")
with mlflow.start_run():
    info = mlflow.sklearn.log_model(model, name="model", input_example=frame.head(3))
print(mlflow.register_model(info.model_uri, sys.argv[1]).version)
"""


class Mortal:
    """A Boathouse whose processes are killed, and a model with requirements in it."""

    def __init__(self, server: LocalBoathouse, script: Path) -> None:
        self.server, self._script = server, script

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """An answer, of whichever control plane is there next."""
        deadline = time.monotonic() + SETTLED_SECONDS
        while True:
            with suppress(BoathouseError, OSError):
                client = self.server.client()
                return client.get(path, **query) if method == "GET" else client.post(path, body or {})
            assert time.monotonic() < deadline, f"{method} {path} was not answered."
            time.sleep(0.2)

    def register(self) -> int:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", str(self._script), MODEL],
            env=self.server.environment(), capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return int(done.stdout.split()[-1])

    def kill(self, *names: str) -> None:
        pids = self.server.pids
        for name in names:
            with suppress(ProcessLookupError):
                os.kill(pids[name], signal.SIGKILL)
        self.until(lambda: all(self.server.pids.get(name) not in (None, pids[name]) for name in names))

    def until(self, look: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + SETTLED_SECONDS
        while not (found := look()):
            assert time.monotonic() < deadline, "It did not come about."
            time.sleep(0.05)
        return found

    def tasks(self) -> dict[str, str]:
        starts = self.ask("GET", f"{PATH}/deployments", version=1)["starts"]
        run_id = starts[0].get("run_id") if starts else None
        tasks = self.ask("GET", "/api/2.2/jobs/runs/get", run_id=run_id)["tasks"] if run_id else []
        return {task["task_key"]: task["state"].get("result_state", "") for task in tasks}

    def evaluations(self) -> list[dict[str, Any]]:
        return self.ask("GET", f"{PATH}/versions/1/evaluations")["evaluations"]


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Mortal]:
    script = tmp_path / "register.py"
    script.write_text(REGISTER)
    server = start_boathouse(Home(tmp_path / ".boathouse"))
    try:
        rows = "SELECT (id * 7919 % 1000) / 250.0 - 2 AS x, id % 7 AS y FROM (SELECT explode(sequence(1, 600)) AS id)"
        table = f"SELECT x, y, CASE WHEN x > 0 THEN 1 ELSE 0 END AS late FROM ({rows})"
        for text in ("CREATE SCHEMA dev.rides", f"CREATE TABLE dev.rides.judged AS {table}"):
            done = server.run("sql", text)
            assert done.returncode == 0, done.stderr
        client = server.client()
        client.post("/api/2.0/mlflow/registered-models/create", {"name": MODEL})
        said = {
            "objective": "Tell whether a ride is late", "decision": "The desk calls another car", "owner": "ada",
            "success": {"metric": "late rides", "proxy": "log_loss"}, "risk_tier": "medium",
            "evaluation": {"table": "dev.rides.judged", "label": "late"},
            "gates": {each.name: OFF for each in GATES} | {"metric": {"maximum": 0.9}},
            "approval": {"count": 1, "author_may_approve": True},
            "deployment": {"automatic_promotion": True},
        }  # fmt: skip
        client.put(f"{PATH}/requirements", {"requirements": said})
        yield Mortal(server, script)
    finally:
        stop_boathouse(server)


@pytest.mark.parametrize("names", [("worker",), ("control-plane",), ("control-plane", "worker")], ids="+".join)
def test_a_deployment_job_ends_well_whatever_dies_between_its_tasks(mortal: Mortal, names: tuple[str, ...]) -> None:
    assert mortal.register() == 1
    mortal.kill(*names)  # before the job was started, or while it is

    mortal.until(mortal.evaluations)
    mortal.kill(*names)  # the evidence is there, and its task may not have ended

    mortal.until(lambda: mortal.tasks().get("evaluate") == "SUCCESS")
    mortal.kill(*names)
    mortal.until(lambda: mortal.tasks().get("gates") == "SUCCESS")
    mortal.kill(*names)
    mortal.until(lambda: mortal.tasks().get("approval") == "FAILED")  # it has asked for a signature
    assert len(mortal.evaluations()) == 1

    mortal.ask("POST", f"{PATH}/versions/1/approvals", {"say": "approved", "reason": "looks right"})
    mortal.kill(*names)  # signed, and nobody may have let the run go on
    mortal.until(lambda: mortal.tasks().get("approval") == "SUCCESS")
    mortal.kill(*names)  # between the signature and the promotion, or while it is made

    mortal.until(lambda: all(mortal.tasks().values()))
    assert set(mortal.tasks().values()) == {"SUCCESS"}
    assert len(mortal.evaluations()) == 1
    moves = mortal.ask("GET", f"{PATH}/history")["moves"]
    assert [(each["alias"], each["from_version"], each["to_version"]) for each in moves] == [("champion", None, 1)]
    assert moves[0]["through"] in ("promotion", "reconciled")  # the latter: it died before the move was written down
    said = mortal.ask("GET", f"{PATH}/approvals")["approvals"]
    assert {each["say"] for each in said} == {"approved"}
    events = mortal.ask("GET", "/api/boathouse/v1/events", subject=MODEL)["events"]
    told = [each["type"] for each in events]
    assert (told.count("model_version.promoted"), told.count("approval.asked")) == (1, 1), told
