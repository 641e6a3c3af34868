# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false, reportAttributeAccessIssue=false
"""The second reading of a table: the values of the rows that somebody gets, and of no others."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from boathouse.features.feature_spec import Output
from boathouse.features.point_in_time.nouns import Integers
from boathouse.features.point_in_time.ordering import first_of_equal, in_order
from boathouse.features.tables.reading import BLOCK_BYTES, RowGroup, RowGroups

LARGEST_PIECE = 1 << 29
"""Bytes of texts that are taken into one array."""

_LONGEST_TEXT = 1 << 30
"""Bytes of a column above which its offsets need 64 bits."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """The values at some places of a table, each place once."""

    columns: dict[str, pa.Array]
    position: Integers
    """For each row of the spine where its values are; -1 for a row without a match."""

    def output(self, output: Output, rows: Integers | None = None) -> pa.ChunkedArray:
        """A column of the join, or some rows of it: the default stands where there is no match, or a null."""
        position = self.position if rows is None else self.position[rows]
        values = self.columns[output.feature]
        found = [_taken(values, each) for each in _pieces(values, position)]
        if output.default is not None:
            found = [pc.fill_null(each, pa.scalar(output.default, each.type)) for each in found]
        return pa.chunked_array(found, values.type)


def gather(groups: RowGroups, features: Sequence[str], places: Integers, executor: Executor) -> Gathered:
    """Read the values of features at places; -1 is no place."""
    taken, position = _distinct(places)
    ends = np.searchsorted(taken, groups.places)
    tasks = [
        executor.submit(_read, part, features, taken[start:end] - place)
        for part, place, start, end in zip(groups.parts, groups.places, ends, ends[1:], strict=False)
        if end > start
    ]
    pieces = [piece for task in tasks for piece in task.result()]
    columns: dict[str, pa.Array] = {}
    for feature in features:
        columns[feature] = _joined([piece.pop(feature) for piece in pieces if feature in piece], groups.kinds[feature])
    return Gathered(columns, position)


def _distinct(places: Integers) -> tuple[Integers, Integers]:
    found = np.flatnonzero(places >= 0)
    ordered, order = in_order(places.take(found))
    is_new = first_of_equal(ordered)
    position = np.full(len(places), -1, np.int64)
    position[found.take(order)] = np.cumsum(is_new) - 1
    return ordered[is_new], position


def _read(part: RowGroup, features: Sequence[str], rows: Integers) -> list[dict[str, pa.Array]]:
    """The values of some rows of a part; as many columns at a time as fit into a block."""
    return [piece for names in _fitting(part, features) for piece in _read_together(part, names, rows)]


def _read_together(part: RowGroup, features: Sequence[str], rows: Integers) -> list[dict[str, pa.Array]]:
    pieces: list[dict[str, pa.Array]] = []
    for first, batch in part.batches(features):
        start, end = np.searchsorted(rows, [first, first + batch.num_rows])
        if end > start:
            wanted = pa.array(rows[start:end] - first)
            pieces.append({name: batch.column(name).take(wanted) for name in features})
    return pieces


def _fitting(part: RowGroup, features: Sequence[str]) -> list[list[str]]:
    together: list[list[str]] = [[]]
    size = 0
    for name in features:
        more = part.bytes_of(name)
        if together[-1] and size + more > BLOCK_BYTES:
            together.append([])
            size = 0
        together[-1].append(name)
        size += more
    return together


def _pieces(values: pa.Array, position: Integers) -> list[Integers]:
    """The positions in pieces whose values fit into one array each: its offsets have 32 bits.

    A text can be taken by any number of rows, so what is taken can be far more than what was read.
    """
    if len(values) == 0 or not (_is_text(values.type) or pa.types.is_nested(values.type)):
        return [position]
    if len(position) * (values.nbytes + len(values)) < LARGEST_PIECE:
        return [position]
    if _is_text(values.type):
        sizes = pc.fill_null(pc.binary_length(values), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    else:
        sizes = np.full(len(values), 8 * values.nbytes // len(values), np.int64)  # some rows may be larger than others
    until = np.cumsum(np.where(position < 0, 0, sizes.take(position, mode="wrap")))
    return np.split(position, np.flatnonzero(np.diff(until // LARGEST_PIECE)) + 1)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_binary(kind)


def _taken(values: pa.Array, position: Integers) -> pa.Array:
    """The values at positions; null at -1."""
    width = values.type.bit_width if pa.types.is_primitive(values.type) else 0
    if width not in (8, 16, 32, 64) or values.null_count or len(values) == 0:
        return values.take(pa.array(position, mask=position < 0))
    # A fifth of what Arrow takes.
    numbers = np.frombuffer(values.buffers()[1], f"i{width // 8}", len(values), values.offset * width // 8)
    data = pa.py_buffer(numbers.take(position, mode="wrap"))
    present = pa.py_buffer(np.packbits(position >= 0, bitorder="little"))
    return pa.Array.from_buffers(values.type, len(position), [present, data])


def _joined(arrays: list[pa.Array], kind: pa.DataType) -> pa.Array:
    if _is_text(kind) and sum(array.nbytes for array in arrays) > _LONGEST_TEXT:
        wide = pa.large_string() if pa.types.is_string(kind) else pa.large_binary()
        return pa.concat_arrays([array.cast(wide) for array in arrays])
    return pa.concat_arrays(arrays or [pa.array([], kind)])
