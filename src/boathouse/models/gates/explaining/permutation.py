"""Any other model is explained from the outside, by asking it of mixed rows: the package ``shap`` does that."""

import importlib
import importlib.util
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from boathouse.models.gates.explaining.explained import Array, Explained, NotExplained

Ask = Callable[[pl.DataFrame], Array]


def explain_by_permutation(
    ask: Ask, rows: pl.DataFrame, background: pl.DataFrame, *, seed: int = 0, rounds: int = 10
) -> Explained:
    """Explain the rows beside a background.

    Raises:
        NotExplained: The package is not installed.
    """
    if importlib.util.find_spec("shap") is None:
        raise NotExplained(
            "this kind of model does not explain itself, and the package shap is not installed: "
            "pip install 'boathouse[explain]', and name shap in models.<model>.deployment.environment"
        )
    codes = _Codes(pl.concat([background, rows]))
    coded, behind = codes.encoded(rows), codes.encoded(background)

    def asked(values: Array) -> Array:
        return _columns(ask(codes.decoded(values)))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shap: Any = importlib.import_module("shap")

        width = len(rows.columns)
        masker: Any = shap.maskers.Independent(behind, max_samples=len(behind))
        explainer: Any = shap.PermutationExplainer(asked, masker, seed=seed)
        found: Any = explainer(coded, max_evals=rounds * (2 * width + 1), silent=True)
    values = np.asarray(found.values, dtype=np.float64)
    values = values[:, :, None] if values.ndim == 2 else values
    base = np.asarray(found.base_values, dtype=np.float64)
    base = base[:, None] if base.ndim == 1 else base
    unit = "answer of the model"
    return Explained(tuple(rows.columns), values, base, asked(coded), coded, "permutation (shap)", unit)


class _Codes:
    """Rows as numbers and back: what is no number is known by its place among the values that occur."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._schema = frame.schema
        self._values = {
            name: frame[name].unique(maintain_order=True)
            for name, kind in frame.schema.items()
            if not kind.is_numeric()
        }

    def encoded(self, frame: pl.DataFrame) -> Array:
        return np.column_stack([self._encoded(frame[name]) for name in self._schema])

    def decoded(self, values: Array) -> pl.DataFrame:
        return pl.DataFrame([self._decoded(name, values[:, at]) for at, name in enumerate(self._schema)])

    def _encoded(self, column: pl.Series) -> Array:
        if column.name not in self._values:
            return column.cast(pl.Float64).fill_null(np.nan).to_numpy()
        known = pl.DataFrame({"value": self._values[column.name]}).with_row_index("code")
        found = pl.DataFrame({"value": column}).join(
            known, on="value", how="left", nulls_equal=True, maintain_order="left"
        )
        return found["code"].cast(pl.Float64).to_numpy()

    def _decoded(self, name: str, values: Array) -> pl.Series:
        if name in self._values:
            return self._values[name].gather(values.astype(np.int64)).alias(name)
        kind = self._schema[name]
        return pl.Series(name, values).fill_nan(None).cast(kind, strict=False)


def _columns(values: Array) -> Array:
    return values[:, None] if values.ndim == 1 else values
