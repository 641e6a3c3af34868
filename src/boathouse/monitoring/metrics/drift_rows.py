# pyright: reportUnknownParameterType=false
"""Rows of ``<table>_drift_metrics``: a window beside the one before it, and beside the baseline."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from boathouse.monitoring.metrics.profile_rows import WINDOW, filled_columns, keys_of, model_column, own_columns
from boathouse.monitoring.monitors.settings import TABLE, MonitorSettings
from boathouse.quality.multiple_testing import adjust
from boathouse.quality.profiles.comparing import compare
from boathouse.quality.profiles.nouns import Summary

CONSECUTIVE, BASELINE = "CONSECUTIVE", "BASELINE"
_TEST = pa.struct([("statistic", pa.float64()), ("pvalue", pa.float64())])
_COLUMNS = pa.struct([("added", pa.list_(pa.string())), ("missing", pa.list_(pa.string()))])
DISTANCES = ("js_distance", "wasserstein_distance", "population_stability_index", "tv_distance", "l_infinity_distance")
DELTAS = ("count_delta", "avg_delta", "percent_null_delta", "percent_zeros_delta", "percent_distinct_delta")
Row = dict[str, Any]


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
            ("ks_test", _TEST),
            ("wasserstein_distance", pa.float64()),
            ("population_stability_index", pa.float64()),
            ("chi_squared_test", _TEST),
            ("tv_distance", pa.float64()),
            ("l_infinity_distance", pa.float64()),
            ("pvalue_adjusted", pa.float64()),
            *custom.items(),
            *own_columns(settings),
        ]
    )


@dataclass(frozen=True, slots=True)
class Pair:
    """A window's columns beside those of what it is compared with."""

    drift_type: str
    current: Mapping[str, Summary]
    """By the name of the column."""
    reference: Mapping[str, Summary]


def drift_rows(pair: Pair, settings: MonitorSettings) -> list[Row]:
    """A row for each column that both sides have. The chances of all columns together are corrected for their number
    (Benjamini and Hochberg, 1995): of those below 5 %, about 5 % are false alarms."""
    found = [
        _row(pair, summary, pair.reference[name], settings)
        for name, summary in pair.current.items()
        if name in pair.reference
    ]
    tested = [(row, chance) for row in found if (chance := _chance(row)) is not None]
    for (row, _), adjusted in zip(tested, adjust([chance for _, chance in tested]), strict=True):
        row["pvalue_adjusted"] = adjusted
    return found


def _row(pair: Pair, summary: Summary, reference: Summary, settings: MonitorSettings) -> Row:
    keys = keys_of(summary, settings)
    del keys["log_type"], keys["logging_table_commit_version"]
    is_previous = pair.drift_type == CONSECUTIVE
    found: Row = {
        **keys,
        "data_type": summary["data_type"],
        "drift_type": pair.drift_type,
        "window_cmp": {"start": reference["window_start"], "end": reference["window_end"]} if is_previous else None,
    }
    if summary["column_name"] == TABLE:
        now, then = filled_columns(pair.current), filled_columns(pair.reference)
        found["count_delta"] = (summary["count"] or 0) - (reference["count"] or 0)
        found["non_null_columns_delta"] = {"added": sorted(now - then), "missing": sorted(then - now)}
        return found
    figures = compare(summary, reference)
    for name in (*DELTAS, *DISTANCES):
        found[name] = getattr(figures, name)
    found["ks_test"] = _test(figures.ks_test)
    found["chi_squared_test"] = _test(figures.chi_squared_test)
    return found


def _test(found: Any) -> Row | None:
    return None if found is None else {"statistic": found.statistic, "pvalue": found.pvalue}


def _chance(row: Row) -> float | None:
    test = row.get("ks_test") or row.get("chi_squared_test")
    return None if test is None else test["pvalue"]
