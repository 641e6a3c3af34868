"""The rows of incidents, their timelines, their steps, and of playbooks in time."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from boathouse.foundation.shapes import fit
from boathouse.monitoring.alerts.rules import Severity
from boathouse.monitoring.incidents.nouns import Change, Entry, EntryKind, Incident, KeptPlaybook, Step, StepState
from boathouse.monitoring.incidents.playbook import Playbook, PlaybookStep, playbook_document
from boathouse.monitoring.incidents.schema import (
    incident_entries,
    incident_steps,
    incidents,
    playbook_revisions,
    playbooks,
)

_i, _e, _s, _p, _r = incidents.c, incident_entries.c, incident_steps.c, playbooks.c, playbook_revisions.c
_OWN = ("number", "title", "subject", "is_table", "owner", "alert", "opened_at", "opened_by", "closed_at", "closed_by",
        "resolution", "playbook", "playbook_revision", "run_id")  # fmt: skip


# --- incidents


def add(connection: Connection, incident: Incident) -> Incident:
    """Keep a new incident; gives it with its number."""
    values = {name: getattr(incident, name) for name in _OWN if name != "number"}
    window = incident.window or (None, None)
    made = connection.execute(
        insert(incidents)
        .values(severity=incident.severity.value, window_start=window[0], window_end=window[1], **values)
        .returning(_i.number)
    )
    found = find(connection, made.scalar_one())
    assert found is not None
    return found


def change(connection: Connection, number: int, **values: Any) -> None:
    connection.execute(update(incidents).where(_i.number == number).values(**values))


def find(connection: Connection, number: int) -> Incident | None:
    row = connection.execute(select(incidents).where(_i.number == number)).first()
    return None if row is None else _incident(row)


def every(
    connection: Connection, *, is_open: bool | None = None, subject: str | None = None, limit: int = 200
) -> list[Incident]:
    """Newest first."""
    query = select(incidents).order_by(_i.number.desc()).limit(limit)
    if is_open is not None:
        query = query.where(_i.closed_at.is_(None) if is_open else _i.closed_at.is_not(None))
    if subject is not None:
        query = query.where(func.lower(_i.subject) == subject.lower())
    return [_incident(row) for row in connection.execute(query)]


def lock(connection: Connection, number: int) -> Incident | None:
    """As :func:`find`; nobody else changes it before the transaction ends."""
    connection.execute(update(incidents).where(_i.number == number).values(number=number))
    return find(connection, number)


# --- timelines


def note(
    connection: Connection, number: int, at: int, kind: EntryKind, text: str, principal: str,
    data: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    connection.execute(
        insert(incident_entries).values(
            number=number, at=at, kind=kind.value, text=text, principal=principal,
            data=json.dumps(dict(data or {}), ensure_ascii=False, default=str),
        )
    )  # fmt: skip


def entries(connection: Connection, number: int) -> list[Entry]:
    """In time; what happened at one instant in the order in which it was written down."""
    query = select(incident_entries).where(_e.number == number).order_by(_e.at, _e.sequence)
    return [
        Entry(row.sequence, row.number, row.at, EntryKind(row.kind), row.text, row.principal, json.loads(row.data))
        for row in connection.execute(query)
    ]


def replace_changes(connection: Connection, number: int, changes: Sequence[Change]) -> None:
    """What had changed before, as it is known now."""
    mine = (_e.number == number) & (_e.kind == EntryKind.CHANGE.value)
    connection.execute(delete(incident_entries).where(mine))
    for each in changes:
        data = {
            "kind": each.kind, "subject": each.subject, "hops": each.hops,
            "likelihood": round(each.likelihood, 3), **each.data,
        }  # fmt: skip
        note(connection, number, each.at, EntryKind.CHANGE, each.text, each.principal, data)


# --- steps


def prepare(connection: Connection, number: int, steps: Sequence[PlaybookStep]) -> None:
    """The steps of a playbook, for one incident."""
    connection.execute(delete(incident_steps).where(_s.number == number))
    for position, step in enumerate(steps, start=1):
        document = json.dumps(step.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False)
        connection.execute(
            insert(incident_steps).values(
                number=number, position=position, document=document, state=StepState.WAITING.value, facts="{}",
                attempts=0,
            )
        )  # fmt: skip


def steps(connection: Connection, number: int) -> list[Step]:
    query = select(incident_steps).where(_s.number == number).order_by(_s.position)
    return [_step(row) for row in connection.execute(query)]


def step(connection: Connection, number: int, position: int) -> Step | None:
    mine = (_s.number == number) & (_s.position == position)
    row = connection.execute(select(incident_steps).where(mine)).first()
    return None if row is None else _step(row)


def approved_steps(connection: Connection) -> list[tuple[Step, int]]:
    """Steps at which a playbook has stopped and to which somebody has agreed since, with the playbook's run."""
    mine = (_s.state == StepState.AWAITS_APPROVAL.value) & _s.approved_by.is_not(None) & _i.run_id.is_not(None)
    query = select(incident_steps, _i.run_id.label("run")).join(incidents, _i.number == _s.number).where(mine)
    return [(_step(row), row.run) for row in connection.execute(query)]


def change_step(connection: Connection, found: Step, **values: Any) -> None:
    if "facts" in values:
        values["facts"] = json.dumps(dict(values["facts"]), ensure_ascii=False, default=str)
    mine = (_s.number == found.number) & (_s.position == found.position)
    connection.execute(update(incident_steps).where(mine).values(**values))


# --- playbooks


def put_playbook(
    connection: Connection, name: str, playbook: Playbook, *, at: int, by: str, origin: str | None
) -> KeptPlaybook:
    """Let a playbook hold under a name from now on."""
    key = name.lower()
    connection.execute(_close(key, at))
    last = connection.execute(select(func.max(_r.revision)).where(_r.name_key == key)).scalar() or 0
    values = {"name": name, "revision": last + 1, "origin": origin}
    if connection.execute(select(_p.name_key).where(_p.name_key == key)).first() is None:
        connection.execute(insert(playbooks).values(name_key=key, **values))
    else:
        connection.execute(update(playbooks).where(_p.name_key == key).values(**values))
    document = json.dumps(playbook_document(playbook), ensure_ascii=False)
    connection.execute(
        insert(playbook_revisions).values(
            name_key=key, revision=last + 1, document=document, principal=by, valid_from=at
        )
    )  # fmt: skip
    found = find_playbook(connection, name)
    assert found is not None
    return found


def withdraw_playbook(connection: Connection, name: str, at: int) -> None:
    connection.execute(_close(name.lower(), at))
    connection.execute(update(playbooks).where(_p.name_key == name.lower()).values(job_id=None))


def set_playbook_job(connection: Connection, name: str, job_id: int | None) -> None:
    connection.execute(update(playbooks).where(_p.name_key == name.lower()).values(job_id=job_id))


def find_playbook(
    connection: Connection, name: str, *, at: int | None = None, revision: int | None = None
) -> KeptPlaybook | None:
    """The one in force, or the one of an instant or a revision."""
    held = _r.valid_to.is_(None)
    if at is not None:
        held = (_r.valid_from <= at) & (_r.valid_to.is_(None) | (_r.valid_to > at))
    if revision is not None:
        held = _r.revision == revision
    found = _playbooks(connection, _p.name_key == name.strip().lower(), held)
    return found[-1] if found else None


def every_playbook(connection: Connection) -> list[KeptPlaybook]:
    return sorted(_playbooks(connection, _r.valid_to.is_(None)), key=lambda each: each.name.lower())


def playbook_history(connection: Connection, name: str) -> list[KeptPlaybook]:
    """Every revision, newest first."""
    return _playbooks(connection, _p.name_key == name.strip().lower())[::-1]


# --- within


def _close(key: str, at: int) -> Any:
    return update(playbook_revisions).where(_r.name_key == key, _r.valid_to.is_(None)).values(valid_to=at)


def _playbooks(connection: Connection, *conditions: Any) -> list[KeptPlaybook]:
    columns = (_p.name, _p.job_id, _p.origin)
    query = select(playbook_revisions, *columns).join(playbooks, _p.name_key == _r.name_key).where(*conditions)
    return [
        KeptPlaybook(
            row.name, fit(Playbook, json.loads(row.document), what="The playbook"), row.revision, row.principal,
            row.valid_from, row.valid_to, row.job_id, row.origin,
        )
        for row in connection.execute(query.order_by(_r.revision))
    ]  # fmt: skip


def _incident(row: Row[Any]) -> Incident:
    window = None if row.window_start is None else (row.window_start, row.window_end)
    return Incident(
        severity=Severity(row.severity), window=window, **{name: getattr(row, name) for name in _OWN}
    )  # fmt: skip


def _step(row: Row[Any]) -> Step:
    given = fit(PlaybookStep, json.loads(row.document), what="The step")
    return Step(
        row.number, row.position, given, StepState(row.state), row.detail, json.loads(row.facts), row.begun_at,
        row.done_at, row.attempts, row.approved_by, row.approved_at,
    )  # fmt: skip
