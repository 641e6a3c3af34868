"""Names of columns that the metric tables have of themselves: a metric of one's own needs another one."""

from collections.abc import Iterator

from boathouse.foundation.shapes import Problem
from boathouse.foundation.yaml_source import KeyPath
from boathouse.monitoring.monitors.settings import CustomMetric, MonitorSettings

_KEYS = frozenset(
    {
        "window", "log_type", "logging_table_commit_version", "monitor_version", "granularity", "slice_key",
        "slice_value", "column_name", "data_type", "window_start", "refresh_id", "model_id",
    }
)  # fmt: skip
_PROFILE = frozenset(
    {
        "count", "num_nulls", "avg", "quantiles", "min", "max", "stddev", "num_zeros", "num_nan", "min_length",
        "max_length", "avg_length", "non_null_columns", "frequent_items", "median", "distinct_count", "percent_nan",
        "percent_null", "percent_zeros", "percent_distinct",
    }
)  # fmt: skip
_QUALITY = frozenset(
    {
        "labelled_count", "accuracy_score", "accuracy_interval", "confusion_matrix", "precision", "recall", "f1_score",
        "log_loss", "roc_auc_score", "roc_auc_interval", "brier_score", "calibration_error", "mean_squared_error",
        "root_mean_squared_error", "root_mean_squared_error_interval", "mean_average_error",
        "mean_average_error_interval", "mean_absolute_percentage_error", "r2_score", "predictive_parity",
        "predictive_equality", "equal_opportunity", "statistical_parity", "decision_value", "value_per_prediction",
        "value_per_prediction_interval", "value_over_never_acting", "prediction_cost", "cost_per_prediction",
    }
)  # fmt: skip
_DRIFT = frozenset(
    {
        "window_cmp", "drift_type", "count_delta", "avg_delta", "percent_null_delta", "percent_zeros_delta",
        "percent_distinct_delta", "non_null_columns_delta", "js_distance", "ks_test", "wasserstein_distance",
        "population_stability_index", "chi_squared_test", "tv_distance", "l_infinity_distance", "pvalue_adjusted",
    }
)  # fmt: skip
RESERVED = _KEYS | _PROFILE | _QUALITY | _DRIFT
"""Of every kind of monitor: what is a snapshot today may be an inference log tomorrow."""


def problems_with_names(settings: MonitorSettings) -> list[Problem]:
    """Metrics whose name a column of the metric tables has already."""
    model = (settings.model_id or "").lower()
    return [
        Problem(
            path,
            f"the metric tables have a column {metric.name} already, so no metric can be called so.",
            f"Call it own_{metric.name}, or say what it measures.",
        )
        for path, metric in _named(settings)
        if metric.name.lower() in RESERVED or metric.name.lower() == model
    ]


def _named(settings: MonitorSettings) -> Iterator[tuple[KeyPath, CustomMetric]]:
    """Every metric, and where its name stands."""
    for index, metric in enumerate(settings.custom_metrics or ()):
        yield ("custom_metrics", index, "name"), metric
    for index, kpi in enumerate(settings.extras.kpis or ()):
        yield ("boathouse", "kpis", index, "name"), kpi.as_metric()
