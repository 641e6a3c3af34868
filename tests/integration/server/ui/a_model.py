"""A model of one's own on the shared server, made through REST: what tests of pages about models begin with."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boathouse.foundation.errors import AlreadyExists
from boathouse.foundation.ids import new_id
from boathouse.models.gates.catalogue import GATES

if TYPE_CHECKING:
    from boathouse.testing import LocalBoathouse

MLFLOW = "/api/2.0/mlflow"
OFF = {"enabled": False, "reason": "not what this test is about"}
HTML = "<img src=x onerror=\"document.title='owned'\">"
"""What must stand on a page as text."""
REGISTER = """\
import sys, warnings
warnings.simplefilter("ignore")
import mlflow, pandas
from sklearn.linear_model import LogisticRegression

frame = pandas.DataFrame({"x": [0.0, 1.0, 2.0, 3.0], "y": [1.0, 0.0, 1.0, 0.0]})
model = LogisticRegression().fit(frame, [0, 0, 1, 1])
mlflow.set_experiment("/pages/" + sys.argv[1])
for number in range(int(sys.argv[2])):
    with mlflow.start_run():
        mlflow.log_metric("auc", 0.7 + number / 100)
        mlflow.log_param("rounds", 10 * (number + 1))
        info = mlflow.sklearn.log_model(model, name="model", input_example=frame)
    mlflow.register_model(info.model_uri, sys.argv[1])
"""


def unique() -> str:
    return new_id().replace("-", "")[-10:]


class AModel:
    """A model in a schema of its own, that is asked for its log loss and for signatures of one group."""

    def __init__(self, boathouse: LocalBoathouse) -> None:
        self.boathouse = boathouse
        self.admin = boathouse.client()
        self.schema = f"dev.p{unique()}"
        self.name = f"{self.schema}.late"
        self.group = f"risk{unique()}"
        self.path = f"/api/boathouse/v1/models/{self.name}"
        self.page = f"/ui/models/{self.name}"
        body = {"catalog_name": "dev", "name": self.schema.removeprefix("dev.")}
        self.admin.post("/api/2.1/unity-catalog/schemas", body)

    def with_versions(self, count: int, *, description: str = "Late rides") -> AModel:
        """Versions without files: enough for gates, signatures and aliases."""
        self.admin.post(f"{MLFLOW}/registered-models/create", {"name": self.name, "description": description})
        experiment = self.admin.post(f"{MLFLOW}/experiments/create", {"name": f"/pages/{self.name}"})["experiment_id"]
        for _ in range(count):
            run = self.admin.post(f"{MLFLOW}/runs/create", {"experiment_id": experiment})["run"]["info"]
            body = {"name": self.name, "source": f"{run['artifact_uri']}/model", "run_id": run["run_id"]}
            self.admin.post(f"{MLFLOW}/model-versions/create", body)
        return self

    def with_files(self, count: int, folder: Path) -> AModel:
        """Versions that load and answer."""
        script = folder / "register.py"
        script.write_text(REGISTER)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", str(script), self.name, str(count)],
            env={**os.environ, **self.boathouse.environment()},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return self

    def require(self, *, signatures: int = 0, **more: Any) -> None:
        said = {
            "objective": "Tell whether a ride is late",
            "decision": "The desk calls another car",
            "owner": "rides desk",
            "success": {"metric": "late rides", "proxy": "log_loss"},
            "risk_tier": "medium",
            "gates": {each.name: OFF for each in GATES} | {"metric": {"maximum": 0.5}},
            "evaluation": {"table": f"{self.schema}.rides", "label": "late"},
            "approval": {"count": signatures, "groups": [self.group]} if signatures else {"count": 0},
            "deployment": {"start": False},
        }
        if signatures:
            self.principal(self.group, "group")
        self.admin.put(f"{self.path}/requirements", {"requirements": said | more})

    def evaluate(self, version: int, value: float = 0.4, *, champion: int | None = None) -> None:
        measured = {"gate": "metric", "metric": "log_loss", "value": value, "rows": 5000}
        body = {"champion": champion, "measurements": [measured]}
        self.admin.post(f"{self.path}/versions/{version}/evaluations", body)

    def promote(self, version: int, reason: str) -> None:
        self.evaluate(version)
        self.admin.post(f"{self.path}/versions/{version}/promote", {"reason": reason})

    def champion(self) -> int | None:
        return self.admin.get(self.path)["model"]["aliases"].get("champion")

    def principal(self, name: str, kind: str) -> None:
        with suppress(AlreadyExists):
            self.admin.post("/api/boathouse/v1/principals", {"name": name, "kind": kind})

    def person(self, *groups: str) -> str:
        """The token of somebody who may read the model."""
        name = f"p{unique()}"
        self.principal(name, "user")
        for group in groups:
            self.admin.put(f"/api/boathouse/v1/groups/{group}/members/{name}")
        for place, privileges in (
            ("catalog/dev", ["USE CATALOG"]),
            (f"schema/{self.schema}", ["USE SCHEMA", "EXECUTE"]),
        ):
            body = {"changes": [{"principal": name, "add": privileges}]}
            self.admin.patch(f"/api/2.1/unity-catalog/permissions/{place}", body)
        return self.admin.post("/api/2.0/token/create", {"user_name": name})["token_value"]
