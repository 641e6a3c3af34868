"""The verbs that read metric tables for people, with the rights of who asks. Each is one statement, or two."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.foundation.clock import epoch_ms, from_epoch_ms
from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import Principal
from boathouse.monitoring.metrics.profile_rows import model_column
from boathouse.monitoring.monitors import repository as rows
from boathouse.monitoring.monitors.access import MonitorNotFound
from boathouse.monitoring.monitors.nouns import Monitor
from boathouse.monitoring.monitors.settings import TABLE
from boathouse.monitoring.readings.nouns import (
    MOST_WINDOWS,
    Choices,
    DriftRow,
    Farthest,
    Reading,
    Shape,
    Shapes,
    Wanted,
)
from boathouse.monitoring.readings.rows import drift_row, farthest_of, instants_of, is_before, readings_of, shape_of
from boathouse.session import Session

_MOST_CHOICES = 5_000
Parameters = dict[str, Any]


class Readings:
    """Every verb takes the acting principal, is authorised and audited."""

    def __init__(self, catalog: Catalog, session_of: Callable[[Principal], Session]) -> None:
        self._catalog = catalog
        self._database = catalog.database
        self._session_of = session_of

    def choices(self, principal: Principal, table: str) -> Choices:
        """What the monitor of a table has measured; nothing before its first refresh.

        Raises:
            MonitorNotFound: The table has no monitor.
            Denied: The principal may not read the table or its metric tables.
        """
        with self._verb(principal, table):
            monitor = self._monitor(principal, table)
            model = model_column(monitor.settings)
            text = (
                f"SELECT `granularity`, `slice_key`, `slice_value`, {_model(model)} AS model, `column_name`, "
                "max(`data_type`) AS data_type, max(`window`.`end`) AS newest "
                f"FROM {monitor.profile_table.quoted()} WHERE `log_type` = 'INPUT' "
                f"GROUP BY `granularity`, `slice_key`, `slice_value`, {_model(model)}, `column_name` "
                f"LIMIT {_MOST_CHOICES}"
            )
            try:
                found = self._session_of(principal).sql(text).rows()
            except NotFound:
                return Choices()
            return _choices(monitor, found)

    def series(self, principal: Principal, wanted: Wanted) -> list[Reading]:
        """What was measured in the newest windows, in time; figures of drift stand beside those of the profile, those
        against the window before as ``consecutive.js_distance``. Raises as :meth:`choices`."""
        if not 1 <= wanted.windows <= MOST_WINDOWS:
            raise InvalidInput(f"{wanted.windows} windows cannot be shown; at most {MOST_WINDOWS:,} can.")
        with self._verb(principal, wanted.table):
            monitor = self._monitor(principal, wanted.table)
            session = self._session_of(principal)
            conditions, parameters = _conditions(monitor, wanted)
            where = f"`column_name` = :column AND {conditions}"
            parameters |= {"column": wanted.column}
            newest = f"ORDER BY `window`.`start` DESC LIMIT {int(wanted.windows)}"
            profile = session.sql(
                "SELECT * EXCEPT (`quantiles`, `frequent_items`, `non_null_columns`) "
                f"FROM {monitor.profile_table.quoted()} WHERE `log_type` = 'INPUT' AND {where} {newest}",
                parameters,
            ).rows()
            drift = self._drift_rows(session, monitor, f"{where} ORDER BY `window`.`start` DESC", parameters,
                                     2 * wanted.windows)  # fmt: skip
            return readings_of(profile, drift)

    def drift(self, principal: Principal, wanted: Wanted, window: int | None = None) -> list[DriftRow]:
        """How far the columns of a window (by its start; the newest one) are from the baseline and from the window
        before; ``wanted.column`` does not matter. Raises as :meth:`choices`."""
        with self._verb(principal, wanted.table):
            monitor = self._monitor(principal, wanted.table)
            conditions, parameters = _conditions(monitor, wanted)
            if window is not None:
                conditions += " AND `window`.`start` = :window"
                parameters["window"] = from_epoch_ms(window)
            text = f"{conditions} QUALIFY dense_rank() OVER (ORDER BY `window`.`start` DESC) = 1"
            found = self._drift_rows(self._session_of(principal), monitor, text, parameters, _MOST_CHOICES)
            return sorted((drift_row(each) for each in found), key=lambda each: (each.kind, each.column))

    def farthest(self, principal: Principal, wanted: Wanted) -> list[Farthest]:
        """In each of the newest windows the column that is farthest from the baseline (without one: from the window
        before), in time; ``wanted.column`` does not matter, and which model answered is no drift. Raises as
        :meth:`choices`."""
        with self._verb(principal, wanted.table):
            monitor = self._monitor(principal, wanted.table)
            conditions, parameters = _conditions(monitor, wanted)
            text = (
                f"SELECT `window`, `drift_type`, `column_name`, `js_distance` FROM {monitor.drift_table.quoted()} "
                f"WHERE {conditions} AND `js_distance` IS NOT NULL "
                f"QUALIFY dense_rank() OVER (ORDER BY `window`.`start` DESC) <= {int(wanted.windows)} "
                f"LIMIT {_MOST_CHOICES}"
            )
            try:
                found = self._session_of(principal).sql(text, parameters).rows()
                model = (monitor.settings.model_id or "").lower()
                return farthest_of([row for row in found if row["column_name"].lower() != model])
            except NotFound:
                return []

    def shapes(self, principal: Principal, wanted: Wanted, window: int | None = None) -> Shapes:
        """How the values of a column are distributed in a window (by its start; the newest one), in the one before, and
        in the baseline. Raises as :meth:`choices`."""
        if wanted.column == TABLE:
            return Shapes()
        with self._verb(principal, wanted.table):
            monitor = self._monitor(principal, wanted.table)
            conditions, parameters = _conditions(monitor, wanted, model="model_id", is_summary=True)
            parameters["column"] = wanted.column
            until = ""
            if window is not None:
                until, parameters["until"] = " AND `window_start` <= :until", from_epoch_ms(window)
            slices, _ = _slice(wanted, {})
            text = (
                "SELECT `log_type`, `window_start`, `window_end`, `count`, `nulls`, `min`, `max`, `edges`, "
                f"`histogram`, `items`, `other_items` FROM {monitor.summary_table.quoted()} "
                f"WHERE `column_name` = :column AND ((`log_type` = 'INPUT' AND {conditions}{until}) "
                f"OR (`log_type` = 'BASELINE' AND {slices})) "
                "QUALIFY row_number() OVER (PARTITION BY `log_type` ORDER BY `window_start` DESC) <= 2"
            )
            try:
                return _shapes(self._session_of(principal).sql(text, parameters).rows(), window)
            except NotFound:
                return Shapes()

    # --- within

    def _drift_rows(
        self, session: Session, monitor: Monitor, where: str, parameters: Parameters, most: int
    ) -> list[dict[str, Any]]:
        text = (
            f"SELECT * EXCEPT (`non_null_columns_delta`) FROM {monitor.drift_table.quoted()} WHERE {where} LIMIT {most}"
        )
        try:
            return session.sql(text, parameters).rows()
        except NotFound:
            return []

    def _monitor(self, principal: Principal, table: str) -> Monitor:
        self._catalog.grants.require(principal, Privilege.SELECT, SecurableKind.TABLE, table)
        with self._database.read() as connection:
            found = rows.find_monitor(connection, str(TableName.parse(table)))
        if found is None:
            raise MonitorNotFound(f"{table} has no monitor.", hint="List those there are: boathouse monitor list")
        return found

    def _verb(self, principal: Principal, table: str) -> Any:
        return self._catalog.audit.verb(principal, "monitoring", "readMetrics", SecurableKind.TABLE, table)


def _model(name: str | None) -> str:
    return f"`{name}`" if name is not None else "CAST(NULL AS STRING)"


def _conditions(
    monitor: Monitor, wanted: Wanted, *, model: str | None = None, is_summary: bool = False
) -> tuple[str, Parameters]:
    """Which rows of a metric table are meant, apart from their column."""
    parameters: Parameters = {}
    conditions: list[str] = []
    if wanted.granularity is None:
        conditions.append("`granularity` IS NULL")
    else:
        conditions.append("`granularity` = :granularity")
        parameters["granularity"] = wanted.granularity
    text, parameters = _slice(wanted, parameters)
    conditions.append(text)
    has_models = monitor.settings.model_id is not None
    name = model if is_summary else model_column(monitor.settings)
    if has_models and name is not None:
        conditions.append(f"`{name}` = :model")
        parameters["model"] = wanted.model or "*"
    return " AND ".join(conditions), parameters


def _slice(wanted: Wanted, parameters: Parameters) -> tuple[str, Parameters]:
    if wanted.slice_key is None:
        return "`slice_key` IS NULL", parameters
    told = {"slice_key": wanted.slice_key, "slice_value": wanted.slice_value}
    return "(`slice_key` = :slice_key AND `slice_value` <=> :slice_value)", {**parameters, **told}


def _choices(monitor: Monitor, found: Sequence[Mapping[str, Any]]) -> Choices:
    columns: dict[str, str | None] = {}
    newest: dict[str | None, int] = {}
    for row in found:
        columns[row["column_name"]] = row["data_type"] or columns.get(row["column_name"])
        end = epoch_ms(row["newest"])
        newest[row["granularity"]] = max(end, newest.get(row["granularity"], end))
    known = [each for each in (*monitor.settings.granularities, None) if each in newest]
    slices = {(row["slice_key"], row["slice_value"]) for row in found if row["slice_key"] is not None}
    models = {row["model"] for row in found if row["model"] not in (None, "*")}
    return Choices(
        dict(sorted(columns.items())),
        tuple(dict.fromkeys([*known, *newest])),
        tuple(sorted(slices, key=lambda each: (each[0], each[1] or ""))),
        tuple(sorted(models)),
        newest,
    )


def _shapes(found: Sequence[Mapping[str, Any]], window: int | None) -> Shapes:
    own = [shape_of(row) for row in found if row["log_type"] == "INPUT"]
    baseline = next((shape_of(row) for row in found if row["log_type"] == "BASELINE"), None)
    ordered: list[Shape] = sorted(own, key=instants_of, reverse=True)
    first = next((each for each in ordered if window is None or each.start == window), None)
    before = next((each for each in ordered if first is not None and is_before(each, first)), None)
    return Shapes(first, before, baseline)
