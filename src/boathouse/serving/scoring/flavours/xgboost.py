"""XGBoost: a booster, or what scikit-learn's interface has made of one."""

from collections.abc import Mapping
from typing import Any

from boathouse.serving.scoring.flavours.native import Native, NotNative
from boathouse.serving.scoring.mlmodel import ModelFolder

_BOOSTER = "xgboost.core.Booster"
_CLASSES = {
    _BOOSTER,
    "xgboost.sklearn.XGBClassifier",
    "xgboost.sklearn.XGBRegressor",
    "xgboost.sklearn.XGBRanker",
    "xgboost.sklearn.XGBRFClassifier",
    "xgboost.sklearn.XGBRFRegressor",
}
_FORMATS = ("ubj", "json")


def check(folder: ModelFolder) -> None:
    """
    Raises:
        NotNative: It is of a class, or in a file, that is not loaded here.
    """
    conf = folder.flavors.get("xgboost", {})
    name, written = _class_of(folder), str(conf.get("model_format", "an unknown format"))
    if name not in _CLASSES or written not in _FORMATS:
        raise NotNative(f"{name} in a file of {written} is not loaded here")


def load(folder: ModelFolder) -> Native:
    """The model as a function over a matrix.

    Raises:
        NotNative: It was trained on categories, or on other columns than its signature names.
    """
    import xgboost

    conf = folder.flavors.get("xgboost", {})
    name = _class_of(folder)
    model: Any = getattr(xgboost, name.rpartition(".")[2])()
    model.load_model(str(folder.path / str(conf["data"])))
    booster: Any = model if name == _BOOSTER else model.get_booster()
    _check_names(booster, folder)
    booster.set_param({"nthread": 1})
    if booster is model:
        return Native(_of_booster(booster))
    model.set_params(n_jobs=1)

    def asked(matrix: Any, params: Mapping[str, Any] | None) -> Any:
        return model.predict(matrix, validate_features=False)

    return Native(asked)


def _class_of(folder: ModelFolder) -> str:
    return str(folder.flavors.get("xgboost", {}).get("model_class", _BOOSTER))


def _of_booster(booster: Any) -> Any:
    width: int = booster.num_features()

    def asked(matrix: Any, params: Mapping[str, Any] | None) -> Any:
        if matrix.shape[1] != width:
            raise ValueError(f"the model was trained on {width} columns; its signature has {matrix.shape[1]}")
        return booster.inplace_predict(matrix, validate_features=False)

    return asked


def _check_names(booster: Any, folder: ModelFolder) -> None:
    """XGBoost compares names when it is given a frame; an array has none, so they are compared once, here."""
    if "c" in (booster.feature_types or ()):
        raise NotNative("the model was trained on columns of categories, which only a frame can carry")
    names = booster.feature_names
    signature = folder.signature
    if names and signature is not None and signature.has_names and names != [each.name for each in signature.columns]:
        raise NotNative("the model was trained on other columns, or in another order, than its signature says")
