"""Columns in forms that cost less than a list of Python values: numbers in one block, and values that repeat."""

from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import Any, overload

import numpy as np

_MANY_ROWS = 16
"""Fewer are not worth an array of their own."""


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


Block = Sequence[Sequence[Any]] | np.ndarray
"""Rows of values: as they were read, or as one array of floating-point numbers."""


def block(rows: Sequence[Sequence[Any]]) -> Block:
    """Many rows of floating-point numbers as one array, which takes a quarter of the memory until they are put together
    with others; all other rows as they are."""
    if len(rows) < _MANY_ROWS:
        return rows
    found = _as_array(rows)
    return rows if found is None else found


def columns_of_numbers(blocks: Sequence[Block]) -> Sequence[np.ndarray] | None:
    """Rows of floating-point numbers, column by column; None when a value is anything else, be it missing."""
    found: list[np.ndarray] = []
    few: list[Sequence[Any]] = []

    def put_together() -> bool:
        made = _as_array(few) if few else None
        if made is not None:
            found.append(made)
            few.clear()
        return not few

    for each in blocks:
        if not isinstance(each, np.ndarray):
            few += each
        elif put_together():
            found.append(each)
        else:
            return None
    if not put_together() or not found:
        return None
    return list(np.ascontiguousarray(np.concatenate(found).T))


def _as_array(rows: Sequence[Sequence[Any]]) -> np.ndarray | None:
    flat = list(chain.from_iterable(rows))
    if set(map(type, flat)) != {float}:
        return None
    return np.fromiter(flat, np.float64, len(flat)).reshape(len(rows), -1)


def plain(values: Any) -> Sequence[Any]:
    """As Python values."""
    return values.tolist() if isinstance(values, np.ndarray) else values
