"""What a scan is asked for, and the rows it gives: summaries that add up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import pyarrow as pa

from boathouse.foundation.names import TableName

TABLE_COLUMN: Final = ":table"
"""The name under which a whole table is counted."""
ALL_MODELS: Final = "*"
"""The model id of rows that count all models together."""

_INSTANT = pa.timestamp("us", "UTC")
_ITEMS = pa.list_(pa.struct([pa.field("item", pa.string()), pa.field("count", pa.int64())]))

SUMMARIES: Final = pa.schema(
    [
        pa.field("granularity", pa.string()),
        pa.field("window_start", _INSTANT),
        pa.field("window_end", _INSTANT),
        pa.field("slice_key", pa.string()),
        pa.field("slice_value", pa.string()),
        pa.field("model_id", pa.string()),
        pa.field("column_name", pa.string()),
        pa.field("data_type", pa.string()),
        pa.field("count", pa.int64()),
        pa.field("nulls", pa.int64()),
        pa.field("nan", pa.int64()),
        pa.field("infinities", pa.int64()),
        pa.field("zeros", pa.int64()),
        pa.field("mean", pa.float64()),
        pa.field("m2", pa.float64()),
        pa.field("min", pa.float64()),
        pa.field("max", pa.float64()),
        pa.field("min_length", pa.int64()),
        pa.field("max_length", pa.int64()),
        pa.field("sum_length", pa.int64()),
        pa.field("distinct_count", pa.int64()),
        pa.field("sketch", pa.binary()),
        pa.field("edges", pa.list_(pa.float64())),
        pa.field("histogram", pa.list_(pa.int64())),
        pa.field("items", _ITEMS),
        pa.field("other_items", pa.int64()),
        pa.field("columns", pa.list_(pa.string())),
    ]
)
"""One row per granularity, window, slice, model and column. Nothing in it that cannot be added to another one.

- ``count``: values that are there (null ones are ``nulls``); of ``:table`` the rows. NaN and infinity are there;
  ``mean``, ``m2`` (the sum of squared distances from the mean), ``min`` and ``max`` are those of the finite numbers.
- ``min``, ``max`` of instants and dates: seconds since 1970-01-01 UTC.
- ``distinct_count`` is an estimate (within some percent, see ``sketches``), exact where ``items`` holds all there is.
- ``edges`` e1 < ... < en, ``histogram`` of n + 1 counts: up to and with e1, above e1 up to and with e2, ..., above en.
  Infinities are in the open ends, NaN nowhere.
- ``items``: the most frequent values as texts; ``other_items`` counts the values that are none of them.
- ``columns``: of ``:table``, which columns were looked at.
- A snapshot has no granularity; its window begins and ends at the instant of the scan.
"""

KEYS: Final = ("granularity", "window_start", "window_end", "slice_key", "slice_value", "model_id", "column_name")
"""What tells one summary from another."""

Summary = Mapping[str, Any]
"""One row of :data:`SUMMARIES` as plain Python values."""


def _no_edges() -> Mapping[str, Sequence[float]]:
    return {}


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """What to look at."""

    table: TableName
    version: int | None = None
    """None for the newest one."""
    columns: tuple[str, ...] | None = None
    """None for all."""
    timestamp: str | None = None
    """The column of the rows' time; without one the whole table is one snapshot."""
    granularities: tuple[str, ...] = ()
    """``5 minutes``, ``30 minutes``, ``1 hour``, ``1 day``, ``n week(s)``, ``1 month``, ``1 year``."""
    slices: tuple[str, ...] = ()
    """Databricks SQL over one row: a condition gives the slices true and false, anything else one slice per value."""
    model_id: str | None = None
    """The column that tells which model a row is of: one summary per model, and one of all (``*``)."""
    between: tuple[datetime, datetime] | None = None
    """Only rows whose time lies in [first, second)."""
    edges: Mapping[str, Sequence[float]] = field(default_factory=_no_edges)
    """The edges of histograms by column; those of other columns of numbers are made from the rows."""
    adds: bool | None = None
    """Whether summaries will be added to others: without it the number of different values is the largest of them after
    that. None: where there are windows, slices or models."""
    instant: datetime | None = None
    """The window of a snapshot; None for now."""
