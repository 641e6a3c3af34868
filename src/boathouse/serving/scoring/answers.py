"""What a model has predicted, as the JSON value of ``predictions``: the same value that MLflow's server gives.

One thing differs: what is no number is ``null``, since JSON has no NaN and no infinity.
"""

import base64
from datetime import date, time
from typing import Any, cast

import numpy as np
import orjson

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def as_json(predictions: Any) -> bytes:
    """The JSON value of predictions: arrays as nested lists, frames as records."""
    if type(predictions) is np.ndarray:
        return _of_array(predictions)
    if type(predictions) is bytes:
        return predictions
    if type(predictions) is dict:
        predictions = {name: _widened(value) for name, value in cast("dict[Any, Any]", predictions).items()}
    return orjson.dumps(_plain(predictions), default=_other, option=_OPTIONS)


def as_numbers(predictions: Any) -> "np.ndarray[Any, Any] | None":
    """Predictions as one array of numbers, one entry per row; None when they are something else.

    Args:
        predictions: Of a model in this process, or the JSON value that one in another process has given.
    """
    if isinstance(predictions, bytes):
        predictions = orjson.loads(predictions)
    if isinstance(predictions, list):
        try:
            predictions = np.array(predictions, dtype=np.float64)
        except (TypeError, ValueError):
            return None
    if isinstance(predictions, np.ndarray) and predictions.dtype.kind in "fiub" and predictions.ndim >= 1:
        return predictions
    return None


def _of_array(array: Any) -> bytes:
    kind = array.dtype.kind
    if kind == "f" and array.dtype.itemsize != 8:
        array = array.astype(np.float64)  # else a float32 stands there with the digits that float32 needs
    elif kind not in "fiub":
        return orjson.dumps(array.tolist(), default=_other, option=_OPTIONS)
    if not array.flags.c_contiguous:
        array = np.ascontiguousarray(array)
    return orjson.dumps(array, option=orjson.OPT_SERIALIZE_NUMPY)


def _widened(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def _plain(value: Any) -> Any:
    """Frames and what holds them, as MLflow lays them out."""
    if hasattr(value, "to_frame") and hasattr(value, "iloc"):
        value = value.to_frame()
    if hasattr(value, "to_dict") and hasattr(value, "iloc"):
        return value.to_dict(orient="records")
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value


def _other(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, (bytes, bytearray)):
        return base64.encodebytes(value).decode("ascii")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if hasattr(value, "model_dump"):
        return value.model_dump()
    return _plain_or_raise(value)


def _plain_or_raise(value: Any) -> Any:
    plain = _plain(value)
    if plain is value:
        raise TypeError(f"{type(value).__name__} has no form in JSON")
    return plain
