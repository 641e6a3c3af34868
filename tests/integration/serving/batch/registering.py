"""Small models in a Boathouse that runs, for what scores them outside of it."""

import os
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from boathouse.testing import LocalBoathouse


@contextmanager
def mlflow_of(boathouse: LocalBoathouse) -> Generator[None]:
    """MLflow in this process asks this Boathouse."""
    import mlflow

    names = ("MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "SPARK_HOME")
    before = {key: os.environ.get(key) for key in names}
    os.environ["MLFLOW_TRACKING_TOKEN"] = boathouse.token
    os.environ["SPARK_HOME"] = sys.prefix
    mlflow.set_tracking_uri(boathouse.url)
    mlflow.set_registry_uri(boathouse.url)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(None)
        mlflow.set_registry_uri(None)
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


def register_line(boathouse: LocalBoathouse, model: str, plus: float = 1.0, *, alias: str | None = "champion") -> int:
    """A version that says 2 * x and something more."""
    import mlflow
    import numpy as np
    import pandas as pd
    from sklearn.linear_model import LinearRegression

    inputs = pd.DataFrame({"x": np.arange(4.0)})
    made: Any = LinearRegression().fit(inputs, 2 * inputs["x"] + plus)
    with mlflow_of(boathouse), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.set_experiment("lines")
        with mlflow.start_run():
            info: Any = mlflow.sklearn.log_model(
                made, name="model", signature=mlflow.models.infer_signature(inputs, made.predict(inputs)),
                input_example=inputs.head(1), registered_model_name=model, serialization_format="skops",
                pip_requirements=[],
            )  # fmt: skip
        version = int(info.registered_model_version)
        if alias is not None:
            mlflow.MlflowClient().set_registered_model_alias(model, alias, str(version))
    return version
