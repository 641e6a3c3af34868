# pyright: reportPrivateImportUsage=false, reportArgumentType=false
"""Versions of small models in a Boathouse that answers, and how its endpoints are asked."""

import itertools
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from boathouse.foundation.rest import RestClient
from boathouse.testing import LocalBoathouse

RAISES = """
import mlflow

class Raises(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        if float(model_input["x"].iloc[0]) > 0:
            raise RuntimeError("this version knows nothing above zero")
        return model_input["x"]

mlflow.models.set_model(Raises())
"""
PATIENCE_SECONDS = 90.0
_numbers = itertools.count(1)


class Served:
    """One endpoint with a model of its own."""

    def __init__(self, boathouse: LocalBoathouse, folder: Path) -> None:
        number = next(_numbers)
        self.boathouse = boathouse
        self.folder = folder
        self.name = f"late{number}"
        self.model = f"dev.rolled.late{number}"
        self.client: RestClient = boathouse.client()
        self._http = urllib3.PoolManager(maxsize=8, retries=False)

    def begin(self, policy: dict[str, Any]) -> None:
        entity = {"name": "late", "entity_name": self.model, "entity_version": "champion"}
        capture = {"catalog_name": "dev", "schema_name": "rolled", "table_name_prefix": self.name}
        config = {"served_entities": [entity], "auto_capture_config": capture}
        self.client.post("/api/2.0/serving-endpoints", {"name": self.name, "config": config})
        self.put(policy)
        self.wait_until(lambda: self.ask(0.0)[0] == 200)

    def put(self, policy: dict[str, Any]) -> None:
        self.client.put(f"/api/boathouse/v1/endpoints/{self.name}/policy", policy)

    def add_version(self, plus: float, *, alias: str | None = None) -> int:
        """A version that adds ``plus`` to ``x``."""
        import mlflow
        import numpy as np
        import pandas as pd
        from sklearn.linear_model import LinearRegression

        inputs = pd.DataFrame({"x": np.arange(4.0)})
        made = LinearRegression().fit(inputs, inputs["x"] + plus)
        signature = mlflow.models.infer_signature(inputs, made.predict(inputs))
        return self._logged(
            lambda: mlflow.sklearn.log_model(
                made, name="model", signature=signature, input_example=inputs.head(1), pip_requirements=[],
                registered_model_name=self.model, serialization_format="skops",
            ),
            alias,
        )  # fmt: skip

    def add_raising(self, *, alias: str | None = None) -> int:
        """A version that fails for every ``x`` above zero."""
        import mlflow
        import pandas as pd

        file = self.folder / "raises.py"
        file.write_text(RAISES)
        inputs = pd.DataFrame({"x": [0.0]})
        return self._logged(
            lambda: mlflow.pyfunc.log_model(
                python_model=str(file), name="model", registered_model_name=self.model, pip_requirements=[],
                signature=mlflow.models.infer_signature(inputs, inputs["x"]), input_example=inputs,
            ),
            alias,
        )  # fmt: skip

    def ask(self, x: float) -> tuple[int, list[float] | None, dict[str, str]]:
        answer = self._http.request(
            "POST",
            f"{self.boathouse.serving_url}/serving-endpoints/{self.name}/invocations",
            json={"dataframe_records": [{"x": x}]},
            headers={"authorization": f"Bearer {self.boathouse.token}"},
            timeout=30,
        )
        found = answer.json().get("predictions") if answer.status == 200 else None
        return answer.status, found, {name.lower(): value for name, value in answer.headers.items()}

    def rollout(self) -> dict[str, Any]:
        """The newest one; empty before the first."""
        found = self.client.get(f"/api/boathouse/v1/endpoints/{self.name}/rollout")["rollouts"]
        return found[0] if found else {}

    def ended(self, state: str) -> dict[str, Any]:
        """The newest rollout, once it has come to this end; asks meanwhile."""
        return self.ask_until(lambda: (found := self.rollout()) and found["state"] == state and found)

    def ask_until(self, fits: Callable[[], Any], x: float = 1.0) -> Any:
        """Go on asking until something is so."""
        return self.wait_until(lambda: self.ask(x) and fits())

    def wait_until(self, fits: Callable[[], Any]) -> Any:
        until = time.monotonic() + PATIENCE_SECONDS
        while not (found := fits()):
            assert time.monotonic() < until, "it did not come about"
            time.sleep(0.02)
        return found

    def _logged(self, log: Callable[[], Any], alias: str | None) -> int:
        import mlflow

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mlflow.set_experiment("rolled")
            with mlflow.start_run():
                version = int(log().registered_model_version)
        if alias is not None:
            mlflow.MlflowClient().set_registered_model_alias(self.model, alias, str(version))
        return version


@pytest.fixture
def served(serving_boathouse: LocalBoathouse, tmp_path: Path) -> Iterator[Served]:
    import mlflow

    before = {key: os.environ.get(key) for key in ("MLFLOW_TRACKING_TOKEN", "MLFLOW_REGISTRY_URI", "SPARK_HOME")}
    os.environ["MLFLOW_TRACKING_TOKEN"] = serving_boathouse.token
    os.environ["SPARK_HOME"] = sys.prefix
    mlflow.set_tracking_uri(serving_boathouse.url)
    mlflow.set_registry_uri(serving_boathouse.url)
    made = Served(serving_boathouse, tmp_path)
    if made.name == "late1":
        made.client.post("/api/2.1/unity-catalog/schemas", {"name": "rolled", "catalog_name": "dev"})
    yield made
    made.client.close()
    mlflow.set_tracking_uri(None)
    mlflow.set_registry_uri(None)
    for key, value in before.items():
        if value is None:
            os.environ.pop(key, None)
        else:
            os.environ[key] = value
