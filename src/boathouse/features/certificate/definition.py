"""What a lookup means, said as plainly as it can be: one row of the frame, all rows of its key, no join.

The rows that count at ``t`` are those with event and known time at or before it, and not older than the look-back. Of
those the latest event time counts, then the latest known time. Rows that agree in both are duplicates; any of them is
accepted here. ``point_in_time.definition`` says the same for one row at a time, and a test holds the two together; this
one takes keys with many rows.
"""

from typing import Any

import numpy as np

from boathouse.features.certificate.instants import Instants
from boathouse.features.certificate.raw_rows import RawRows
from boathouse.features.clocks import microseconds
from boathouse.features.feature_spec import Lookup, Output

Winners = np.ndarray
"""Positions of the rows that count: none, one, or duplicates of one another."""


def winners(rows: RawRows, lookup: Lookup, row: int, at: Instants | None, at_up: Instants | None) -> Winners:
    """The raw rows that count for a row of the sample.

    Args:
        row: Its position in the sample.
        at: The instants of the sample; None for the newest values.
        at_up: The same, nanoseconds rounded up.
    """
    found = rows.asked[row]
    if at is not None and not at.present[row]:
        return found[:0]
    if rows.event is None or rows.known is None:
        return found
    event, known = rows.event.values, rows.known.values
    found = found[rows.event.present[found] & rows.known.present[found]]
    if at is not None and at_up is not None:
        found = found[(event[found] <= at.values[row]) & (known[found] <= at.values[row])]
        if lookup.lookback is not None:
            found = found[event[found] >= at_up.values[row] - microseconds(lookup.lookback)]
    found = found[event[found] == event[found].max()] if len(found) else found
    return found[known[found] == known[found].max()] if len(found) else found


def accepted_values(rows: RawRows, found: Winners, output: Output) -> list[Any]:
    """The values that an output may have: one, or those of duplicates."""
    if not len(found):
        return [output.default]
    values = rows.table[output.feature].take(found).to_pylist()
    return [output.default if value is None else value for value in values]


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal; NaN is equal to NaN."""
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (left != left and right != right)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    return bool(left == right)
