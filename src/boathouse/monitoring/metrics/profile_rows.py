# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
"""Rows of ``<table>_profile_metrics``: what a summary says, in the columns of Lakehouse Monitoring."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from boathouse.monitoring.metrics.business import business_schema
from boathouse.monitoring.metrics.quality import QUALITY
from boathouse.monitoring.monitors.settings import TABLE, MonitorSettings
from boathouse.quality.profiles.reading import figures_of

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


def model_column(settings: MonitorSettings) -> str | None:
    """What the column of model ids is called in the metric tables: as in the monitored table, where that is free."""
    if settings.model_id is None:
        return None
    ours = [*QUALITY.names, *business_schema(settings.extras).names]
    taken = {name for name, _ in (*_KEYS, *_FIGURES, *_OURS)} | set(ours)
    return MODEL if settings.model_id.lower() in {*taken, MODEL} else settings.model_id


def profile_schema(settings: MonitorSettings, custom: Mapping[str, pa.DataType]) -> pa.Schema:
    """The columns of a monitor's profile table."""
    model = model_column(settings)
    fields = [*_KEYS, *([(model, pa.string())] if model is not None else []), *_FIGURES]
    if settings.inference_log is not None:
        fields += [(field.name, field.type) for field in (*QUALITY, *business_schema(settings.extras))]
    return pa.schema([*fields, *custom.items(), *own_columns(settings)])


def own_columns(settings: MonitorSettings) -> list[tuple[str, pa.DataType]]:
    """Columns that Lakehouse Monitoring does not have: by the first, files are found; the second leads to the refresh;
    and the model under one name for all monitors."""
    model = model_column(settings)
    return [*_OURS, *([(MODEL, pa.string())] if model not in (None, MODEL) else [])]


def profile_columns(summaries: pa.Table, settings: MonitorSettings) -> dict[str, Any]:
    """The columns of the profile's rows, one for each summary. ``count`` is of values that are there, percentages are
    of all rows."""
    said = figures_of(summaries)
    found = {**keys_of(summaries, settings), **{name: said.column(name) for name in said.column_names}}
    found["frequent_items"] = pc.list_slice(found["frequent_items"], 0, FREQUENT)
    return found


def keys_of(summaries: pa.Table, settings: MonitorSettings) -> dict[str, Any]:
    """What the rows of either metric table are of, by column."""
    found: dict[str, Any] = {
        "window": windows_of(summaries),
        "logging_table_commit_version": summaries.column("table_version"),
        MODEL: summaries.column("model_id"),
    }
    same = ("window_start", "granularity", "log_type", "monitor_version", "slice_key", "slice_value", "column_name")
    found |= {name: summaries.column(name) for name in (*same, "refresh_id")}
    model = model_column(settings)
    if model is not None:
        found[model] = found[MODEL]
    return found


def windows_of(summaries: pa.Table) -> pa.Array:
    """The windows of summaries, as metric tables have them."""
    ends = [summaries.column(f"window_{end}").combine_chunks().cast(_INSTANT) for end in ("start", "end")]
    return pa.StructArray.from_arrays(ends, fields=list(WINDOW))


def rows_of(columns: Mapping[str, Any], count: int, schema: pa.Schema) -> pa.Table:
    """A table of these columns; those that a schema has besides are null."""
    arrays = [
        columns[field.name].cast(field.type) if field.name in columns else pa.nulls(count, field.type)
        for field in schema
    ]
    return pa.table(dict(zip(schema.names, arrays, strict=True)), schema=schema)


PlaceKey = tuple[str | None, datetime | None, str | None, str | None, str | None]
_PLACE = ("granularity", "window_start", "slice_key", "slice_value", "model_id")


def places_of(summaries: pa.Table) -> list[PlaceKey]:
    """Window, slice and model of each row: what rows of several columns have in common."""
    return list(zip(*(summaries.column(name).to_pylist() for name in _PLACE), strict=True))


def place_numbers(summaries: pa.Table, names: Sequence[str] = ("log_type", *_PLACE)) -> np.ndarray:
    """The same as numbers: equal where all of these columns are equal."""
    found = np.zeros(summaries.num_rows, np.int64)
    for name in names:
        encoded = summaries.column(name).combine_chunks().dictionary_encode("encode")
        codes = np.asarray(encoded.indices).astype(np.int64)
        found = np.unique(found * (len(encoded.dictionary) + 1) + codes, return_inverse=True)[1]
    return found


def filled_columns(summaries: pa.Table, places: np.ndarray) -> dict[int, set[str]]:
    """Of each place, by its number, the columns that hold any value."""
    names, found = summaries.column("column_name").to_pylist(), dict[int, set[str]]()
    for name, place, count in zip(names, places.tolist(), summaries.column("count").to_pylist(), strict=True):
        of_place = found.setdefault(place, set())
        if count and name != TABLE:
            of_place.add(name)
    return found
