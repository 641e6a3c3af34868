"""Numbers far outside what the reference holds: Tukey's outer fences (Exploratory Data Analysis, 1977)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from boathouse.quality.columns import Kind, kind_of, numbers, present

FENCE = 3.0
"""Interquartile ranges below the first quartile and above the third: values there are far out."""
MINIMUM_ROWS = 50


@dataclass(frozen=True, slots=True)
class Outliers:
    """Of one column of numbers, what lies outside the fences of the reference."""

    column: str
    rows: int
    low: float | None = None
    high: float | None = None
    share: float | None = None
    """None: nothing was measured, and ``problem`` says why."""
    reference_share: float | None = None
    problem: str | None = None

    @property
    def increase(self) -> float | None:
        if self.share is None or self.reference_share is None:
            return None
        return self.share - self.reference_share


def outliers(
    frame: pl.DataFrame,
    reference: pl.DataFrame,
    columns: Sequence[str] | None = None,
    *,
    fence: float = FENCE,
    minimum_rows: int = MINIMUM_ROWS,
) -> list[Outliers]:
    """The outliers of each column of numbers that both have."""
    names = [name for name in present(frame, columns) if name in reference.columns]
    both = [n for n in names if kind_of(frame.schema[n]) is kind_of(reference.schema[n]) is Kind.NUMBER]
    return [_of(name, numbers(frame[name]), numbers(reference[name]), fence, minimum_rows) for name in both]


def _of(name: str, values: np.ndarray, reference: np.ndarray, fence: float, minimum_rows: int) -> Outliers:
    rows = len(values)
    if min(rows, len(reference)) < minimum_rows:
        fewest = min(rows, len(reference))
        return Outliers(name, rows, problem=f"{fewest} rows are too few; at least {minimum_rows} are needed")
    first, third = np.quantile(reference, [0.25, 0.75])
    if first == third:
        return Outliers(name, rows, problem="half of the reference is one value, so there is no range to be outside of")
    low, high = float(first - fence * (third - first)), float(third + fence * (third - first))
    share, before = (float(((each < low) | (each > high)).mean()) for each in (values, reference))
    return Outliers(name, rows, low, high, share, before)
