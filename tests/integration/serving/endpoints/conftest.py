"""One real Boathouse with a data plane, small models in it, and the Databricks SDK in front."""

import itertools
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import mlflow
import numpy as np
import pytest
from databricks.sdk import WorkspaceClient
from mlflow.models import infer_signature
from sklearn.linear_model import LinearRegression

from boathouse.foundation.rest import RestClient
from boathouse.testing.local import LocalBoathouse

_numbers = itertools.count(1)
PATIENCE_SECONDS = 60.0


@pytest.fixture(scope="session")
def boathouse(serving_boathouse: LocalBoathouse) -> LocalBoathouse:
    return serving_boathouse


@pytest.fixture(scope="session")
def workspace(boathouse: LocalBoathouse) -> WorkspaceClient:
    return WorkspaceClient(host=boathouse.url, token=boathouse.token)


@pytest.fixture
def client(boathouse: LocalBoathouse) -> Iterator[RestClient]:
    found = boathouse.client()
    yield found
    found.close()


@pytest.fixture
def name() -> str:
    return f"e{next(_numbers)}-{os.getpid()}"


@pytest.fixture(scope="session")
def schema(boathouse: LocalBoathouse) -> str:
    boathouse.client().post("/api/2.1/unity-catalog/schemas", {"name": "served", "catalog_name": "dev"})
    return "dev.served"


@pytest.fixture
def add_version(boathouse: LocalBoathouse, schema: str) -> Iterator[Callable[..., int]]:
    """Registers a version of a model that adds ``plus`` to its input ``x``; gives its number."""
    before = {key: os.environ.get(key) for key in ("MLFLOW_TRACKING_TOKEN", "MLFLOW_REGISTRY_URI", "SPARK_HOME")}
    os.environ["MLFLOW_TRACKING_TOKEN"] = boathouse.token
    os.environ["SPARK_HOME"] = sys.prefix
    mlflow.set_tracking_uri(boathouse.url)
    mlflow.set_registry_uri(boathouse.url)

    def add(model: str, plus: float = 1.0, *, alias: str | None = None) -> int:
        import pandas as pd

        inputs = pd.DataFrame({"x": np.arange(4.0)})
        made = LinearRegression().fit(inputs, inputs["x"] + plus)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mlflow.set_experiment("endpoints")
            with mlflow.start_run():
                info: Any = mlflow.sklearn.log_model(
                    made,
                    name="model",
                    signature=infer_signature(inputs, made.predict(inputs)),
                    input_example=inputs.head(1),
                    registered_model_name=model,
                    serialization_format="skops",
                    pip_requirements=[],
                )
        version = int(info.registered_model_version)
        if alias is not None:
            mlflow.MlflowClient().set_registered_model_alias(model, alias, str(version))
        return version

    yield add
    mlflow.set_tracking_uri(None)
    mlflow.set_registry_uri(None)
    for key, value in before.items():
        if value is None:
            os.environ.pop(key, None)
        else:
            os.environ[key] = value


@pytest.fixture
def wait_until() -> Callable[[Callable[[], Any]], Any]:
    """Gives what a question answers once that is true; fails when it never is."""

    def wait(fits: Callable[[], Any]) -> Any:
        until = time.monotonic() + PATIENCE_SECONDS
        while not (found := fits()):
            assert time.monotonic() < until, "it did not come about"
            time.sleep(0.05)
        return found

    return wait
