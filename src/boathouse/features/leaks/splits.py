"""The two sides of a split: what the model learns from, and what it is tested on."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl

from boathouse.foundation.errors import InvalidInput

LEARNING = ("train", "training", "learn", "fit", "development", "dev", "true")


@dataclass(frozen=True, slots=True)
class Split:
    """Which rows are learnt from, and which are tested on."""

    learnt: np.ndarray
    by_time: bool
    said: str
    unknown: np.ndarray | None = None
    """Rows that are on neither side."""

    @property
    def tested(self) -> np.ndarray:
        return ~self.learnt if self.unknown is None else ~self.learnt & ~self.unknown


def split_by_column(frame: pl.DataFrame, column: str) -> Split:
    """A split that a column names: ``train`` (or ``training``, ``true``...) is learnt from, or else the most frequent
    value; every other value is tested on."""
    _require(frame, column)
    values = frame[column].cast(pl.String)
    names = [name for name in values.unique().to_list() if name is not None]
    if len(names) < 2:
        raise InvalidInput(
            f"The split column {column} has one value only: {', '.join(names) or 'null'}.",
            hint="Give the column that says train or test of each row, or split_at with an instant.",
        )
    known = [name for name in names if name.lower() in LEARNING]
    learnt = known[0] if len(known) == 1 else str(values.value_counts(sort=True)[column][0])
    mine = (values == learnt).fill_null(value=False).to_numpy()
    return Split(mine, by_time=False, said=f"{column} = {learnt}", unknown=values.is_null().to_numpy())


def split_by_time(frame: pl.DataFrame, column: str, at: datetime) -> Split:
    """A split at an instant: what lies before it is learnt from."""
    _require(frame, column)
    kind = frame[column].dtype
    if not (isinstance(kind, pl.Datetime) or kind == pl.Date):
        raise InvalidInput(
            f"Column {column} is of type {kind}; a split at an instant needs a timestamp or a date.",
            hint="Name such a column: time_column=...",
        )
    times = frame[column].cast(pl.Datetime("us"))
    zone = times.dtype.time_zone if isinstance(times.dtype, pl.Datetime) else None
    instant = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    since = pl.Series([instant.replace(tzinfo=None)], dtype=pl.Datetime("us")).to_physical().item()
    naive = times.dt.convert_time_zone("UTC") if zone else times
    learnt = (naive.to_physical() < since).fill_null(value=False).to_numpy()
    return Split(learnt, by_time=True, said=f"{column} < {at.isoformat()}", unknown=times.is_null().to_numpy())


def _require(frame: pl.DataFrame, column: str) -> None:
    if column not in frame.columns:
        raise InvalidInput(f"The training set has no column {column}.", hint=f"It has {', '.join(frame.columns)}.")


def sides(split: Split) -> str:
    """How many rows lie on each side, in words."""
    return f"{int(split.learnt.sum())} rows to learn from ({split.said}), {int(split.tested.sum())} to test on"
