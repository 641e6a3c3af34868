"""What stands behind a figure: from a row of the metric tables to the table's version and the rows, or requests."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.foundation.clock import epoch_ms, from_epoch_ms
from boathouse.foundation.errors import InvalidInput, NotFound
from boathouse.foundation.principals import Principal
from boathouse.monitoring.metrics.profile_rows import model_column
from boathouse.monitoring.monitors import repository as monitors
from boathouse.monitoring.monitors.nouns import Monitor
from boathouse.session import Session

MOST_ROWS = 1_000
_IDS = ("databricks_request_id", "row_number", "client_request_id")


@dataclass(frozen=True, slots=True)
class Figure:
    """Which row of the metric tables is meant."""

    table: str
    """The monitored table."""
    column: str | None = None
    """None: the table as a whole."""
    window: int | None = None
    """Its start; None: the newest."""
    granularity: str | None = None
    slice_key: str | None = None
    slice_value: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Behind:
    """What a figure was computed from."""

    figure: Mapping[str, Any]
    """The row of the profile table, without what is empty."""
    window: tuple[int, int]
    table: str
    version: int | None
    """Of the monitored table, as the refresh has read it."""
    refresh: Mapping[str, Any]
    query: str
    """Gives the rows; with the parameters it can be run as it is."""
    parameters: Mapping[str, Any]
    count: int
    rows: tuple[Mapping[str, Any], ...]
    """Some of them: what names them, and the column."""


class Figures:
    """Leads from a figure to what it was computed from, with the rights of who asks."""

    def __init__(self, catalog: Catalog, session_of: Callable[[Principal], Session]) -> None:
        self._catalog = catalog
        self._database = catalog.database
        self._session_of = session_of

    def behind(self, principal: Principal, figure: Figure, *, limit: int = 20) -> Behind:
        """
        Raises:
            NotFound: The table has no monitor, or the metric tables have no such row.
            Denied: The principal may not read the table or its metric tables.
        """
        if not 0 <= limit <= MOST_ROWS:
            raise InvalidInput(f"{limit} rows cannot be shown; at most {MOST_ROWS:,} can.")
        with self._catalog.audit.verb(principal, "monitors", "getRowsBehind", SecurableKind.TABLE, figure.table):
            self._catalog.grants.require(principal, Privilege.SELECT, SecurableKind.TABLE, figure.table)
            with self._database.read() as connection:
                monitor = monitors.find_monitor(connection, figure.table)
            if monitor is None:
                raise NotFound(f"{figure.table} has no monitor.")
            session = self._session_of(principal)
            row = self._row(session, monitor, figure)
            refresh = self._refresh(row.get("refresh_id"))
            window = (epoch_ms(row["window"]["start"]), epoch_ms(row["window"]["end"]))
            version = _version(row, refresh)
            text, parameters = _rows_text(monitor, row, version)
            count = session.sql(f"SELECT count(*) AS n {text}", parameters).rows()[0]["n"]
            names = session.sql(f"SELECT * FROM {monitor.table.quoted()} LIMIT 0").columns
            shown = _shown(names, monitor, figure.column)
            some = session.sql(f"SELECT {shown} {text} LIMIT {int(limit)}", parameters).rows()
            filled = {name: value for name, value in row.items() if value is not None and name != "window"}
            return Behind(
                filled, window, monitor.table_name, version, refresh, f"SELECT {shown} {text}", parameters, count,
                tuple(some),
            )  # fmt: skip

    def _row(self, session: Session, monitor: Monitor, figure: Figure) -> Mapping[str, Any]:
        conditions, parameters = ["`log_type` = 'INPUT'", "`column_name` = :column"], dict[str, Any]()
        parameters["column"] = figure.column or ":table"
        if figure.window is not None:
            conditions.append("`window`.`start` = :window")
            parameters["window"] = from_epoch_ms(figure.window)
        if figure.granularity is not None:
            conditions.append("`granularity` = :granularity")
            parameters["granularity"] = figure.granularity
        if figure.slice_key is None:
            conditions.append("`slice_key` IS NULL")
        else:
            conditions.append("`slice_key` = :slice_key AND `slice_value` <=> :slice_value")
            parameters |= {"slice_key": figure.slice_key, "slice_value": figure.slice_value}
        if (model := model_column(monitor.settings)) is not None:
            conditions.append(f"`{model}` = :model")
            parameters["model"] = figure.model or "*"
        found = session.sql(
            f"SELECT * FROM {monitor.profile_table.quoted()} WHERE {' AND '.join(conditions)} "
            "ORDER BY `window`.`start` DESC LIMIT 1",
            parameters,
        ).rows()
        if not found:
            raise NotFound(
                f"The metrics of {figure.table} have no such row.",
                hint=f"Look: SELECT * FROM {monitor.profile_table} ORDER BY window.start DESC",
            )
        return found[0]

    def _refresh(self, refresh_id: int | None) -> Mapping[str, Any]:
        if refresh_id is None:
            return {}
        with self._database.read() as connection:
            found = monitors.find_refresh(connection, refresh_id)
        if found is None:
            return {"refresh_id": refresh_id}
        return {
            "refresh_id": found.refresh_id, "run_id": found.run_id, "started_at": found.started_at,
            "ended_at": found.ended_at, "requested_by": found.requested_by, "result": dict(found.result),
        }  # fmt: skip


def _version(row: Mapping[str, Any], refresh: Mapping[str, Any]) -> int | None:
    told = row.get("logging_table_commit_version")
    if told is not None:
        return int(told)
    version = refresh.get("result", {}).get("table_version")
    return None if version is None else int(version)


def _rows_text(monitor: Monitor, row: Mapping[str, Any], version: int | None) -> tuple[str, dict[str, Any]]:
    """FROM and WHERE of the rows behind a figure."""
    settings = monitor.settings
    conditions, parameters = ["true"], dict[str, Any]()
    if settings.timestamp is not None:
        conditions.append(f"`{settings.timestamp}` >= :since AND `{settings.timestamp}` < :until")
        parameters |= {"since": row["window"]["start"], "until": row["window"]["end"]}
    if row.get("slice_key") is not None:
        if row["slice_key"] not in settings.slices:
            raise NotFound(f"The slice {row['slice_key']} is not watched any more.")
        conditions.append(f"CAST(({row['slice_key']}\n) AS STRING) <=> :slice_value")
        parameters["slice_value"] = row["slice_value"]
    model = model_column(settings)
    if model is not None and row.get(model) not in (None, "*"):
        conditions.append(f"CAST(`{settings.model_id}` AS STRING) = :model_id")
        parameters["model_id"] = row[model]
    as_of = "" if version is None else f" VERSION AS OF {version}"
    return f"FROM {monitor.table.quoted()}{as_of} WHERE {' AND '.join(conditions)}", parameters


def _shown(names: list[str], monitor: Monitor, column: str | None) -> str:
    """What names a row, when it was, and the column that is asked about."""
    ids = [name for name in _IDS if name in names]
    wanted = [
        *ids,
        *((monitor.settings.timestamp,) if monitor.settings.timestamp else ()),
        *((column,) if column else ()),
    ]
    known = {name.lower(): name for name in names}
    chosen = [known[each.lower()] for each in wanted if each.lower() in known]
    if not ids:
        chosen = [*dict.fromkeys([*chosen, *names])]
    return ", ".join(f"`{each}`" for each in dict.fromkeys(chosen)) or "*"


def behind_json(found: Behind) -> dict[str, Any]:
    return {
        "table": found.table, "version": found.version, "window": {"start": found.window[0], "end": found.window[1]},
        "figure": _plain(dict(found.figure)), "refresh": dict(found.refresh), "query": found.query,
        "parameters": dict(found.parameters), "count": found.count, "rows": [_plain(dict(each)) for each in found.rows],
    }  # fmt: skip


def _plain(value: Any) -> Any:
    """Without NaN and infinity, which JSON has no words for."""
    match value:
        case float() if not math.isfinite(value):
            return str(value)
        case dict():
            return {name: _plain(each) for name, each in cast(dict[str, Any], value).items()}
        case list() | tuple():
            return [_plain(each) for each in cast(list[Any], value)]
        case _:
            return value
