"""Boosted trees explain themselves: LightGBM, XGBoost and CatBoost give Shapley values (Lundberg et al., Nature Machine
Intelligence 2, 2020) in one call."""

from typing import Any

import numpy as np

from boathouse.models.gates.explaining.explained import Array, Explained


def is_boosted(model: Any) -> bool:
    return _kind(model) is not None


def explain_trees(model: Any, rows: Any) -> Explained:
    """Explain the rows, which are as the model's own ``predict`` takes them."""
    match _kind(model):
        case "lightgbm":
            return _lightgbm(model, rows)
        case "xgboost":
            return _xgboost(model, rows)
        case _:
            return _catboost(model, rows)


def _kind(model: Any) -> str | None:
    room = type(model).__module__.partition(".")[0]
    if room == "lightgbm" and (hasattr(model, "booster_") or type(model).__name__ == "Booster"):
        return "lightgbm"
    if room == "xgboost" and (hasattr(model, "get_booster") or type(model).__name__ == "Booster"):
        return "xgboost"
    return "catboost" if room == "catboost" and hasattr(model, "get_feature_importance") else None


def _lightgbm(model: Any, rows: Any) -> Explained:
    booster = model if type(model).__name__ == "Booster" else model.booster_
    names = tuple(map(str, booster.feature_name()))
    raw = _columns(booster.predict(rows, raw_score=True))
    found = np.asarray(booster.predict(rows, pred_contrib=True))
    found = found.reshape(len(raw), raw.shape[1], len(names) + 1).transpose(0, 2, 1)
    return Explained(names, found[:, :-1], found[:, -1], raw, as_numbers(rows), "native of LightGBM")


def _xgboost(model: Any, rows: Any) -> Explained:
    import xgboost  # pyright: ignore[reportMissingImports]

    booster = model.get_booster() if hasattr(model, "get_booster") else model
    data: Any = rows if isinstance(rows, xgboost.DMatrix) else xgboost.DMatrix(rows, enable_categorical=True)
    raw = _columns(booster.predict(data, output_margin=True))
    found = np.asarray(booster.predict(data, pred_contribs=True))
    found = found.reshape(len(raw), raw.shape[1], -1).transpose(0, 2, 1)
    names = tuple(booster.feature_names or [f"input {number + 1}" for number in range(found.shape[1] - 1)])
    inputs = np.full((len(raw), len(names)), np.nan) if data is rows else as_numbers(rows)
    return Explained(names, found[:, :-1], found[:, -1], raw, inputs, "native of XGBoost")


def _catboost(model: Any, rows: Any) -> Explained:
    from catboost import Pool  # pyright: ignore[reportMissingImports]

    pool: Any = Pool(rows, cat_features=model.get_cat_feature_indices())
    raw = _columns(model.predict(pool, prediction_type="RawFormulaVal"))
    found = np.asarray(model.get_feature_importance(pool, type="ShapValues"))
    found = (found if found.ndim == 3 else found[:, None, :]).transpose(0, 2, 1)
    names = tuple(map(str, model.feature_names_))
    return Explained(names, found[:, :-1], found[:, -1], raw, as_numbers(rows), "native of CatBoost")


def as_numbers(rows: Any) -> Array:
    """Rows as numbers; NaN where a value is none."""
    import pandas as pd

    if isinstance(rows, pd.DataFrame):
        return np.column_stack([_numbers(rows[name]) for name in rows.columns])
    values = rows.toarray() if hasattr(rows, "toarray") else np.asarray(rows)
    return values.astype(np.float64)


def _numbers(column: Any) -> Array:
    import pandas as pd

    is_coded = isinstance(column.dtype, pd.CategoricalDtype)
    coded: Any = column.cat.codes if is_coded else pd.to_numeric(column, errors="coerce")
    return coded.to_numpy(dtype=np.float64, na_value=np.nan)


def _columns(values: Any) -> Array:
    array = np.asarray(values, dtype=np.float64)
    return array[:, None] if array.ndim == 1 else array
