"""What an alert asks of tables: small governed queries, with the rights of whoever has put it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from boathouse.foundation.clock import epoch_ms, from_epoch_ms
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.foundation.names import TableName
from boathouse.monitoring.alerts.nouns import Point, Series
from boathouse.monitoring.alerts.rules import AlertRule, matching
from boathouse.session import Session

HORIZON = 200
"""Windows of each series that are looked at; late labels may still change them."""
_MOST_ROWS = 200_000
_SERIES = ("granularity", "slice_key", "slice_value", "column_name")


@dataclass(frozen=True, slots=True)
class MetricTables:
    """Where the figures of a monitored table stand."""

    profile: str
    drift: str
    model_column: str = "model_id"
    """What the column of model ids is called there."""
    at: int | None = None
    """As they were at an instant; None: as they are."""


MetricTablesOf = Callable[[str], MetricTables]
"""The metric tables of a table, by its full name."""

Points = Mapping[Series, Sequence[Point]]


def beside(table: str) -> MetricTables:
    """Metric tables in the schema of the table itself."""
    name = TableName.parse(table)
    return MetricTables(
        str(TableName(name.catalog, name.schema, f"{name.name}_profile_metrics")),
        str(TableName(name.catalog, name.schema, f"{name.name}_drift_metrics")),
    )


def points_of(session: Session, rule: AlertRule, tables: MetricTablesOf, *, at: int | None = None) -> Points:
    """The values that a rule judges, by series; ``at`` an instant as they were known then.

    Raises:
        NotFound, Denied: There is no such table, or it may not be read.
        InvalidInput: The table has no such column.
    """
    if rule.rows is not None:
        return _row_points(session, rule, at)
    assert rule.table is not None
    return _metric_points(session, rule, replace(tables(rule.table), at=at))


def newest_of(session: Session, rule: AlertRule, tables: MetricTablesOf) -> int | None:
    """When the newest window has ended, or the newest row counts from; None when there is none."""
    parameters: dict[str, Any] = {}
    if rule.rows is not None:
        table = TableName.parse(rule.rows.table).quoted()
        names = _columns(session, table)
        time, conditions = _column(rule.rows.time, names), [f"({rule.rows.where}\n)"] if rule.rows.where else []
    else:
        assert rule.table is not None
        of_table = tables(rule.table)
        table = TableName.parse(of_table.profile).quoted()
        conditions = _conditions(rule, _columns(session, table), of_table.model_column, parameters)
        time = "`window`.`end`"
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    found = session.sql(f"SELECT max({time}) AS newest FROM {table}{where}", parameters).rows()
    return None if not found or found[0]["newest"] is None else _instant(found[0]["newest"])


def _metric_points(session: Session, rule: AlertRule, tables: MetricTables) -> Points:
    table = _known_at(tables.drift if rule.is_drift else tables.profile, tables.at)
    names = _columns(session, table)
    assert rule.metric is not None
    first, *others = rule.metric.split(".")
    value = ".".join([_column(first, names), *(f"`{each}`" for each in others)])
    parameters: dict[str, Any] = {}
    conditions = _conditions(rule, names, tables.model_column, parameters)
    if rule.columns is not None and not any("*" in each or each.startswith("!") for each in rule.columns):
        marks = [f":column{place}" for place in range(len(rule.columns))]
        parameters |= {f"column{place}": each for place, each in enumerate(rule.columns)}
        conditions.append(f"`column_name` IN ({', '.join(marks)})")
    elif rule.columns is None and rule.metric == "count":
        conditions.append("`column_name` = ':table'")
    keys = [name for name in _SERIES if name in names]
    model = tables.model_column if tables.model_column in names else None
    shown = [
        "`window`.`start` AS window_start",
        "`window`.`end` AS window_end",
        *(f"`{name}`" for name in keys),
        f"`{model}` AS model" if model is not None else "CAST(NULL AS STRING) AS model",
        f"CAST({value} AS DOUBLE) AS value",
        f"CAST({_rows(first, names)} AS BIGINT) AS rows",
    ]
    text = (
        f"SELECT {', '.join(shown)} FROM {table} WHERE {' AND '.join(conditions) or 'true'} QUALIFY dense_rank() OVER "
        f"(PARTITION BY `granularity` ORDER BY `window`.`start` DESC) <= {HORIZON} LIMIT {_MOST_ROWS}"
    )
    found: dict[Series, dict[int, Point]] = {}
    measured: set[Series] = set()
    for row in session.sql(text, parameters).rows():
        if row["window_start"] is None or not matching(rule.columns, row["column_name"]):
            continue
        others = {name: row[name] for name in keys if name != "column_name"}
        parts = {"column": row["column_name"], **others, "model": row["model"]}
        series, start = Series.of(parts), _instant(row["window_start"])
        found.setdefault(series, {})[start] = Point(start, _instant(row["window_end"]), row["value"], row["rows"])
        if row["value"] is not None:
            measured.add(series)
    return {series: list(points.values()) for series, points in found.items() if series in measured}


def _row_points(session: Session, rule: AlertRule, at: int | None) -> Points:
    asked = rule.rows
    assert asked is not None and rule.metric is not None
    table = _known_at(asked.table, at)
    names = _columns(session, table)
    first, *others = rule.metric.split(".")
    value = ".".join([_column(first, names), *(f"`{each}`" for each in others)])
    time, by = _column(asked.time, names), [_column(each, names) for each in asked.by]
    partition = f"PARTITION BY {', '.join(by)} " if by else ""
    shown = [f"{time} AS point_time", *(f"{each} AS by{place}" for place, each in enumerate(by)),
             f"CAST({value} AS DOUBLE) AS value"]  # fmt: skip
    text = (
        f"SELECT {', '.join(shown)} FROM {table} WHERE {time} IS NOT NULL"
        f"{f' AND ({asked.where}{chr(10)})' if asked.where else ''} QUALIFY dense_rank() OVER "
        f"({partition}ORDER BY {time} DESC) <= {HORIZON} LIMIT {_MOST_ROWS}"
    )
    found: dict[Series, dict[int, Point]] = {}
    for row in session.sql(text).rows():
        series = Series.of({name: row[f"by{place}"] for place, name in enumerate(asked.by)})
        at = _instant(row["point_time"])
        found.setdefault(series, {})[at] = Point(at, at, row["value"])
    return {series: list(points.values()) for series, points in found.items()}


def _known_at(table: str, at: int | None) -> str:
    """A table as it is, or was."""
    quoted = TableName.parse(table).quoted()
    return quoted if at is None else f"{quoted} TIMESTAMP AS OF '{from_epoch_ms(at).isoformat()}'"


def _rows(metric: str, names: Sequence[str]) -> str:
    """How many rows stand behind a figure: labelled ones behind the quality of a model, else all of the window."""
    from boathouse.monitoring.metrics.quality import QUALITY

    if metric in QUALITY.names and "labelled_count" in names:
        return "`labelled_count`"
    counts = [f"coalesce(`{name}`, 0)" for name in ("count", "num_nulls") if name in names]
    return " + ".join(counts) or "NULL"


def _conditions(rule: AlertRule, names: Sequence[str], model: str, parameters: dict[str, Any]) -> list[str]:
    """Which rows of a metric table a rule watches."""
    conditions: list[str] = []
    if "drift_type" in names:
        parameters["drift_type"] = rule.drift.upper()
        conditions.append("`drift_type` = :drift_type")
    if "log_type" in names:
        conditions.append("`log_type` = 'INPUT'")
    if rule.granularity is not None:
        parameters["granularity"] = rule.granularity
        conditions.append("`granularity` = :granularity")
    if model in names:
        parameters["model"] = rule.model or "*"
        conditions.append(f"`{model}` = :model" if rule.model else f"(`{model}` = :model OR `{model}` IS NULL)")
    if rule.slices is None:
        conditions.append("`slice_key` IS NULL")
    elif rule.slices != "all":
        either: list[str] = []
        for place, (key, value) in enumerate(rule.slices.items()):
            parameters |= {f"key{place}": key, f"value{place}": value}
            either.append(f"(`slice_key` = :key{place} AND `slice_value` = :value{place})")
        conditions.append(f"({' OR '.join(either)})" if either else "`slice_key` IS NULL")
    return conditions


def _columns(session: Session, table: str) -> list[str]:
    return session.sql(f"SELECT * FROM {table} LIMIT 0").columns


def _column(name: str, names: Sequence[str]) -> str:
    known = next((each for each in names if each.lower() == name.lower()), None)
    if known is None:
        raise InvalidInput(
            f"The table has no column {name!r}.", hint=did_you_mean(name, names) or f"It has {', '.join(names[:40])}."
        )
    return f"`{known}`"


def _instant(value: Any) -> int:
    if isinstance(value, datetime):
        return epoch_ms(value if value.tzinfo else value.replace(tzinfo=UTC))
    if isinstance(value, date):
        return epoch_ms(datetime(value.year, value.month, value.day, tzinfo=UTC))
    if isinstance(value, int):
        return value
    raise InvalidInput(f"{value!r} is no instant.", hint="Name a column of timestamps or dates as the time.")
