# pyright: reportUnknownParameterType=false
"""Instants as whole microseconds since 1970-01-01 UTC, which is what Delta tables hold, and back."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from boathouse.features.clocks import microseconds

PER_UNIT = {"s": 1_000_000, "ms": 1_000, "us": 1}
PER_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Instants:
    """A column of instants."""

    values: np.ndarray
    """Microseconds; anything where ``present`` is false."""
    present: np.ndarray

    def __len__(self) -> int:
        return len(self.values)

    def at(self, rows: np.ndarray) -> "Instants":
        return Instants(self.values[rows], self.present[rows])

    def later(self, span: timedelta) -> "Instants":
        """Each by a span later; those further away than any instant count as the last."""
        shift = microseconds(span)
        return Instants(np.minimum(self.values, np.iinfo(np.int64).max - shift) + shift, self.present)


def instants_of(column: pa.ChunkedArray | pa.Array, *, up: bool = False) -> Instants:
    """The instants of a column of timestamps or dates. A date is its midnight in UTC.

    Nanoseconds are cut off, or rounded up: against whole microseconds, ``k <= t`` holds just when it holds for ``t``
    cut off, and ``e >= t`` just when it holds for ``t`` rounded up.
    """
    kind = column.type
    if pa.types.is_null(kind):
        return Instants(np.zeros(len(column), np.int64), np.zeros(len(column), bool))
    present = column.is_valid().to_numpy(zero_copy_only=False)
    if pa.types.is_date(kind):
        days = pc.fill_null(column.cast(pa.date32()).cast(pa.int32()), 0)
        return Instants(days.to_numpy(zero_copy_only=False).astype(np.int64) * PER_DAY, present)
    numbers = pc.fill_null(column.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    if kind.unit == "ns":
        return Instants(-(-numbers // 1000) if up else numbers // 1000, present)
    return Instants(numbers * PER_UNIT[kind.unit], present)


def column_of(instants: Instants, like: pa.DataType, *, zoned: bool) -> pa.Array:
    """The instants as a column of the type they came from, or of one that holds microseconds.

    Args:
        zoned: Whether dates become timestamps with a zone.
    """
    kind = pa.timestamp("us", like.tz if pa.types.is_timestamp(like) else ("UTC" if zoned else None))
    return pa.array(instants.values, mask=~instants.present, type=pa.int64()).cast(kind)
