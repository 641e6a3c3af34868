"""What tests of serving share: a Boathouse that answers predictions, and models for data planes without any."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from boathouse.testing import LocalBoathouse, running_boathouse


@pytest.fixture(scope="session")
def serving_boathouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBoathouse]:
    """A running Boathouse with a data plane of one worker; use names of your own in it."""
    folder = Path(tmp_path_factory.mktemp("serving"))
    with running_boathouse(folder, variables={"BOATHOUSE_SERVING_WORKERS": "1"}) as server:
        yield server


@pytest.fixture(scope="session")
def linear_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model that gives about 2 * a + b, as MLflow lays it out: LightGBM, columns a and b."""
    import lightgbm
    import mlflow
    import numpy as np
    import pandas as pd

    inputs = pd.DataFrame(np.random.default_rng(7).uniform(0, 1, (400, 2)), columns=["a", "b"])
    booster: Any = lightgbm.train(
        {"objective": "regression", "num_leaves": 15, "verbose": -1, "num_threads": 1},
        lightgbm.Dataset(inputs, 2 * inputs["a"] + inputs["b"]),
        20,
    )
    folder = Path(tmp_path_factory.mktemp("models")) / "linear"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own
        signature = mlflow.models.infer_signature(inputs, booster.predict(inputs))
        mlflow.lightgbm.save_model(booster, folder, signature=signature, input_example=inputs.head(3))
    return folder
