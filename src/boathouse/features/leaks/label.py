"""The label, as numbers that association is measured against."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import polars as pl

MOST_CLASSES = 20
"""A whole number with more distinct values than this is a number; of more classes, the rarest are one."""
LEAST_ROWS = 20
LEAST_PER_CLASS = 5
"""With fewer rows than this, chance alone looks like a leak."""


class LabelKind(StrEnum):
    TWO_CLASSES = "two classes"
    CLASSES = "classes"
    NUMBER = "a number"


@dataclass(frozen=True, slots=True)
class Label:
    """The labels of the rows that have one."""

    name: str
    kind: LabelKind
    values: np.ndarray
    """0 and 1 for two classes, the number of the class for classes, the rank between 0 and 1 for a number (so that few
    huge values do not decide alone)."""
    rows: np.ndarray
    """Which rows of the frame these are."""

    @property
    def class_count(self) -> int:
        return 0 if self.kind is LabelKind.NUMBER else int(self.values.max()) + 1

    def among(self, rows: np.ndarray) -> "Label":
        """The labels at some positions of ``values``."""
        return Label(self.name, self.kind, self.values[rows], self.rows[rows])


def read_label(frame: pl.DataFrame, name: str) -> Label | str:
    """The label of a frame, or why nothing can be measured against it."""
    column = frame[name]
    present = column.is_not_null()
    if column.dtype.is_float():
        present &= column.is_not_nan().fill_null(value=False)
    rows = np.flatnonzero(present.to_numpy())
    column = column.filter(present)
    if len(column) < LEAST_ROWS:
        return f"There are {len(column)} labels; {LEAST_ROWS} are needed."
    if column.dtype.is_nested() or column.dtype == pl.Binary or column.dtype == pl.Object:
        return f"The label is of type {column.dtype}."
    different = column.n_unique()
    if different < 2:
        return "All labels are alike."
    if different == 2 or column.dtype == pl.Boolean:
        values = (column.rank("dense").to_numpy() - 1).astype(np.int64)
        kind = LabelKind.TWO_CLASSES
    elif not (column.dtype.is_numeric() or column.dtype.is_temporal()) or (
        column.dtype.is_integer() and different <= MOST_CLASSES
    ):
        values = _classes(column)
        kind = LabelKind.CLASSES
    else:
        ranks = column.rank("average").to_numpy()
        return Label(name, LabelKind.NUMBER, (ranks - 0.5) / len(ranks), rows)
    counts = np.bincount(values)
    if np.sort(counts)[-2] < LEAST_PER_CLASS:
        return f"Only {int(np.sort(counts)[-2])} rows have another label than the rest; {LEAST_PER_CLASS} are needed."
    return Label(name, kind, values, rows)


def _classes(column: pl.Series) -> np.ndarray:
    """The number of each row's class, the most frequent first, the rarest together."""
    counts = column.value_counts(sort=True)
    numbers = counts.with_columns(pl.int_range(pl.len()).clip(upper_bound=MOST_CLASSES - 1).alias("class_number"))
    joined = column.to_frame().join(numbers, on=column.name, how="left", maintain_order="left")
    return joined["class_number"].to_numpy().astype(np.int64)
