"""The rows of what fired, what ended, and who wanted not to be told."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from boathouse.foundation.ids import new_id
from boathouse.monitoring.alerts.nouns import Alert, Firing, Series, Silence, Verdict
from boathouse.monitoring.alerts.rules import Severity
from boathouse.monitoring.alerts.schema import alert_firings, alert_silences

_f, _q = alert_firings.c, alert_silences.c
KEPT_PER_SERIES = 50
"""Firings of one series that a look compares with."""


def of_alert(connection: Connection, alert_id: str, *, since: int) -> dict[str, list[Firing]]:
    """By series: what is open, and what ended in a window from ``since`` on."""
    is_recent = _f.resolved_at.is_(None) | (_f.resolved_window >= since)
    query = select(alert_firings).where(_f.alert_id == alert_id, is_recent).order_by(_f.sequence)
    found: dict[str, list[Firing]] = {}
    for row in connection.execute(query):
        found.setdefault(row.series, []).append(_firing(row))
    return {series: each[-KEPT_PER_SERIES:] for series, each in found.items()}


def fire(connection: Connection, alert: Alert, series: Series, first: Verdict, last: Verdict, now: int) -> Firing:
    """Write down that a series is wrong."""
    firing_id = new_id()
    connection.execute(
        insert(alert_firings).values(
            firing_id=firing_id,
            alert_id=alert.alert_id,
            revision=alert.revision,
            series=series.key,
            severity=alert.rule.severity.value,
            began=first.point.start,
            window_start=last.point.start,
            window_end=last.point.end,
            value=_number(last.point.value),
            threshold=_number(last.threshold),
            why=last.why,
            fired_at=now,
            is_settled=False,
        )
    )
    return find(connection, firing_id)


def last(connection: Connection, firing: Firing, wrong: Verdict) -> None:
    """It is still wrong; remember the last window of which that is known."""
    values = {
        "window_start": wrong.point.start, "window_end": wrong.point.end, "value": _number(wrong.point.value),
        "threshold": _number(wrong.threshold), "why": wrong.why,
    }  # fmt: skip
    connection.execute(update(alert_firings).where(_f.firing_id == firing.firing_id).values(**values))


def resolve(
    connection: Connection, firing: Firing, now: int, *, window: int | None, by: str | None = None, why: str
) -> Firing:
    """It is fine again, or somebody says so."""
    values = {"resolved_at": now, "resolved_window": window, "resolved_by": by, "resolution": why,
              "is_settled": False}  # fmt: skip
    is_open = (_f.firing_id == firing.firing_id) & _f.resolved_at.is_(None)
    connection.execute(update(alert_firings).where(is_open).values(**values))
    return find(connection, firing.firing_id)


def acknowledge(connection: Connection, firing: Firing, now: int, *, by: str, why: str) -> Firing:
    """Somebody sees to it."""
    values = {"acknowledged_at": now, "acknowledged_by": by, "acknowledgement": why}
    is_open = (_f.firing_id == firing.firing_id) & _f.resolved_at.is_(None)
    connection.execute(update(alert_firings).where(is_open).values(**values))
    return find(connection, firing.firing_id)


def find(connection: Connection, firing_id: str) -> Firing:
    return _firing(connection.execute(select(alert_firings).where(_f.firing_id == firing_id)).one())


def open_of(connection: Connection, alert_ids: Sequence[str]) -> list[Firing]:
    """What is wrong now, oldest first."""
    found: list[Firing] = []
    for start in range(0, len(alert_ids), 200):
        mine = _f.alert_id.in_(alert_ids[start : start + 200]) & _f.resolved_at.is_(None)
        rows = connection.execute(select(alert_firings).where(mine).order_by(_f.sequence))
        found += [_firing(row) for row in rows]
    return found


def every_open(connection: Connection) -> list[Firing]:
    """Everything that is wrong now, oldest first."""
    rows = connection.execute(select(alert_firings).where(_f.resolved_at.is_(None)).order_by(_f.sequence))
    return [_firing(row) for row in rows]


def history(
    connection: Connection, *, alert_ids: Sequence[str] | None = None, limit: int = 100, before: int | None = None,
    since: int | None = None,
) -> list[Firing]:  # fmt: skip
    """Newest first."""
    query = select(alert_firings).order_by(_f.sequence.desc()).limit(limit)
    if alert_ids is not None:
        query = query.where(_f.alert_id.in_(list(alert_ids)))
    if before is not None:
        query = query.where(_f.sequence < before)
    if since is not None:
        query = query.where(_f.fired_at >= since)
    return [_firing(row) for row in connection.execute(query)]


# --- telling


def unsettled(connection: Connection) -> list[Firing]:
    """Those of which somebody may still have to be told, oldest first."""
    query = select(alert_firings).where(_f.is_settled.is_(False)).order_by(_f.sequence)
    return [_firing(row) for row in connection.execute(query)]


def told(connection: Connection, firing_ids: Iterable[str], *, is_settled: bool = False, **at: int) -> None:
    """Remember when what was told."""
    mine = _f.firing_id.in_(list(firing_ids))
    connection.execute(update(alert_firings).where(mine).values(is_settled=is_settled, **at))


def set_incident(connection: Connection, firing_ids: Iterable[str], incident: int) -> None:
    connection.execute(update(alert_firings).where(_f.firing_id.in_(list(firing_ids))).values(incident=incident))


# --- incidents


def without_incident(connection: Connection) -> list[Firing]:
    """What is wrong and belongs to no incident, oldest first."""
    mine = _f.resolved_at.is_(None) & _f.incident.is_(None)
    return [_firing(row) for row in connection.execute(select(alert_firings).where(mine).order_by(_f.sequence))]


def of_incident(connection: Connection, incident: int) -> list[Firing]:
    query = select(alert_firings).where(_f.incident == incident).order_by(_f.sequence)
    return [_firing(row) for row in connection.execute(query)]


def ended_in_incidents(connection: Connection) -> list[Firing]:
    """What is fine again, and whose incident does not know yet."""
    mine = _f.incident.is_not(None) & _f.resolved_at.is_not(None) & _f.incident_told_at.is_(None)
    return [_firing(row) for row in connection.execute(select(alert_firings).where(mine).order_by(_f.sequence))]


def told_to_incident(connection: Connection, firing_ids: Iterable[str], at: int) -> None:
    mine = _f.firing_id.in_(list(firing_ids))
    connection.execute(update(alert_firings).where(mine).values(incident_told_at=at))


# --- silences


def add_silence(connection: Connection, silence: Silence) -> None:
    values = {name: getattr(silence, name) for name in Silence.__slots__}
    connection.execute(insert(alert_silences).values(**values))


def end_silence(connection: Connection, silence_id: str, at: int, by: str) -> bool:
    mine = (_q.silence_id == silence_id) & _q.ended_at.is_(None)
    ended = connection.execute(update(alert_silences).where(mine).values(ended_at=at, ended_by=by))
    return bool(ended.rowcount)


def silences(connection: Connection, *, now: int | None = None) -> list[Silence]:
    """All of them, newest first; with ``now``, those in force then."""
    query = select(alert_silences).order_by(_q.created_at.desc())
    if now is not None:
        query = query.where(_q.until > now, _q.created_at <= now, or_(_q.ended_at.is_(None), _q.ended_at > now))
    return [Silence(*(getattr(row, name) for name in Silence.__slots__)) for row in connection.execute(query)]


# --- within

_PLAIN = tuple(name for name in Firing.__slots__ if name not in ("series", "severity"))


def _firing(row: Row[Any]) -> Firing:
    return Firing(
        series=Series.read(row.series),
        severity=Severity(row.severity),
        **{name: getattr(row, name) for name in _PLAIN},
    )


def _number(value: float | None) -> float | None:
    """Infinity has no place in JSON, and none in some databases."""
    return None if value is None or value != value or value in (float("inf"), float("-inf")) else value
