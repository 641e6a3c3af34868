"""Columns in forms that cost less than a list of Python values: numbers in one block, and values that repeat."""

from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import Any, overload

import numpy as np


class Repeated(Sequence[Any]):
    """Values of which each stands several times in a row: what is said of a request, beside its many predictions."""

    def __init__(self, values: Sequence[Any], counts: Sequence[int]) -> None:
        self.values = values
        self.counts = counts

    def __len__(self) -> int:
        return sum(self.counts)

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(repeat(value, count) for value, count in zip(self.values, self.counts, strict=True))

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return list(self)[index]

    @property
    def places(self) -> np.ndarray:
        """For each row, the place of its value."""
        return np.repeat(np.arange(len(self.values)), self.counts)


def columns_of_numbers(rows: Sequence[Sequence[Any]]) -> Sequence[np.ndarray] | None:
    """Rows of floating-point numbers, column by column; None when a value is anything else, be it missing."""
    flat = list(chain.from_iterable(rows))
    if set(map(type, flat)) != {float}:
        return None
    return list(np.ascontiguousarray(np.fromiter(flat, np.float64, len(flat)).reshape(len(rows), -1).T))


def plain(values: Any) -> Sequence[Any]:
    """As Python values."""
    return values.tolist() if isinstance(values, np.ndarray) else values
