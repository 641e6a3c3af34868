# pyright: reportUnknownParameterType=false
"""Rows of ``<table>_profile_metrics``: what a summary says, in the columns of Lakehouse Monitoring."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa

from boathouse.monitoring.metrics.quality import QUALITY
from boathouse.monitoring.monitors.settings import TABLE, MonitorSettings
from boathouse.quality.profiles.nouns import Summary
from boathouse.quality.profiles.reading import ProfileFigures, figures

_INSTANT = pa.timestamp("us", "UTC")
WINDOW = pa.struct([("start", _INSTANT), ("end", _INSTANT)])
_ITEMS = pa.list_(pa.struct([("item", pa.string()), ("count", pa.int64())]))

_KEYS = (
    ("window", WINDOW),
    ("log_type", pa.string()),
    ("logging_table_commit_version", pa.int32()),
    ("monitor_version", pa.int64()),
    ("granularity", pa.string()),
    ("slice_key", pa.string()),
    ("slice_value", pa.string()),
)
_FIGURES = (
    ("column_name", pa.string()),
    ("count", pa.int64()),
    ("data_type", pa.string()),
    ("num_nulls", pa.int64()),
    ("avg", pa.float64()),
    ("quantiles", pa.list_(pa.float64())),
    ("min", pa.float64()),
    ("max", pa.float64()),
    ("stddev", pa.float64()),
    ("num_zeros", pa.int64()),
    ("num_nan", pa.int64()),
    ("min_length", pa.float64()),
    ("max_length", pa.float64()),
    ("avg_length", pa.float64()),
    ("non_null_columns", pa.list_(pa.string())),
    ("frequent_items", _ITEMS),
    ("median", pa.float64()),
    ("distinct_count", pa.float64()),
    ("percent_nan", pa.float64()),
    ("percent_null", pa.float64()),
    ("percent_zeros", pa.float64()),
    ("percent_distinct", pa.float64()),
)
MODEL = "model_id"
_OURS = (("window_start", _INSTANT), ("refresh_id", pa.int64()))
FREQUENT = 10
"""Items that a row shows; the summaries hold more."""
Row = dict[str, Any]


def model_column(settings: MonitorSettings) -> str | None:
    """What the column of model ids is called in the metric tables: as in the monitored table, where that is free."""
    if settings.model_id is None:
        return None
    taken = {name for name, _ in (*_KEYS, *_FIGURES, *_OURS)} | set(QUALITY.names)
    return MODEL if settings.model_id.lower() in {*taken, MODEL} else settings.model_id


def profile_schema(settings: MonitorSettings, custom: Mapping[str, pa.DataType]) -> pa.Schema:
    """The columns of a monitor's profile table."""
    model = model_column(settings)
    fields = [*_KEYS, *([(model, pa.string())] if model is not None else []), *_FIGURES]
    if settings.inference_log is not None:
        fields += [(field.name, field.type) for field in QUALITY]
    return pa.schema([*fields, *custom.items(), *own_columns(settings)])


def own_columns(settings: MonitorSettings) -> list[tuple[str, pa.DataType]]:
    """Columns that Lakehouse Monitoring does not have: by the first, files are found; the second leads to the refresh;
    and the model under one name for all monitors."""
    model = model_column(settings)
    return [*_OURS, *([(MODEL, pa.string())] if model not in (None, MODEL) else [])]


def profile_row(summary: Summary, settings: MonitorSettings) -> Row:
    """A summary's row. ``count`` is of values that are there, percentages are of all rows."""
    said = figures(summary)
    # Not as a copy of all that is in it: lists of a hundred numbers, for each of many rows.
    found = {**keys_of(summary, settings), **{name: getattr(said, name) for name in ProfileFigures.__slots__}}
    if found["frequent_items"] is not None:
        found["frequent_items"] = found["frequent_items"][:FREQUENT]
    return found


def keys_of(summary: Summary, settings: MonitorSettings) -> Row:
    """What a row of either metric table is of."""
    start, end = summary["window_start"], summary["window_end"]
    found: Row = {
        "window": {"start": start, "end": end},
        "window_start": start,
        "granularity": summary["granularity"],
        "log_type": summary["log_type"],
        "logging_table_commit_version": summary["table_version"],
        "monitor_version": summary["monitor_version"],
        "slice_key": summary["slice_key"],
        "slice_value": summary["slice_value"],
        "column_name": summary["column_name"],
        "refresh_id": summary["refresh_id"],
        MODEL: summary["model_id"],
    }
    model = model_column(settings)
    if model is not None:
        found[model] = summary["model_id"]
    return found


PlaceKey = tuple[str | None, datetime | None, str | None, str | None, str | None]


def place_of(summary: Summary) -> PlaceKey:
    """Window, slice and model: what rows of several columns have in common."""
    return (
        summary["granularity"], summary["window_start"], summary["slice_key"], summary["slice_value"],
        summary["model_id"],
    )  # fmt: skip


def filled_columns(columns: Mapping[str, Summary]) -> set[str]:
    """The columns that hold any value."""
    return {name for name, each in columns.items() if name != TABLE and each["count"]}
