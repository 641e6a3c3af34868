"""A small model in a folder, as MLflow lays it out."""

import warnings
from pathlib import Path
from typing import Any


def save_linear_model(folder: Path) -> Path:
    """LightGBM, columns a and b; gives about 2 * a + b."""
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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own
        signature = mlflow.models.infer_signature(inputs, booster.predict(inputs))
        mlflow.lightgbm.save_model(booster, folder, signature=signature, input_example=inputs.head(3))
    return folder
