# pyright: reportUnknownParameterType=false
"""Metrics of one's own: aggregates over rows, figures derived from those, and how both change.

The text of a definition passes the same list of what a query may be made of as any other SQL.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa

from boathouse.foundation.errors import BoathouseError, InvalidInput
from boathouse.lake import EngineQuery
from boathouse.lake.engine import Engine
from boathouse.lake.schema import identifier
from boathouse.monitoring.monitors.settings import CustomMetric, MetricType, MonitorSettings
from boathouse.monitoring.monitors.templates import rendered, values_for
from boathouse.session.sql.dialect import engine_sql
from boathouse.session.sql.reading import read_query
from boathouse.session.sql.translate import SessionFacts, translate

_TYPES = {
    "double": pa.float64(),
    "float": pa.float64(),
    "bigint": pa.int64(),
    "long": pa.int64(),
    "int": pa.int64(),
    "integer": pa.int64(),
    "string": pa.string(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", "UTC"),
    "date": pa.date32(),
}


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate of one column, in the engine's SQL."""

    name: str
    column: str
    sql: str
    kind: pa.DataType


def output_type(metric: CustomMetric) -> pa.DataType:
    """The type of a metric's column: ``double``, or the JSON of a Spark type or field.

    Raises:
        InvalidInput: It is none of those that there are.
    """
    told: Any = metric.output_data_type.strip()
    if told.startswith("{"):
        try:
            told = orjson.loads(told)
        except ValueError as error:
            raise InvalidInput(f"The output_data_type of the metric {metric.name} is no JSON: {error}") from error
        told = told.get("type") if isinstance(told.get("type"), str) and "name" in told else told.get("type", told)
    text = str(told).strip('"').lower().removesuffix("type")
    if text.startswith("decimal"):
        return pa.float64()
    if text not in _TYPES:
        raise InvalidInput(
            f"The output_data_type of the metric {metric.name} is {metric.output_data_type!r}.",
            hint=f"There are {', '.join(_TYPES)}.",
        )
    return _TYPES[text]


def metrics_of(settings: MonitorSettings, *kinds: MetricType) -> list[CustomMetric]:
    return [each for each in settings.metrics if each.type in kinds]


def aggregates_of(settings: MonitorSettings) -> list[Aggregate]:
    """Every aggregate with every column that it is asked of."""
    return [
        Aggregate(metric.name, column, expression_sql(metric, settings, column), output_type(metric))
        for metric in metrics_of(settings, MetricType.AGGREGATE)
        for column in metric.input_columns
    ]


def expression_sql(metric: CustomMetric, settings: MonitorSettings, column: str | None = None) -> str:
    """A metric's expression for the engine.

    Raises:
        InvalidInput: It is none.
    """
    text = rendered(metric, values_for(settings, column))
    try:
        tree = translate(read_query(f"SELECT ({text}\n)"), SessionFacts(""))
    except BoathouseError as error:
        raise InvalidInput(f"The metric {metric.name} cannot be asked: {error.message}", hint=error.hint) from error
    return engine_sql(tree.expressions[0].unalias())


def with_derived(engine: Engine, rows: pa.Table, settings: MonitorSettings) -> pa.Table:
    """The rows of a profile with the metrics that are derived from their others, for the columns they are asked of."""
    for metric in metrics_of(settings, MetricType.DERIVED):
        rows = _computed(engine, rows, metric, settings, "rows")
    return rows


def with_drift(
    engine: Engine, rows: pa.Table, current: Sequence[Mapping[str, Any]], reference: Sequence[Mapping[str, Any]],
    kinds: Mapping[str, pa.DataType], settings: MonitorSettings,
) -> pa.Table:  # fmt: skip
    """The rows of a drift table with the metrics that compare: each row's own metrics, and those of the other side."""
    wanted = metrics_of(settings, MetricType.DRIFT)
    if not wanted or not rows.num_rows:
        return rows
    side = pa.struct(list(kinds.items()))
    pairs = pa.table(
        {
            "column_name": rows.column("column_name"),
            "current_df": pa.array([{name: each.get(name) for name in kinds} for each in current], side),
            "base_df": pa.array([{name: each.get(name) for name in kinds} for each in reference], side),
        }
    )
    for metric in wanted:
        found = _computed(engine, pairs, metric, settings, "pairs").column(metric.name)
        place = rows.column_names.index(metric.name)
        rows = rows.set_column(place, metric.name, found)
    return rows


def _computed(engine: Engine, rows: pa.Table, metric: CustomMetric, settings: MonitorSettings, name: str) -> pa.Table:
    """The rows with one more column, or that one filled in."""
    sql = expression_sql(metric, settings)
    names = ", ".join("'" + each.replace("'", "''").lower() + "'" for each in metric.input_columns)
    place = "__place"
    numbered = rows.append_column(place, pa.array(range(rows.num_rows), pa.int64()))
    text = (
        f"SELECT CASE WHEN lower(column_name) IN ({names}) THEN ({sql}) END AS metric FROM {name} "
        f"ORDER BY {identifier(place)}"
    )
    found = engine.run(EngineQuery(text, arrow={name: numbered})).arrow().column("metric").cast(output_type(metric))
    if metric.name in rows.column_names:
        return rows.set_column(rows.column_names.index(metric.name), metric.name, found)
    return rows.append_column(metric.name, found)
