"""Columns as the checks see them: numbers, categories, instants, and what is not looked into."""

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
import polars as pl


class Kind(StrEnum):
    """What a column's values can be compared by."""

    NUMBER = "number"
    CATEGORY = "category"
    """Texts, truth values, enumerations."""
    TIME = "time"
    OTHER = "other"
    """Lists, structs, bytes: not looked into."""


def kind_of(dtype: pl.DataType) -> Kind:
    if dtype.is_numeric():
        return Kind.NUMBER
    if dtype.is_temporal():
        return Kind.TIME
    if isinstance(dtype, pl.String | pl.Boolean | pl.Categorical | pl.Enum):
        return Kind.CATEGORY
    return Kind.OTHER


def numbers(column: pl.Series) -> np.ndarray:
    """The numbers of a column, in their order: without nulls, NaN and infinity."""
    values = column.cast(pl.Float64, strict=False).drop_nulls().to_numpy()
    is_finite = np.isfinite(values)
    return values if is_finite.all() else values[is_finite]


def present(frame: pl.DataFrame, columns: Sequence[str] | None) -> list[str]:
    """The wanted columns that are there; all of them by default."""
    return list(frame.columns) if columns is None else [name for name in columns if name in frame.columns]


def sampled(frame: pl.DataFrame, most: int, seed: int) -> pl.DataFrame:
    """At most so many rows, chosen at random."""
    return frame if frame.height <= most else frame.sample(most, seed=seed)
