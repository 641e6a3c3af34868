"""The one way from feature columns to numbers, shared by training and by the model that answers."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from flights.columns import CATEGORIES, NUMBERS

Vocabulary = dict[str, list[str]]
"""The known values of each category; a value's position is its code."""


def encode(frame: Any, vocabulary: Vocabulary) -> np.ndarray:
    """A matrix with a column per feature; a value that training has not seen is missing, as is a null."""
    columns = [_codes(frame[name], vocabulary[name]) for name in CATEGORIES]
    columns += [np.asarray(frame[name], dtype=np.float64) for name in NUMBERS]
    return np.column_stack(columns)


def _codes(values: Sequence[Any], known: list[str]) -> np.ndarray:
    code = {value: float(position) for position, value in enumerate(known)}
    return np.fromiter((code.get(value, np.nan) for value in values), dtype=np.float64, count=len(values))
