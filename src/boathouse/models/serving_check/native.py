"""A model of scikit-learn or LightGBM, loaded by its own library: half the work, since MLflow is slow to start.

Part of the script in ``child.py``, and needs as little of the model's environment. It knows what MLflow writes of these
two and nothing else; of any other model it says that MLflow has to be asked.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple


class NotNative(Exception):
    """Only MLflow knows how this model is loaded."""


class Native(NamedTuple):
    """What a light check needs of a model."""

    predict: Any
    rows: Any
    """Its input example."""
    has_signature: bool


def native(folder: Path) -> Native:
    """The model in a folder, with its own example.

    Raises:
        NotNative: It is of another flavour, brings code of its own, or no example of rows and columns.
    """
    import yaml

    described: dict[str, Any] = yaml.safe_load((folder / "MLmodel").read_text(encoding="utf-8"))
    flavours = described["flavors"]
    pyfunc = flavours.get("python_function", {})
    load = _LOADERS.get(pyfunc.get("loader_module"))
    if load is None or pyfunc.get("code"):
        raise NotNative
    rows = _example(folder, described.get("saved_input_example_info") or {})
    model = load(folder, flavours)
    return Native(getattr(model, pyfunc.get("predict_fn", "predict")), rows, described.get("signature") is not None)


def _example(folder: Path, information: dict[str, Any]) -> Any:
    if information.get("type") != "dataframe" or information.get("pandas_orient") != "split":
        raise NotNative
    import pandas

    written = json.loads((folder / information["artifact_path"]).read_text(encoding="utf-8"))
    return pandas.DataFrame(written["data"], columns=written["columns"])


def _of_sklearn(folder: Path, flavours: dict[str, Any]) -> Any:
    flavour = flavours["sklearn"]
    return _stored(folder / flavour["pickled_model"], flavour, otherwise="pickle")


def _of_lightgbm(folder: Path, flavours: dict[str, Any]) -> Any:
    flavour = flavours["lightgbm"]
    if flavour.get("model_class", "lightgbm.basic.Booster") != "lightgbm.basic.Booster":
        return _stored(folder / flavour["data"], flavour, otherwise="cloudpickle")
    import lightgbm

    return lightgbm.Booster(model_file=str(folder / flavour["data"]))


def _stored(file: Path, flavour: dict[str, Any], *, otherwise: str) -> Any:
    """An object as MLflow stores it.

    Args:
        otherwise: The format where none is written down.
    """
    kind = flavour.get("serialization_format", otherwise)
    if kind == "skops":
        import skops.io

        return skops.io.load(file, trusted=flavour.get("skops_trusted_types"))
    if kind not in ("pickle", "cloudpickle"):
        raise NotNative
    import pickle

    with file.open("rb") as opened:
        return pickle.load(opened)


_LOADERS = {"mlflow.sklearn": _of_sklearn, "mlflow.lightgbm": _of_lightgbm}
