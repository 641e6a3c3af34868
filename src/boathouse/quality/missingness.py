"""How many values are missing, and whether more than before. NaN counts as missing."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from boathouse.quality.columns import present


@dataclass(frozen=True, slots=True)
class Missing:
    """The missing values of one column."""

    column: str
    rows: int
    share: float | None
    """None: there are no rows."""
    reference_share: float | None = None

    @property
    def increase(self) -> float | None:
        """How much larger the share is than that of the reference; None without one."""
        if self.share is None or self.reference_share is None:
            return None
        return self.share - self.reference_share


def missing_values(
    frame: pl.DataFrame, reference: pl.DataFrame | None = None, columns: Sequence[str] | None = None
) -> list[Missing]:
    """The missing values of each column, beside those of the reference where it has that column too."""
    found = _shares(frame, present(frame, columns))
    before = {} if reference is None else _shares(reference, [name for name in found if name in reference.columns])
    return [Missing(name, frame.height, share, before.get(name)) for name, share in found.items()]


def _shares(frame: pl.DataFrame, columns: Sequence[str]) -> dict[str, float | None]:
    if not frame.height or not columns:
        return dict.fromkeys(columns)
    counted = frame.select(_missing(name, frame.schema[name]) for name in columns).row(0, named=True)
    return {name: counted[name] / frame.height for name in columns}


def _missing(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    missing = column.is_null() | column.is_nan() if dtype.is_float() else column.is_null()
    return missing.fill_null(True).sum().alias(name)
