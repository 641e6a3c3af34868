# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false, reportAttributeAccessIssue=false
"""The distinct keys of a spine, numbered, and the number of any other row's key.

Numbers are looked up as they are. Texts go by their hash, and then are compared: a hash never decides alone.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from boathouse.features.point_in_time.hashing import number_index
from boathouse.features.point_in_time.instants import flat, instants_of, integers_of, present_in
from boathouse.features.point_in_time.nouns import Integers, Mask

_SEEDS = range(8)


class _Column(Protocol):
    """One column of a key."""

    codes: Integers
    """The number of each row's value; -1 for null."""
    count: int

    def find(self, column: pa.Array) -> Integers: ...


class Keys:
    """The keys of the rows of a spine.

    Args:
        columns: The key columns of the spine.
        kinds: The types of the key columns of the table that is looked into.
    """

    def __init__(self, columns: Sequence[pa.ChunkedArray], kinds: Sequence[pa.DataType]) -> None:
        self._columns = [_numbered(flat(column), kind) for column, kind in zip(columns, kinds, strict=True)]
        self._pairs: list[_Numbers] = []
        codes, count = self._columns[0].codes, self._columns[0].count
        for column in self._columns[1:]:
            numbers = _paired(codes, column.codes, column.count)
            pair = _Numbers(numbers, numbers >= 0)
            self._pairs.append(pair)
            codes, count = pair.codes, pair.count
        self.codes = codes
        """For each row of the spine the number of its key; -1 where a part of it is null."""
        self.count = count
        """How many different keys there are."""

    def find(self, columns: Sequence[pa.Array]) -> Integers:
        """The numbers of the keys of other rows; -1 for those that no row of the spine has."""
        codes = self._columns[0].find(columns[0])
        for pair, column, values in zip(self._pairs, self._columns[1:], columns[1:], strict=True):
            codes = pair.find_numbers(_paired(codes, column.find(values), column.count))
        return codes

    def among(self, is_open: Mask) -> "FindOpen":
        """Finds rows with open keys: which they are, and the numbers of their keys.

        Args:
            is_open: By key; one more at the end, for rows that have none.
        """
        only = self._columns[0]
        if len(self._columns) == 1 and isinstance(only, _Numbers):
            return only.among(is_open)

        def find(columns: Sequence[pa.Array]) -> tuple[Integers, Integers]:
            key = self.find(columns)
            rows = np.flatnonzero(is_open.take(key, mode="wrap"))
            return rows, key.take(rows)

        return find


FindOpen = Callable[[Sequence[pa.Array]], tuple[Integers, Integers]]


def _numbered(column: pa.Array, kind: pa.DataType) -> _Column:
    if pa.types.is_null(column.type):
        return _Nulls(len(column))
    if pa.types.is_decimal(kind):
        return _Decimals(column, kind)
    return _Texts(column) if _is_text(kind) else _Numbers(*_numbers_of(column))


def _paired(first: Integers, second: Integers, count: int) -> Integers:
    paired = first * count + second
    absent = (first < 0) | (second < 0)
    if absent.any():
        paired[absent] = -1
    return paired


class _Nulls:
    """A column of the spine that holds nothing at all."""

    count = 0

    def __init__(self, rows: int) -> None:
        self.codes = np.full(rows, -1, np.int64)

    def find(self, column: pa.Array) -> Integers:
        return np.full(len(column), -1, np.int64)


class _Numbers:
    """Whole numbers, and what is stored as such: booleans, dates, instants."""

    def __init__(self, numbers: Integers, present: Mask | None = None) -> None:
        kept = numbers if present is None else numbers[present]
        distinct = _distinct(kept)
        self.count = len(distinct)
        self._index = number_index(distinct)
        self.codes = self._index.find(numbers)
        if present is not None:
            self.codes[~present] = -1

    def find(self, column: pa.Array) -> Integers:
        numbers, present = _numbers_of(column)
        codes = self._index.find(numbers)
        if present is not None:
            codes[~present] = -1
        return codes

    def among(self, is_open: Mask) -> "FindOpen":
        find_open = self._index.among(is_open)

        def find(columns: Sequence[pa.Array]) -> tuple[Integers, Integers]:
            numbers, present = _numbers_of(columns[0])
            rows, key = find_open(numbers)
            if present is None:
                return rows, key
            kept = np.flatnonzero(present.take(rows))
            return rows.take(kept), key.take(kept)

        return find

    def find_numbers(self, numbers: Integers) -> Integers:
        return self._index.find(numbers)


class _Texts:
    """Strings and bytes."""

    def __init__(self, column: pa.Array) -> None:
        self._kind = pa.large_binary() if _is_binary(column.type) else pa.large_string()
        texts, present = column.cast(self._kind), present_in(column)
        for self._seed in _SEEDS:
            hashes = _Numbers(self._hashes(texts), present)
            first = np.zeros(hashes.count, np.int64)
            rows = np.flatnonzero(hashes.codes >= 0)
            first[hashes.codes[rows]] = rows
            distinct = texts.take(pa.array(first))
            alike = pc.equal(distinct.take(pa.array(hashes.codes[rows])), texts.take(pa.array(rows)))
            if pc.all(alike, min_count=0).as_py():
                break
        else:
            raise AssertionError("Different texts have one hash, whatever the seed.")
        self._distinct, self._by_hash = distinct, hashes
        self.codes, self.count = hashes.codes, hashes.count

    def find(self, column: pa.Array) -> Integers:
        texts = column.cast(self._kind)
        codes = self._by_hash.find_numbers(self._hashes(texts))
        if (present := present_in(column)) is not None:
            codes[~present] = -1
        rows = np.flatnonzero(codes >= 0)
        asked = texts if len(rows) == len(texts) else texts.take(pa.array(rows))
        alike = pc.equal(self._distinct.take(pa.array(codes[rows])), asked)
        if not pc.all(alike, min_count=0).as_py():
            codes[rows[~alike.to_numpy(zero_copy_only=False)]] = -1
        return codes

    def _hashes(self, texts: pa.Array) -> Integers:
        import polars as pl

        return pl.Series(texts).hash(self._seed).to_numpy().view(np.int64)


class _Decimals:
    """Decimals of one scale."""

    def __init__(self, column: pa.Array, kind: pa.DataType) -> None:
        scale = max(column.type.scale, kind.scale)
        self._kind = pa.decimal256(76, scale)
        values = column.cast(self._kind)
        self._distinct = pc.drop_null(pc.unique(values))
        self.codes, self.count = self.find(values), len(self._distinct)

    def find(self, column: pa.Array) -> Integers:
        found = pc.index_in(column.cast(self._kind), self._distinct, skip_nulls=True)
        return pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64)


def _numbers_of(column: pa.Array) -> tuple[Integers, Mask | None]:
    kind, present = column.type, present_in(column)
    if pa.types.is_boolean(kind):
        return integers_of(column.cast(pa.int8())), present
    if pa.types.is_date(kind):
        return integers_of(column.cast(pa.date32())), present
    if pa.types.is_timestamp(kind):
        instants = instants_of(column)
        if kind.unit == "ns":  # no table holds parts of a microsecond
            present = _both(present, instants == instants_of(column, up=True))
        return instants, present
    if pa.types.is_unsigned_integer(kind):
        if kind.bit_width < 64:
            return integers_of(column.cast(pa.int64())), present
        numbers = integers_of(column)
        return numbers, _both(present, numbers >= 0)  # what is greater than any signed number shows as negative
    return integers_of(column), present


def _both(one: Mask | None, other: Mask) -> Mask | None:
    both = other if one is None else one & other
    return None if both.all() else both


def _distinct(numbers: Integers) -> Integers:
    """Each number once, ascending."""
    if len(numbers) == 0:
        return np.zeros(0, np.int64)
    least, greatest = int(numbers.min()), int(numbers.max())
    if greatest - least < max(1 << 20, 8 * len(numbers)):
        there = np.zeros(greatest - least + 1, np.bool_)
        there[numbers.astype(np.int64, copy=False) - least] = True
        return np.flatnonzero(there) + least
    ordered = np.sort(numbers)
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])]


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or _is_binary(kind) or _is_view(kind)


def _is_view(kind: pa.DataType) -> bool:
    return pa.types.is_string_view(kind) or pa.types.is_binary_view(kind)


def _is_binary(kind: pa.DataType) -> bool:
    return (
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_binary_view(kind)
    )
