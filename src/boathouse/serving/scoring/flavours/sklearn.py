"""scikit-learn: models made of the library's own classes, from skops' files.

A pickle runs whatever stands in it, so it is opened in a process of its own only.
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np

from boathouse.serving.scoring.flavours.native import Form, Native, NotNative
from boathouse.serving.scoring.flavours.skops_files import load_skops
from boathouse.serving.scoring.matrices import fits_matrix
from boathouse.serving.scoring.mlmodel import ModelFolder
from boathouse.serving.scoring.signature import Column, Kind

_BY_NAME = ("ColumnTransformer", "TargetEncoder", "OrdinalEncoder", "OneHotEncoder")
"""These look at the names and types of columns, not only at values."""
_DTYPES = {
    Kind.BOOLEAN: "bool",
    Kind.INTEGER: "int32",
    Kind.LONG: "int64",
    Kind.FLOAT: "float32",
    Kind.DOUBLE: "float64",
}


def check(folder: ModelFolder) -> None:
    """
    Raises:
        NotNative: It is not in a file of skops.
    """
    written = str(folder.flavors.get("sklearn", {}).get("serialization_format", "pickle"))
    if written != "skops":
        raise NotNative(f"a file of {written} runs what stands in it")


def load(folder: ModelFolder) -> Native:
    """The model as a function over a matrix, or over a frame where it goes by names.

    Raises:
        NotNative: It holds classes of somebody else.
    """
    conf = folder.flavors.get("sklearn", {})
    name = str(folder.flavors.get("python_function", {}).get("model_path") or conf.get("pickled_model", "model.skops"))
    model = load_skops(folder.path / name)
    parts = list(_parts(model))
    _one_thread(parts)
    predict: Any = getattr(model, folder.predict_fn)
    takes_nulls = _takes_nulls(model)
    signature = folder.signature
    if signature is None:
        raise NotNative("it has no signature")
    if not fits_matrix(signature) or any(type(each).__name__ in _BY_NAME for each in parts):
        return Native(lambda frame, params: predict(frame), Form.FRAME, takes_nulls)
    names = getattr(model, "feature_names_in_", None)
    if names is not None and signature.has_names and list(names) != [each.name for each in signature.columns]:
        raise NotNative("the model was trained on other columns, or in another order, than its signature says")
    for each in parts:
        cast("dict[str, Any]", each.__dict__).pop("feature_names_in_", None)  # else it warns that an array has no names
    dtype = _common_dtype(signature.columns)

    def asked(matrix: Any, params: Mapping[str, Any] | None) -> Any:
        if dtype != np.float64 and not (dtype.kind != "f" and np.isnan(matrix).any()):
            matrix = matrix.astype(dtype)  # as the frame would be, which is what the model answers by in MLflow
        return predict(matrix)

    return Native(asked, Form.MATRIX, takes_nulls)


def _parts(model: Any, depth: int = 0) -> Iterator[Any]:
    """The model and the models in it."""
    from sklearn.base import BaseEstimator

    if depth > 20:
        return
    if isinstance(model, BaseEstimator):
        yield model
        for value in list(vars(model).values()):
            yield from _parts(value, depth + 1)
    elif isinstance(model, (list, tuple)):
        for value in cast("list[Any]", model):
            yield from _parts(value, depth + 1)
    elif isinstance(model, dict):
        for value in cast("dict[Any, Any]", model).values():
            yield from _parts(value, depth + 1)
    elif isinstance(model, np.ndarray) and model.dtype == object:
        for value in model.ravel():
            yield from _parts(value, depth + 1)


def _one_thread(parts: list[Any]) -> None:
    """One thread for one request: sixteen requests that each use every core wait for one another."""
    for each in parts:
        if getattr(each, "n_jobs", None) not in (None, 1):
            each.n_jobs = 1
    import threadpoolctl

    threadpoolctl.threadpool_limits(1)


def _takes_nulls(model: Any) -> bool:
    from sklearn.utils import get_tags

    try:
        return bool(get_tags(model).input_tags.allow_nan)
    except (AttributeError, TypeError, ValueError):
        return True  # the model itself decides


def _common_dtype(columns: tuple[Column, ...]) -> "np.dtype[Any]":
    """That of a frame's values as one array."""
    return np.result_type(*(np.dtype(_DTYPES[each.kind]) for each in columns))
