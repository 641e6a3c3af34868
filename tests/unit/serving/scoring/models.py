"""Small models of each flavour, saved by MLflow as people save them."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

NAMES = ["delay", "ratio", "seats", "gates", "winter"]
KINDS = ["double", "float", "long", "integer", "boolean"]
_DTYPES = [np.float64, np.float32, np.int64, np.int32, np.bool_]


def mixed_frame(rows: int = 400) -> pd.DataFrame:
    """One column of each numeric type."""
    chance = np.random.default_rng(3)
    values = [
        chance.normal(size=rows) * 10,
        chance.random(rows).astype(np.float32),
        chance.integers(0, 300, rows),
        chance.integers(0, 20, rows).astype(np.int32),
        chance.random(rows) < 0.5,
    ]
    return pd.DataFrame(dict(zip(NAMES, values, strict=True)))


def doubles_frame(rows: int = 400, columns: int = 5) -> pd.DataFrame:
    chance = np.random.default_rng(4)
    return pd.DataFrame({f"f{number}": chance.normal(size=rows) for number in range(columns)})


def label(frame: pd.DataFrame) -> np.ndarray[Any, Any]:
    values = frame.to_numpy(dtype=np.float64)
    return (values[:, 0] + values[:, 1] > np.median(values[:, 0] + values[:, 1])).astype(np.int64)


def signature_for(frame: pd.DataFrame, optional: tuple[str, ...] = (), **more: Any) -> Any:
    """As MLflow infers it, without its warning of whole numbers."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    kinds = {
        "float64": DataType.double,
        "float32": DataType.float,
        "int64": DataType.long,
        "int32": DataType.integer,
        "bool": DataType.boolean,
        "str": DataType.string,
        "object": DataType.string,
        "datetime64[ns]": DataType.datetime,
        "datetime64[us]": DataType.datetime,
    }
    columns = [ColSpec(kinds[str(frame[name].dtype)], name, name not in optional) for name in frame.columns]
    return ModelSignature(Schema(columns), **more)


def save(folder: Path, flavor: Any, model: Any, example: Any = None, **more: Any) -> Path:
    """Save a model; it asks for no packages, so that any environment does."""
    argument = {"mlflow.lightgbm": "lgb_model", "mlflow.xgboost": "xgb_model", "mlflow.sklearn": "sk_model",
                "mlflow.onnx": "onnx_model", "mlflow.pyfunc": "python_model"}[flavor.__name__]  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, over pandas and over models without type hints
        flavor.save_model(
            path=str(folder), **{argument: model}, input_example=example, pip_requirements=["mlflow"], **more
        )
    return folder


def texts_pipeline() -> tuple[Any, pd.DataFrame]:
    """A pipeline over texts and numbers, some of them missing, and what it was trained on."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    chance = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "carrier": chance.choice(["UA", "DL", "AA"], 300),
            "delay": chance.normal(size=300) * 10,
            "tail": chance.choice(["N1", "N2"], 300),
        }
    )
    columns = ColumnTransformer(
        [
            ("texts", OneHotEncoder(handle_unknown="ignore"), ["carrier", "tail"]),
            ("numbers", SimpleImputer(), ["delay"]),
        ]
    )
    pipeline = make_pipeline(columns, LogisticRegression())
    pipeline.fit(frame, (frame["delay"] > 0).astype(int))
    return pipeline, frame
