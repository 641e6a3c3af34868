# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false, reportAttributeAccessIssue=false
"""Instants as whole microseconds since 1970-01-01 UTC, which is what Delta tables hold.

Against whole microseconds ``e <= t`` holds just when it holds for ``t`` rounded down, and ``e >= t`` just when it holds
for ``t`` rounded up: so nanoseconds need nothing more than these two roundings.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from boathouse.features.clocks import FARTHEST
from boathouse.features.point_in_time.nouns import Integers, Mask

NEVER = np.int64(np.iinfo(np.int64).min)
"""Before any instant."""

_PER_UNIT = {"s": 1_000_000, "ms": 1_000, "us": 1}
_PER_DAY = 86_400_000_000


def instants_of(column: pa.Array | pa.ChunkedArray, *, up: bool = False) -> Integers:
    """The instants of a column of timestamps or dates, those that are null among them; see :func:`present_in`."""
    kind = column.type
    if pa.types.is_null(kind):
        return np.zeros(len(column), np.int64)
    if pa.types.is_date(kind):
        days = column.cast(pa.date32())
        return integers_of(days).astype(np.int64, copy=False) * _PER_DAY
    numbers = integers_of(column)
    if kind.unit == "ns":
        return -(-numbers // 1_000) if up else numbers // 1_000
    factor = _PER_UNIT[kind.unit]
    if factor == 1:
        return numbers
    return np.clip(numbers, -(FARTHEST // factor), FARTHEST // factor) * factor


def integers_of(column: pa.Array | pa.ChunkedArray) -> Integers:
    """The numbers that a column of fixed width stores; anything where it is null. Often no copy."""
    array = flat(column)
    width = array.type.bit_width
    kind = np.dtype(f"i{width // 8}")
    data = array.buffers()[1]
    if data is None:
        return np.zeros(len(array), kind)
    return np.frombuffer(data, kind, len(array), array.offset * kind.itemsize)


def present_in(column: pa.Array | pa.ChunkedArray) -> Mask | None:
    """Where a column is not null; None for everywhere."""
    if column.null_count == 0:
        return None
    return flat(pc.is_valid(column)).to_numpy(zero_copy_only=False)


def flat(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The column as one array."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [pa.array([], column.type)])


def as_instant(value: datetime | date) -> int:
    """The instant of what Python has for a timestamp or a date."""
    if not isinstance(value, datetime):
        return (value - date(1970, 1, 1)).days * _PER_DAY
    return (value - datetime(1970, 1, 1, tzinfo=value.tzinfo and UTC)) // timedelta(microseconds=1)


def as_value(instant: int, kind: pa.DataType) -> Any:
    """The instant as Python has values of this type; None where Python has none so far away."""
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant)
    except OverflowError:
        return None
    if pa.types.is_date(kind):
        return moment.date()
    return moment if kind.tz else moment.replace(tzinfo=None)
