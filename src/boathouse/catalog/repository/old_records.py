"""Which old records are forgotten: audit events by their age, lineage edges when nothing that exists needs them.

The rows are looked at in the order of their numbers, some hundred at a time. The newest row of each table always
stays: a number must never come back, and triggers count on that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, case, delete, exists, func, or_, select, text

from boathouse.catalog.lineage_names import GOVERNED
from boathouse.catalog.repository.lineage_steps import VERSION_IS_IDENTITY
from boathouse.catalog.repository.schema import audit_events, column_flows, lineage_edges, pins, securables
from boathouse.catalog.securables import NodeKind

_e = lineage_edges.c


def forget_events(connection: Connection, before: int, limit: int) -> int:
    """Delete up to ``limit`` audit events from before an instant; gives their number."""
    newest = select(func.max(audit_events.c.sequence)).scalar_subquery()
    old = (
        select(audit_events.c.sequence)
        .where(audit_events.c.event_time < before, audit_events.c.sequence < newest)
        .order_by(audit_events.c.event_time)
        .limit(limit)
    )
    return connection.execute(delete(audit_events).where(audit_events.c.sequence.in_(old))).rowcount


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look over old edges has found."""

    last: int
    """The number of the last edge looked at."""
    needless: Sequence[int]
    flows: Sequence[str]
    """What flowed along the needless ones; others may name it too."""


def look_over_edges(connection: Connection, before: int, after: int, limit: int) -> Looked | None:
    """The next ``limit`` edges from before an instant, and which of them nothing needs; None at the end."""
    newest = select(func.max(_e.sequence)).scalar_subquery()
    query = (
        select(lineage_edges)
        .where(_e.event_time < before, _e.sequence > after, _e.sequence < newest)
        .order_by(_e.sequence)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    if not rows:
        return None
    living = _living(connection, rows)
    answers: dict[Any, int | None] = {}
    needless = [row for row in rows if not _is_needed(connection, row, living, answers)]
    flows = sorted({row.flow_id for row in needless if row.flow_id is not None})
    return Looked(rows[-1].sequence, [row.sequence for row in needless], flows)


def forget_edges(connection: Connection, looked: Looked) -> None:
    """Delete the needless edges, and what flowed along them alone."""
    connection.execute(delete(lineage_edges).where(_e.sequence.in_(looked.needless)))
    if not looked.flows:
        return
    if connection.dialect.name == "postgresql":  # an edge that is being written finds its flow, and needs it
        connection.execute(text("LOCK TABLE column_flows IN EXCLUSIVE MODE"))
    is_named = exists().where(_e.flow_id == column_flows.c.flow_id)
    connection.execute(delete(column_flows).where(column_flows.c.flow_id.in_(looked.flows), ~is_named))


Thing = tuple[str, str]
"""Kind and name of a node."""


def _living(connection: Connection, rows: Sequence[Row[*tuple[Any, ...]]]) -> set[Thing]:
    """Those ends of edges that the catalog still has; what it does not govern counts as there."""
    ends = {(row.source_kind, row.source_name) for row in rows} | {(row.target_kind, row.target_name) for row in rows}
    living: set[Thing] = {end for end in ends if end[0] is not None and NodeKind(end[0]) not in GOVERNED}
    for node_kind, kind in GOVERNED.items():
        names = [name for of_kind, name in ends if of_kind == node_kind.value]
        query = select(securables.c.full_name).where(
            securables.c.kind == kind.value, securables.c.full_name.in_(names), securables.c.deleted_at.is_(None)
        )
        living |= {(node_kind.value, name) for name in connection.execute(query).scalars()}
    return living


def _is_needed(connection: Connection, row: Any, living: set[Thing], answers: dict[Any, int | None]) -> bool:
    if row.target_kind is None:
        return _is_remembered(connection, row)
    target = (row.target_kind, row.target_name)
    if target not in living:
        return _leads_on(connection, target)
    if row.target_kind == NodeKind.MODEL_VERSION.value or _is_pinned(connection, row):
        return True
    passage = _passage(row, living)
    if passage not in answers:
        answers[passage] = _newest(connection, row, is_there=passage[-1])
    return answers[passage] in (None, row.sequence)


def _is_remembered(connection: Connection, row: Any) -> bool:
    """Something was read; does what the same task or session wrote afterwards still have its edge?"""
    if row.task_run_id is not None:
        memory = _e.task_run_id == row.task_run_id
    elif row.session_id is not None:
        memory = and_(_e.task_run_id.is_(None), _e.session_id == row.session_id, _e.principal == row.principal)
    else:
        return False
    written = select(_e.sequence).where(
        memory, _e.source_name.is_(None), _e.target_name.is_not(None), _e.sequence > row.sequence
    )
    return connection.execute(written.limit(1)).first() is not None


def _leads_on(connection: Connection, thing: Thing) -> bool:
    """What is gone still explains what was made of it, as long as that has its edge."""
    out = select(_e.sequence).where(
        _e.source_kind == thing[0],
        _e.source_name == thing[1],
        or_(_e.target_name.is_(None), _e.target_name != thing[1], _e.target_kind != thing[0]),
    )
    return connection.execute(out.limit(1)).first() is not None


def _is_pinned(connection: Connection, row: Any) -> bool:
    ends = [
        and_(securables.c.full_name == name, pins.c.version == version)
        for kind, name, version in (
            (row.source_kind, row.source_name, row.source_version),
            (row.target_kind, row.target_name, row.target_version),
        )
        if kind == NodeKind.TABLE.value and version is not None
    ]
    if not ends:
        return False
    pinned = select(pins.c.version).join(securables, securables.c.id == pins.c.table_id)
    of_tables = securables.c.kind == GOVERNED[NodeKind.TABLE].value
    return connection.execute(pinned.where(of_tables, or_(*ends)).limit(1)).first() is not None


def _passage(row: Any, living: set[Thing]) -> tuple[Any, ...]:
    """What makes two edges say the same, but for the time; walks show the newest of each. Files and things that are
    gone have names without end, so all of those that led into the same thing in the same way are one."""
    is_file = row.source_kind == NodeKind.PATH.value
    is_there = row.source_kind is None or (not is_file and (row.source_kind, row.source_name) in living)
    source = (row.source_kind, row.source_name, _identity(row.source_kind, row.source_version)) if is_there else ()
    return (row.target_kind, row.target_name, row.operation, row.flow_id, source, is_there)


def _identity(kind: str | None, version: int | None) -> int | None:
    return version if kind in {each.value for each in VERSION_IS_IDENTITY} else None


def _newest(connection: Connection, row: Any, *, is_there: bool) -> int | None:
    """The number of the newest edge of the same passage; None when there is none any more."""
    conditions: list[Any] = [
        _e.target_name == row.target_name,
        _e.target_kind == row.target_kind,
        _e.operation == row.operation,
        _e.flow_id.is_not_distinct_from(row.flow_id),
    ]
    if not is_there:
        conditions += [_e.source_name.is_not(None), ~_source_lasts()]
    elif row.source_kind is None:
        conditions.append(_e.source_name.is_(None))
    else:
        conditions += [_e.source_name == row.source_name, _e.source_kind == row.source_kind]
        if (version := _identity(row.source_kind, row.source_version)) is not None:
            conditions.append(_e.source_version == version)
    query = select(_e.sequence).where(*conditions).order_by(_e.sequence.desc()).limit(1)
    return connection.execute(query).scalar()


def _source_lasts() -> Any:
    """Whether the source of an edge is there, in words of SQL."""
    governed = case({node.value: kind.value for node, kind in GOVERNED.items()}, value=_e.source_kind, else_=None)
    lives = exists().where(
        securables.c.kind == governed, securables.c.full_name == _e.source_name, securables.c.deleted_at.is_(None)
    )
    return and_(_e.source_kind != NodeKind.PATH.value, or_(governed.is_(None), lives))
