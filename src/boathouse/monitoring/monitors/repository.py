"""The tables of this room: monitors, what each was at any time, and their refreshes."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from boathouse.foundation.shapes import fit
from boathouse.metastore import COUNTER, metadata
from boathouse.monitoring.monitors.nouns import Monitor, Progress, Refresh, RefreshState, RefreshTrigger, Span
from boathouse.monitoring.monitors.settings import MonitorSettings

monitors = Table(
    "monitors",
    metadata,
    Column("monitor_id", String(36), primary_key=True),
    Column("table_name", String(767), nullable=False, unique=True),
    Column("table_id", String(36)),
    Column("document", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("owner", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("job_id", BigInteger),
    Column("failure", Text),
    Column("origin", Text),
    Column("progress", Text),
)
monitor_versions = Table(
    "monitor_versions",
    metadata,
    Column("monitor_id", String(36), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("document", Text, nullable=False),
    Column("valid_from", BigInteger, nullable=False),
    Column("valid_to", BigInteger),
    Column("principal", Text, nullable=False),
)
monitor_refreshes = Table(
    "monitor_refreshes",
    metadata,
    Column("refresh_id", COUNTER, primary_key=True, autoincrement=True),
    Column("monitor_id", String(36), nullable=False),
    Column("table_name", String(767), nullable=False),
    Column("state", String(16), nullable=False),
    Column("trigger", String(16), nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("message", Text),
    Column("run_id", BigInteger),
    Column("backfill_start", BigInteger),
    Column("backfill_end", BigInteger),
    Column("is_full", Boolean, nullable=False),
    Column("result", Text),
    Index("ix_monitor_refreshes_monitor_id", "monitor_id"),
    Index("ix_monitor_refreshes_state", "state"),
    sqlite_autoincrement=True,
)
_m, _v, _r = monitors.c, monitor_versions.c, monitor_refreshes.c
_OPEN = (RefreshState.PENDING.value, RefreshState.RUNNING.value)


# --- monitors


def insert_monitor(connection: Connection, monitor: Monitor) -> None:
    connection.execute(
        insert(monitors).values(
            monitor_id=monitor.monitor_id,
            table_name=monitor.table_name,
            table_id=monitor.table_id,
            document=_text(monitor.settings),
            version=monitor.version,
            owner=monitor.owner,
            created_at=monitor.created_at,
            changed_at=monitor.changed_at,
            job_id=monitor.job_id,
            failure=monitor.failure,
            origin=monitor.origin,
        )
    )
    _keep_version(connection, monitor, monitor.owner)


def change_monitor(connection: Connection, monitor_id: str, **changes: Any) -> None:
    connection.execute(update(monitors).where(_m.monitor_id == monitor_id).values(**changes))


def put_settings(connection: Connection, monitor: Monitor, by: str) -> None:
    """Keep what a monitor is from now on."""
    change_monitor(
        connection,
        monitor.monitor_id,
        document=_text(monitor.settings),
        version=monitor.version,
        changed_at=monitor.changed_at,
    )
    _keep_version(connection, monitor, by)


def remove_monitor(connection: Connection, monitor_id: str, at: int) -> None:
    """Watch no more; what the monitor was and what its refreshes did stays on record."""
    _close_version(connection, monitor_id, at)
    connection.execute(delete(monitors).where(_m.monitor_id == monitor_id))


def find_monitor(connection: Connection, table_name: str) -> Monitor | None:
    row = connection.execute(select(monitors).where(_m.table_name == table_name)).first()
    return None if row is None else _monitor(row)


def monitor_of_id(connection: Connection, monitor_id: str) -> Monitor | None:
    row = connection.execute(select(monitors).where(_m.monitor_id == monitor_id)).first()
    return None if row is None else _monitor(row)


def monitor_of_table_id(connection: Connection, table_id: str) -> Monitor | None:
    row = connection.execute(select(monitors).where(_m.table_id == table_id)).first()
    return None if row is None else _monitor(row)


def every_monitor(connection: Connection) -> list[Monitor]:
    return [_monitor(row) for row in connection.execute(select(monitors).order_by(_m.table_name))]


def failing_monitors(connection: Connection) -> list[Monitor]:
    """Those whose last refresh has failed; few, so that they are found without reading all."""
    failed = select(monitors).where(_m.job_id.is_not(None), _m.failure.is_not(None))
    return [_monitor(row) for row in connection.execute(failed.order_by(_m.table_name))]


def waiting_monitors(connection: Connection) -> list[Monitor]:
    """Those whose table was not there, or that have no job yet."""
    return [_monitor(row) for row in connection.execute(select(monitors).where(_m.job_id.is_(None)))]


def progress_of(connection: Connection, monitor_id: str) -> Progress:
    text = connection.execute(select(_m.progress).where(_m.monitor_id == monitor_id)).scalar()
    return Progress.from_json(json.loads(text)) if text else Progress()


def put_progress(connection: Connection, monitor_id: str, progress: Progress) -> None:
    change_monitor(connection, monitor_id, progress=json.dumps(progress.to_json()))


def settings_at(connection: Connection, table_name: str, instant: int) -> tuple[int, MonitorSettings] | None:
    """The version and the settings of a table's monitor at an instant."""
    joined = monitor_versions.join(monitors, _m.monitor_id == _v.monitor_id)
    held = (_v.valid_from <= instant) & (_v.valid_to.is_(None) | (_v.valid_to > instant))
    query = select(_v.version, _v.document).select_from(joined).where(_m.table_name == table_name, held)
    row = connection.execute(query.order_by(_v.revision.desc()).limit(1)).first()
    return None if row is None else (row.version, _settings(row.document))


# --- refreshes


def insert_refresh(connection: Connection, refresh: Refresh) -> Refresh:
    """Keep a new refresh; it gets its number."""
    done = connection.execute(insert(monitor_refreshes).values(_columns(refresh)))
    return replace(refresh, refresh_id=int(done.inserted_primary_key[0]))  # pyright: ignore[reportOptionalSubscript]


def change_refresh(connection: Connection, refresh_id: int, **changes: Any) -> bool:
    """Change a refresh that has not ended; False when it has."""
    if "result" in changes:
        changes["result"] = json.dumps(changes["result"], ensure_ascii=False)
    query = update(monitor_refreshes).where(_r.refresh_id == refresh_id, _r.state.in_(_OPEN))
    return connection.execute(query.values(**changes)).rowcount > 0


def find_refresh(connection: Connection, refresh_id: int) -> Refresh | None:
    row = connection.execute(select(monitor_refreshes).where(_r.refresh_id == refresh_id)).first()
    return None if row is None else _refresh(row)


def refresh_of_run(connection: Connection, monitor_id: str, run_id: int) -> Refresh | None:
    query = select(monitor_refreshes).where(_r.monitor_id == monitor_id, _r.run_id == run_id)
    row = connection.execute(query.order_by(_r.refresh_id.desc()).limit(1)).first()
    return None if row is None else _refresh(row)


def refreshes_of(connection: Connection, monitor_id: str, limit: int) -> list[Refresh]:
    """Newest first."""
    query = select(monitor_refreshes).where(_r.monitor_id == monitor_id).order_by(_r.refresh_id.desc()).limit(limit)
    return [_refresh(row) for row in connection.execute(query)]


def latest_refreshes(connection: Connection) -> dict[str, Refresh]:
    """The newest of each monitor, by its id."""
    newest = select(func.max(_r.refresh_id)).group_by(_r.monitor_id)
    query = select(monitor_refreshes).where(_r.refresh_id.in_(newest))
    return {row.monitor_id: _refresh(row) for row in connection.execute(query)}


def every_progress(connection: Connection) -> dict[str, Progress]:
    """How far each monitor has come, by its id."""
    found = connection.execute(select(_m.monitor_id, _m.progress).where(_m.progress.is_not(None)))
    return {row.monitor_id: Progress.from_json(json.loads(row.progress)) for row in found}


def open_refreshes(connection: Connection, monitor_id: str | None = None) -> list[Refresh]:
    """Those that have not ended."""
    query = select(monitor_refreshes).where(_r.state.in_(_OPEN))
    if monitor_id is not None:
        query = query.where(_r.monitor_id == monitor_id)
    return [_refresh(row) for row in connection.execute(query.order_by(_r.refresh_id))]


# --- within


def _keep_version(connection: Connection, monitor: Monitor, by: str) -> None:
    _close_version(connection, monitor.monitor_id, monitor.changed_at)
    last = select(func.max(_v.revision)).where(_v.monitor_id == monitor.monitor_id)
    connection.execute(
        insert(monitor_versions).values(
            monitor_id=monitor.monitor_id,
            revision=(connection.execute(last).scalar() or 0) + 1,
            version=monitor.version,
            document=_text(monitor.settings),
            valid_from=monitor.changed_at,
            principal=by,
        )
    )


def _close_version(connection: Connection, monitor_id: str, at: int) -> None:
    held = (_v.monitor_id == monitor_id) & _v.valid_to.is_(None)
    connection.execute(update(monitor_versions).where(held).values(valid_to=at))


def _text(settings: MonitorSettings) -> str:
    return json.dumps(settings.document(), ensure_ascii=False)


def _settings(text: str) -> MonitorSettings:
    return fit(MonitorSettings, json.loads(text), what="The monitor")


def _monitor(row: Row[Any]) -> Monitor:
    return Monitor(
        monitor_id=row.monitor_id,
        table_name=row.table_name,
        settings=_settings(row.document),
        version=row.version,
        owner=row.owner,
        created_at=row.created_at,
        changed_at=row.changed_at,
        table_id=row.table_id,
        job_id=row.job_id,
        failure=row.failure,
        origin=row.origin,
    )


def _columns(refresh: Refresh) -> dict[str, Any]:
    return {
        "monitor_id": refresh.monitor_id,
        "table_name": refresh.table_name,
        "state": refresh.state.value,
        "trigger": refresh.trigger.value,
        "requested_by": refresh.requested_by,
        "started_at": refresh.started_at,
        "run_id": refresh.run_id,
        "backfill_start": refresh.backfill.start if refresh.backfill else None,
        "backfill_end": refresh.backfill.end if refresh.backfill else None,
        "is_full": refresh.is_full,
    }


def _refresh(row: Row[Any]) -> Refresh:
    return Refresh(
        refresh_id=row.refresh_id,
        monitor_id=row.monitor_id,
        table_name=row.table_name,
        state=RefreshState(row.state),
        trigger=RefreshTrigger(row.trigger),
        requested_by=row.requested_by,
        started_at=row.started_at,
        ended_at=row.ended_at,
        message=row.message,
        run_id=row.run_id,
        backfill=None if row.backfill_start is None else Span(row.backfill_start, row.backfill_end),
        is_full=bool(row.is_full),
        result=json.loads(row.result) if row.result else {},
    )


def monitored_names(connection: Connection, names: Sequence[str]) -> set[str]:
    """Those of the tables that have a monitor."""
    return set(connection.execute(select(_m.table_name).where(_m.table_name.in_(names))).scalars())
