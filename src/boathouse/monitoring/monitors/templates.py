"""The definitions of custom metrics: Jinja within SQL, as Databricks has them.

An aggregate is an expression over many rows, in which ``{{input_column}}``, ``{{prediction_col}}`` and
``{{label_col}}`` are names of columns; a derived metric is one over other metrics of the same row; a drift metric
compares ``{{current_df}}.metric`` with ``{{base_df}}.metric``.
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from boathouse.foundation.errors import BoathouseError, InvalidInput
from boathouse.monitoring.monitors.settings import TABLE, CustomMetric, MetricType, MonitorSettings

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

CURRENT, BASE = "current_df", "base_df"
LONGEST_METRIC = 10_000


def rendered(metric: CustomMetric, values: Mapping[str, Any]) -> str:
    """The SQL of a metric with its placeholders filled in.

    Raises:
        InvalidInput: It names a placeholder that there is none of, or is no template.
    """
    from jinja2 import TemplateError

    try:
        text = _environment().from_string(metric.definition).render(**values)
    except TemplateError as error:
        raise InvalidInput(f"The definition of the metric {metric.name} is no template: {error}") from error
    if len(text) > LONGEST_METRIC:
        raise InvalidInput(f"The definition of the metric {metric.name} has {len(text)} characters.")
    return text.strip()


def values_for(settings: MonitorSettings, column: str | None = None) -> dict[str, Any]:
    """What the placeholders of a definition stand for."""
    log = settings.inference_log
    values: dict[str, Any] = {CURRENT: CURRENT, BASE: BASE}
    if column is not None and column != TABLE:
        values["input_column"] = column
    if log is not None:
        late = settings.extras.late_labels
        label = late.label_col if late is not None else log.label_col
        named = {
            "prediction_col": log.prediction_col,
            "label_col": label,
            "prediction_proba_col": log.prediction_proba_col,
            "model_id_col": log.model_id_col,
            "timestamp_col": log.timestamp_col,
        }
        values |= {key: name for key, name in named.items() if name is not None}
    return values


def problem_of(metric: CustomMetric) -> str | None:
    """What is wrong with a definition, as far as can be said without data."""
    from boathouse.session.sql.reading import read_statement

    placeholders = ("input_column", "prediction_col", "label_col", "prediction_proba_col", "model_id_col")
    values = {name: name for name in (*placeholders, "timestamp_col", CURRENT, BASE)}
    try:
        text = rendered(metric, values)
        tables = f"{CURRENT}, {BASE}" if metric.type is MetricType.DRIFT else "monitored"
        read_statement(f"SELECT ({text}\n) AS metric FROM {tables}")
    except BoathouseError as error:
        return error.message
    return None


@cache
def _environment() -> "SandboxedEnvironment":
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    return SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
