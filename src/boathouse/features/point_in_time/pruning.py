# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false, reportAttributeAccessIssue=false
"""Which files and row groups a spine can do without, judged by their least and greatest values."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from boathouse.features.clocks import microseconds
from boathouse.features.feature_spec import Lookup
from boathouse.features.point_in_time.instants import as_value
from boathouse.features.point_in_time.labels import Labels
from boathouse.features.tables.reading import FeatureRows, MayHold
from boathouse.lake import DataFile
from boathouse.lake.pruning import Condition, value_condition

MOST_KEYS = 10_000
"""Up to so many different values of a key column each is looked for between a file's bounds; of more, the range."""


def wanted_in(lookup: Lookup, rows: FeatureRows, labels: Labels, spine: pa.Table, *, known: bool) -> MayHold:
    """What tells whether a part of the table may hold a value for any label.

    Args:
        known: Whether values count only from their known time on.
    """
    if len(labels) == 0:
        return lambda _: False
    conditions = [each for each in _conditions(lookup, rows, labels, known=known) if each is not None]
    keys = [each for mine, theirs in lookup.keys if (each := _key_values(rows, theirs, spine.column(mine)))]

    def may_hold(part: DataFile) -> bool:
        return all(each.may_hold_in(part) for each in conditions) and all(each.may_be_in(part) for each in keys)

    return may_hold


def _conditions(lookup: Lookup, rows: FeatureRows, labels: Labels, *, known: bool) -> list[Condition | None]:
    if labels.at is None or labels.at_most is None:
        return []
    last, first = int(labels.at.max()), int(labels.at_most.min())
    found: list[Condition | None] = []
    if lookup.event is not None:
        lag = microseconds(lookup.known.lag) if known else 0
        found.append(_instant_condition(rows, lookup.event, "<=", last - lag))
        if lookup.lookback is not None:
            found.append(_instant_condition(rows, lookup.event, ">=", first - microseconds(lookup.lookback)))
    if lookup.known.column is not None and known:
        found.append(_instant_condition(rows, lookup.known.column, "<=", last))
    return found


def _instant_condition(rows: FeatureRows, column: str, operator: str, instant: int) -> Condition | None:
    value = as_value(instant, rows.schema.field(column).type)
    return None if value is None else value_condition(rows.snapshot, column, operator, value)


@dataclass(frozen=True, slots=True)
class _KeyValues:
    """The values that a key column may have: some sorted ones, or the least and the greatest."""

    column: str
    values: Sequence[Any]
    is_range: bool

    def may_be_in(self, part: DataFile) -> bool:
        ends = (self.values[0], self.values[-1])
        if self.column in part.partition:
            value = part.partition[self.column]
            if not isinstance(value, type(ends[0])):
                return value is not None
            return ends[0] <= value <= ends[1] if self.is_range else value in self.values
        low, high = Condition(self.column, ">=", ends[0]), Condition(self.column, "<=", ends[1])
        if not (low.may_hold_in(part) and high.may_hold_in(part)):
            return False
        least, greatest = part.minimum.get(self.column), part.maximum.get(self.column)
        if self.is_range or least is None or greatest is None:
            return True
        if isinstance(greatest, str) and len(greatest) >= _WHOLE_STRING:
            return True
        position = bisect_left(self.values, least)
        return position < len(self.values) and self.values[position] <= greatest


_WHOLE_STRING = 32
"""Longer bounds may have been cut by the writer."""


def _key_values(rows: FeatureRows, column: str, spine: pa.ChunkedArray) -> _KeyValues | None:
    kind = rows.schema.field(column).type
    if "." in column or not (pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_date(kind)):
        return None
    if pa.types.is_null(spine.type) or spine.null_count == len(spine):
        return None
    if len(spine) <= MOST_KEYS:
        values = sorted(set(spine.drop_null().to_pylist()))
        return _KeyValues(column, values, is_range=False)
    ends = pc.min_max(spine)
    return _KeyValues(column, [ends["min"].as_py(), ends["max"].as_py()], is_range=True)
