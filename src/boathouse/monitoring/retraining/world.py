"""What triggers may look at, each with the rights of whoever put the policy."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from boathouse.catalog import Catalog, Privilege
from boathouse.foundation.clock import epoch_ms, from_epoch_ms
from boathouse.foundation.errors import Conflict, InvalidInput, did_you_mean
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import Principal
from boathouse.monitoring.metrics.profile_rows import model_column
from boathouse.monitoring.monitors.nouns import Monitor
from boathouse.monitoring.monitors.repository import find_monitor
from boathouse.monitoring.retraining.triggers.contract import Champion, Figure, MetricQuestion, SeenTable
from boathouse.session import Session
from boathouse.session.session import quote_column

SessionOf = Callable[[Principal], Session]
MOST_FIGURES = 20_000
"""Rows of a metric table that one look reads, newest windows first."""
TABLE_ROW = ":table"
EVERY_MODEL = "*"


class GovernedWorld:
    """Tables by the catalog, figures by the engine."""

    def __init__(self, catalog: Catalog, session_of: SessionOf, champion: Callable[[str], Champion | None]) -> None:
        self._catalog = catalog
        self._session_of = session_of
        self._champion = champion

    def table(self, principal: Principal, name: str) -> SeenTable:
        found = self._catalog.securables.resolve_table(principal, TableName.parse(name), Privilege.SELECT)
        if found.data_source_format != "DELTA" or not found.storage_location:
            raise Conflict(f"{name} is no Delta table, so its updates cannot be seen.")
        return SeenTable(found.securable.id, found.storage_location)

    def count(self, principal: Principal, name: str) -> int:
        place = TableName.parse(name).quoted()
        found = self._session_of(principal).sql(f"SELECT count(*) AS n FROM {place}").rows()
        return int(found[0]["n"])

    def figures(self, principal: Principal, question: MetricQuestion) -> Sequence[Figure]:
        with self._catalog.database.read() as connection:
            monitor = find_monitor(connection, question.table)
        session, name = self._session_of(principal), _place(question, monitor)
        columns = session.table(name).columns
        metric = _path(question.metric, columns, str(name))
        model_named = (model_column(monitor.settings) if monitor is not None else None) or "model_id"
        conditions, parameters = _conditions(question, columns, model_named)
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        granularity = "granularity" if "granularity" in columns else "NULL"
        text = (
            f"SELECT `window`.`start` AS window_start, `window`.`end` AS window_end, column_name, "
            f"{granularity} AS granularity, CAST({metric} AS DOUBLE) AS figure FROM {name.quoted()}{where} "
            f"ORDER BY window_end DESC LIMIT {MOST_FIGURES}"
        )
        return [_figure(row) for row in session.sql(text, parameters or None).rows()]

    def champion(self, model: str) -> Champion | None:
        return self._champion(model)


def _path(metric: str, columns: Sequence[str], table: str) -> str:
    """A column, or a field of one: ``ks_test.statistic``."""
    first, *others = metric.split(".")
    known = {each.casefold(): each for each in columns}
    if first.casefold() not in known:
        hint = did_you_mean(first, columns) or f"It has {', '.join(columns[:30])}."
        raise InvalidInput(f"{table} has no column {first}.", hint=hint)
    return ".".join(quote_column(each) for each in (known[first.casefold()], *others))


def _place(question: MetricQuestion, monitor: Monitor | None) -> TableName:
    """The metric table: the one that is named, the monitor's own, else the one beside the monitored table."""
    if question.metric_table is not None:
        return TableName.parse(question.metric_table)
    if monitor is not None:
        return monitor.drift_table if question.is_drift else monitor.profile_table
    return TableName.parse(f"{question.table}_{'drift' if question.is_drift else 'profile'}_metrics")


def _conditions(question: MetricQuestion, columns: Sequence[str], model_named: str) -> tuple[list[str], dict[str, Any]]:
    """Rows of the whole table's data, not of a slice; of all versions together, unless one is named."""
    has = {each.casefold() for each in columns}
    conditions = ["slice_key IS NULL"] if "slice_key" in has else []
    parameters: dict[str, Any] = {}
    if question.column is not None:
        conditions.append("lower(column_name) = lower(:column)")
        parameters["column"] = question.column
    if question.against is not None and "drift_type" in has:
        conditions.append("drift_type = :against")
        parameters["against"] = question.against
    if question.granularity is not None and "granularity" in has:
        conditions.append("granularity = :granularity")
        parameters["granularity"] = question.granularity
    if "log_type" in has:
        conditions.append("(log_type IS NULL OR log_type = 'INPUT')")
    if model_named.casefold() in has:
        conditions.append(f"coalesce(CAST({quote_column(model_named)} AS STRING), '*') = :model_id")
        parameters["model_id"] = question.model_id or EVERY_MODEL
    if question.until is not None:
        conditions.append("`window`.`end` <= :until")
        parameters["until"] = from_epoch_ms(question.until)
    return conditions, parameters


def _figure(row: Mapping[str, Any]) -> Figure:
    value = row["figure"]
    granularity = row["granularity"]
    return Figure(
        str(row["column_name"]),
        None if granularity is None else str(granularity),
        _instant(row["window_start"] or row["window_end"]),
        _instant(row["window_end"] or row["window_start"]),
        None if value is None else float(value),
    )


def _instant(value: Any) -> int:
    if not isinstance(value, datetime):
        return 0
    return epoch_ms(value if value.tzinfo else value.replace(tzinfo=UTC))
