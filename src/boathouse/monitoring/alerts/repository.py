"""The rows of rules: what is in force, what was, and how far each has looked."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from boathouse.foundation.shapes import fit
from boathouse.metastore.upserting import insert_into
from boathouse.monitoring.alerts.nouns import Alert, Seen
from boathouse.monitoring.alerts.rules import AlertRule
from boathouse.monitoring.alerts.schema import alert_rules, alert_seen, alerts

_a, _r, _s = alerts.c, alert_rules.c, alert_seen.c


def put(
    connection: Connection, alert_id: str, name: str, rule: AlertRule, *, at: int, by: str, origin: str | None
) -> int:
    """Put a rule in force under a name that has none, or instead of the one before; gives its revision."""
    before = connection.execute(select(_a.revision).where(_a.alert_id == alert_id)).scalar()
    revision = (before or 0) + 1
    values = {"name": name, "name_key": name.lower(), "subject": rule.subject, "revision": revision, "origin": origin}
    if before is None:
        connection.execute(insert(alerts).values(alert_id=alert_id, created_at=at, **values))
    else:
        connection.execute(_close(alert_id, at))
        connection.execute(update(alerts).where(_a.alert_id == alert_id).values(**values))
    document = json.dumps(document_of(rule), ensure_ascii=False)
    connection.execute(
        insert(alert_rules).values(alert_id=alert_id, revision=revision, document=document, valid_from=at, principal=by)
    )
    see(connection, Seen(alert_id), due_at=at)
    return revision


def withdraw(connection: Connection, alert_id: str, at: int) -> None:
    """Its name is free again; what it was stays."""
    connection.execute(_close(alert_id, at))
    connection.execute(update(alerts).where(_a.alert_id == alert_id).values(name_key=None, withdrawn_at=at))
    connection.execute(update(alert_seen).where(_s.alert_id == alert_id).values(due_at=None))


def set_origin(connection: Connection, alert_id: str, origin: str | None) -> None:
    connection.execute(update(alerts).where(_a.alert_id == alert_id).values(origin=origin))


def find(connection: Connection, name: str) -> Alert | None:
    """The alert that has the name now."""
    return _one(connection, _a.name_key == name.strip().lower(), _r.revision == _a.revision)


def by_id(connection: Connection, alert_id: str) -> Alert | None:
    """As it is, or was last."""
    return _one(connection, _a.alert_id == alert_id, _r.revision == _a.revision)


def by_ids(connection: Connection, ids: Sequence[str]) -> dict[str, Alert]:
    """As :func:`by_id`, of several."""
    parts = [ids[start : start + 200] for start in range(0, len(ids), 200)]
    found = [_many(connection, _a.alert_id.in_(part), _r.revision == _a.revision) for part in parts]
    return {each.alert_id: each for part in found for each in part}


def at(connection: Connection, name: str, instant: int) -> Alert | None:
    """What the name meant at an instant, be it withdrawn by now."""
    held = (_r.valid_from <= instant) & (_r.valid_to.is_(None) | (_r.valid_to > instant))
    return _one(connection, _a.name == name.strip(), held)


def revisions(connection: Connection, alert_id: str) -> list[Alert]:
    """Every rule that an alert ever had, newest first."""
    return _many(connection, _a.alert_id == alert_id)[::-1]


def every(connection: Connection) -> list[Alert]:
    """All that are in force, by name."""
    found = _many(connection, _a.withdrawn_at.is_(None), _r.revision == _a.revision)
    return sorted(found, key=lambda each: each.name.lower())


def about(connection: Connection, subject: str) -> list[Alert]:
    """Those that are in force and watch a table."""
    return _many(connection, _a.withdrawn_at.is_(None), _a.subject == subject, _r.revision == _a.revision)


# --- how far each has looked


def seen(connection: Connection, alert_id: str) -> Seen:
    row = connection.execute(select(alert_seen).where(_s.alert_id == alert_id)).first()
    if row is None:
        return Seen(alert_id)
    return Seen(alert_id, row.revision, json.loads(row.since), row.newest, row.looked_at, row.problem)


def lock(connection: Connection, alert_id: str) -> Seen:
    """As :func:`seen`; nobody else writes of this alert before the transaction ends."""
    row = {"alert_id": alert_id, "since": "{}"}
    connection.execute(insert_into(connection, alert_seen).on_conflict_do_nothing(), [row])
    connection.execute(update(alert_seen).where(_s.alert_id == alert_id).values(alert_id=alert_id))
    return seen(connection, alert_id)


def see(connection: Connection, found: Seen, *, due_at: int | None) -> None:
    """Remember how far it has looked, and when it looks again by itself."""
    values: dict[str, Any] = {
        "revision": found.revision,
        "since": json.dumps(dict(found.since)),
        "newest": found.newest,
        "looked_at": found.looked_at,
        "due_at": due_at,
        "problem": found.problem,
    }
    added = insert_into(connection, alert_seen).values(alert_id=found.alert_id, **values)
    connection.execute(added.on_conflict_do_update(index_elements=["alert_id"], set_=values))


def put_off(connection: Connection, alert_id: str, due_at: int) -> None:
    """Let it look again at a time, whatever it has seen."""
    connection.execute(update(alert_seen).where(_s.alert_id == alert_id).values(due_at=due_at))


def due(connection: Connection, now: int) -> list[Alert]:
    """Those whose time to look has come."""
    ids = select(_s.alert_id).where(_s.due_at <= now)
    return _many(connection, _a.alert_id.in_(ids), _a.withdrawn_at.is_(None), _r.revision == _a.revision)


# --- within


def document_of(rule: AlertRule) -> dict[str, Any]:
    """A rule as it is stored, compared and shown: what was said, without defaults."""
    return rule.model_dump(mode="json", exclude_defaults=True)


def _close(alert_id: str, at: int) -> Any:
    return update(alert_rules).where(_r.alert_id == alert_id, _r.valid_to.is_(None)).values(valid_to=at)


def _one(connection: Connection, *conditions: Any) -> Alert | None:
    found = _many(connection, *conditions)
    return found[-1] if found else None


def _many(connection: Connection, *conditions: Any) -> list[Alert]:
    columns = (_a.name, _a.created_at, _a.origin)
    query = select(alert_rules, *columns).join(alerts, _a.alert_id == _r.alert_id).where(*conditions)
    return [_alert(row) for row in connection.execute(query.order_by(_r.valid_from, _r.revision))]


def _alert(row: Row[Any]) -> Alert:
    rule = fit(AlertRule, json.loads(row.document), what="The alert")
    return Alert(
        row.alert_id, row.name, rule, row.revision, row.principal, row.valid_from, row.valid_to, row.created_at,
        row.origin,
    )  # fmt: skip
