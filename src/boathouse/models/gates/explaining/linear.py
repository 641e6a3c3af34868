"""A linear model is explained exactly: ``coefficient * (value - mean value)``, for inputs taken as independent
(Štrumbelj and Kononenko, Knowledge and Information Systems 41, 2014)."""

from typing import Any

import numpy as np

from boathouse.models.gates.explaining.explained import Explained
from boathouse.models.gates.explaining.trees import as_numbers


def is_linear(model: Any) -> bool:
    """Whether answers before any link are ``rows @ coefficients + intercept``: linear models of scikit-learn."""
    if not type(model).__module__.startswith("sklearn."):
        return False
    return hasattr(model, "coef_") and hasattr(model, "intercept_") and not hasattr(model, "support_vectors_")


def explain_linear(model: Any, rows: Any, names: tuple[str, ...] | None = None) -> Explained:
    """Explain the rows beside their own mean."""
    values = as_numbers(rows)
    coefficients = np.atleast_2d(np.asarray(model.coef_, dtype=np.float64))
    intercept = np.atleast_1d(np.asarray(model.intercept_, dtype=np.float64))
    raw = values @ coefficients.T + intercept
    middle = values.mean(axis=0)
    found = (values - middle)[:, :, None] * coefficients.T[None]
    base = middle @ coefficients.T + intercept
    shown = names or names_of(rows, model, values.shape[1])
    return Explained(shown, found, base, raw, values, "exact for a linear model")


def names_of(rows: Any, model: Any, count: int) -> tuple[str, ...]:
    for found in (getattr(rows, "columns", None), getattr(model, "feature_names_in_", None)):
        if found is not None and len(found) == count:
            return tuple(map(str, found))
    return tuple(f"input {number + 1}" for number in range(count))
