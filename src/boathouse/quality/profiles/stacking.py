# pyright: reportUnknownParameterType=false
"""Lists of many summaries as matrices: those that are equally long on top of each other."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

LINES_AT_ONCE = 4096
"""A matrix of so many lists stays near the processor."""


@dataclass(frozen=True, slots=True)
class Lists:
    """A column of lists: which places of ``values`` each row has."""

    values: Any
    """An Arrow array."""
    starts: np.ndarray
    lengths: np.ndarray
    """-1 where there is no list."""

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> "Lists":
        lists = column.combine_chunks()
        offsets = np.asarray(lists.offsets).astype(np.int64)
        is_there = lists.is_valid().to_numpy(zero_copy_only=False)
        return cls(lists.values, offsets[:-1], np.where(is_there, np.diff(offsets), -1))

    def numbers(self) -> "Stacks":
        return Stacks(self.values.to_numpy(zero_copy_only=False), self.starts, self.lengths)

    def places(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The values of some rows, one after the other: the how manieth of the rows each is of, its place in that row's
        list, and its place among all values."""
        lengths = np.maximum(self.lengths[rows], 0)
        line = np.repeat(np.arange(len(rows)), lengths)
        within = np.arange(len(line)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return line, within, np.repeat(self.starts[rows], lengths) + within


@dataclass(frozen=True, slots=True)
class Stacks:
    """A column of lists of numbers."""

    values: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray

    def stacked(self, rows: np.ndarray) -> np.ndarray:
        """The lists of rows that are equally long, one per line."""
        width = int(self.lengths[rows[0]])
        return self.values[self.starts[rows][:, None] + np.arange(width)].astype(np.float64)


def by_width(lengths: np.ndarray, chosen: np.ndarray) -> Iterator[np.ndarray]:
    """The chosen places (of true values), those of equal length together, and never too many."""
    places = np.flatnonzero(chosen)
    for length in np.unique(lengths[places]):
        here = places[lengths[places] == length]
        for start in range(0, len(here), LINES_AT_ONCE):
            yield here[start : start + LINES_AT_ONCE]


def floats(column: pa.ChunkedArray) -> np.ndarray:
    """Numbers of a column; NaN where there is none."""
    return column.cast(pa.float64()).to_numpy()


def is_there(column: pa.ChunkedArray) -> np.ndarray:
    """Where a column is not null."""
    return column.is_valid().to_numpy()
