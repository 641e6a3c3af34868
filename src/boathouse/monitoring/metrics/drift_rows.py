# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
"""Rows of ``<table>_drift_metrics``: a window beside the one before it, and beside the baseline."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from boathouse.monitoring.metrics.profile_rows import (
    WINDOW,
    filled_columns,
    keys_of,
    model_column,
    own_columns,
    place_numbers,
    rows_of,
    windows_of,
)
from boathouse.monitoring.monitors.settings import TABLE, MonitorSettings
from boathouse.quality.multiple_testing import adjusted_together
from boathouse.quality.profiles.comparing import TEST, compared
from boathouse.quality.profiles.stacking import floats

CONSECUTIVE, BASELINE = "CONSECUTIVE", "BASELINE"
_COLUMNS = pa.struct([("added", pa.list_(pa.string())), ("missing", pa.list_(pa.string()))])
DISTANCES = ("js_distance", "wasserstein_distance", "population_stability_index", "tv_distance", "l_infinity_distance")
DELTAS = ("count_delta", "avg_delta", "percent_null_delta", "percent_zeros_delta", "percent_distinct_delta")


def drift_schema(settings: MonitorSettings, custom: Mapping[str, pa.DataType]) -> pa.Schema:
    """The columns of a monitor's drift table. ``pvalue_adjusted`` is ours."""
    model = model_column(settings)
    return pa.schema(
        [
            ("window", WINDOW),
            ("granularity", pa.string()),
            ("monitor_version", pa.int64()),
            ("slice_key", pa.string()),
            ("slice_value", pa.string()),
            *([(model, pa.string())] if model is not None else []),
            ("column_name", pa.string()),
            ("data_type", pa.string()),
            ("window_cmp", WINDOW),
            ("drift_type", pa.string()),
            ("count_delta", pa.int64()),
            *((name, pa.float64()) for name in DELTAS[1:]),
            ("non_null_columns_delta", _COLUMNS),
            ("js_distance", pa.float64()),
            ("ks_test", TEST),
            ("wasserstein_distance", pa.float64()),
            ("population_stability_index", pa.float64()),
            ("chi_squared_test", TEST),
            ("tv_distance", pa.float64()),
            ("l_infinity_distance", pa.float64()),
            ("pvalue_adjusted", pa.float64()),
            *custom.items(),
            *own_columns(settings),
        ]
    )


@dataclass(frozen=True, slots=True)
class Pairs:
    """Rows of summaries, and those that they are compared with, by their numbers."""

    drift_type: str
    rows: np.ndarray
    references: np.ndarray


def drift_rows(summaries: pa.Table, pairs: Pairs, settings: MonitorSettings, schema: pa.Schema) -> pa.Table:
    """A row for each pair. The chances of all columns of a window, slice and model together are corrected for their
    number (Benjamini and Hochberg, 1995): of those below 5 %, about 5 % are false alarms."""
    count, places = len(pairs.rows), place_numbers(summaries)
    light = summaries.drop_columns(["edges", "histogram", "items"])
    own, old = (light.take(pa.array(each)) for each in (pairs.rows, pairs.references))
    figures = compared(summaries, pairs.rows, pairs.references)
    found = {**keys_of(own, settings), "data_type": own.column("data_type")}
    found["drift_type"] = pa.array([pairs.drift_type] * count, pa.string())
    if pairs.drift_type == CONSECUTIVE:
        found["window_cmp"] = windows_of(old)
    is_column = pc.not_equal(own.column("column_name"), TABLE)
    found["count_delta"] = figures.column("count_delta")
    for name in (*DELTAS[1:], *DISTANCES):
        found[name] = pc.if_else(is_column, figures.column(name), pa.scalar(None, pa.float64()))
    found |= {name: figures.column(name) for name in ("ks_test", "chi_squared_test")}
    found["pvalue_adjusted"] = _adjusted(figures, places[pairs.rows])
    found["non_null_columns_delta"] = _columns_delta(summaries, pairs, places)
    return rows_of(found, count, schema)


def _columns_delta(summaries: pa.Table, pairs: Pairs, places: np.ndarray) -> pa.Array:
    """Of rows of the whole table, which columns have values now and had none, and the other way round."""
    filled = filled_columns(summaries, places)
    is_table = pc.equal(summaries.column("column_name"), TABLE).to_numpy()
    deltas: list[Any] = [None] * len(pairs.rows)
    for place in np.flatnonzero(is_table[pairs.rows]):
        now, then = (filled[int(places[each[place]])] for each in (pairs.rows, pairs.references))
        deltas[place] = {"added": sorted(now - then), "missing": sorted(then - now)}
    return pa.array(deltas, _COLUMNS)


def _adjusted(figures: pa.Table, places: np.ndarray) -> pa.Array:
    tests = [pc.struct_field(figures.column(name), "pvalue") for name in ("ks_test", "chi_squared_test")]
    adjusted = adjusted_together(floats(pc.coalesce(*tests)), places)
    return pa.array(adjusted, pa.float64(), mask=np.isnan(adjusted))
