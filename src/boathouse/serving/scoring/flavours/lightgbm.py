"""LightGBM: a booster, or what scikit-learn's interface has made of one.

Few rows go through the C function for single rows, whose set-up is done once per thread: it costs half of what
``Booster.predict`` does, and the answers are the same bits.
"""

import ctypes
import threading
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np

from boathouse.foundation.errors import InvalidInput
from boathouse.serving.scoring.flavours.native import Native, NotNative
from boathouse.serving.scoring.flavours.skops_files import load_skops
from boathouse.serving.scoring.mlmodel import ModelFolder

_BOOSTER = "lightgbm.basic.Booster"
_ROW_BY_ROW = 4
"""Up to so many rows one by one; more go in at once."""
_FLOAT64 = 1
_ROW_MAJOR = 1
_ONE_THREAD = b"num_threads=1"
_CLASSES = ("lightgbm.sklearn.LGBMClassifier", "lightgbm.sklearn.LGBMRegressor", "lightgbm.sklearn.LGBMRanker")


def check(folder: ModelFolder) -> None:
    """
    Raises:
        NotNative: It is of a class, or in a file, that is not loaded here.
    """
    conf = folder.flavors.get("lightgbm", {})
    name, written = _class_of(folder), str(conf.get("serialization_format", "cloudpickle"))
    if name != _BOOSTER and (name not in _CLASSES or written != "skops"):
        raise NotNative(f"{name} in a file of {written} is not loaded here")


def load(folder: ModelFolder) -> Native:
    """The model as a function over a matrix.

    Raises:
        NotNative: It was trained on categories.
    """
    import lightgbm

    file = folder.path / str(folder.flavors.get("lightgbm", {}).get("data", "model.lgb"))
    name = _class_of(folder)
    if name == _BOOSTER:
        return _native(lightgbm.Booster(model_file=str(file)))
    wrapper: Any = load_skops(file)
    return _native(wrapper.booster_, _labels(wrapper) if name.endswith("LGBMClassifier") else None)


def _class_of(folder: ModelFolder) -> str:
    return str(folder.flavors.get("lightgbm", {}).get("model_class", _BOOSTER))


def _native(booster: Any, labels: "Callable[[Any], Any] | None" = None) -> Native:
    if getattr(booster, "pandas_categorical", None):
        raise NotNative("the model was trained on columns of categories, which only a frame can carry")
    predict = BoosterPredict(booster)
    width: int = booster.num_feature()

    def asked(matrix: Any, params: Mapping[str, Any] | None) -> Any:
        if matrix.shape[1] != width:
            raise InvalidInput(f"The model was trained on {width} columns; its signature has {matrix.shape[1]}.")
        scores = predict(matrix)
        return scores if labels is None else labels(scores)

    return Native(asked, takes_nulls=True)


def _labels(classifier: Any) -> Callable[[Any], Any]:
    """What ``LGBMClassifier.predict`` makes of probabilities."""
    classes: Any = np.asarray(classifier.classes_)

    def named(scores: Any) -> Any:
        if scores.ndim == 1:
            return classes[(scores > 1.0 - scores).astype(np.intp)]
        return classes[np.argmax(scores, axis=1)]

    return named


class BoosterPredict:
    """``Booster.predict`` with one thread, for a matrix of 64-bit floating numbers. For many threads."""

    def __init__(self, booster: Any) -> None:
        self._booster = booster
        self._iterations = booster.best_iteration if booster.best_iteration > 0 else -1
        self._outputs: int = booster.num_model_per_iteration()
        self._width: int = booster.num_feature()
        self._local = threading.local()
        self._library = _library()

    def __call__(self, matrix: Any) -> Any:
        rows = len(matrix)
        if rows > _ROW_BY_ROW or self._library is None or not matrix.flags.c_contiguous:
            return self._booster.predict(matrix, num_threads=1)
        ready = getattr(self._local, "ready", None)
        if ready is None:
            ready = self._local.ready = _FastRow(self._library, self._booster, self._width, self._iterations)
        scores = np.empty((rows, self._outputs))
        source, target = matrix.ctypes.data, scores.ctypes.data
        for _ in range(rows):
            ready.predict(source, target)
            source += self._width * 8
            target += self._outputs * 8
        return scores if self._outputs > 1 else scores[:, 0]


class _FastRow:
    """LightGBM's set-up for single rows. For one thread."""

    def __init__(self, library: Any, booster: Any, width: int, iterations: int) -> None:
        self._library = library
        self._booster = booster  # lives as long as what was made of it
        self._handle = ctypes.c_void_p()
        self._length = ctypes.c_int64()
        self._length_at = ctypes.byref(self._length)
        status = library.LGBM_BoosterPredictForMatSingleRowFastInit(
            booster._handle,
            ctypes.c_int(0),
            ctypes.c_int(0),
            ctypes.c_int(iterations),
            ctypes.c_int(_FLOAT64),
            ctypes.c_int32(width),
            ctypes.c_char_p(_ONE_THREAD),
            ctypes.byref(self._handle),
        )
        self._check(status)
        self._predict = library.LGBM_BoosterPredictForMatSingleRowFast

    def predict(self, source: int, target: int) -> None:
        """One row at an address to another address."""
        status = self._predict(self._handle, ctypes.c_void_p(source), self._length_at, ctypes.c_void_p(target))
        if status:
            self._check(status)

    def _check(self, status: int) -> None:
        if status:
            self._library.LGBM_GetLastError.restype = ctypes.c_char_p
            raise RuntimeError(f"LightGBM: {cast('bytes', self._library.LGBM_GetLastError()).decode()}")

    def __del__(self) -> None:
        if self._handle:
            self._library.LGBM_FastConfigFree(self._handle)


def _library() -> Any:
    """LightGBM's C library, where it has the functions for single rows; else None."""
    from lightgbm import basic

    library = getattr(basic, "_LIB", None)
    return library if hasattr(library, "LGBM_BoosterPredictForMatSingleRowFastInit") else None
