"""Rows that are only ever added: audit events and lineage edges; and pins."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, delete, func, or_, select

from boathouse.catalog.repository import column_flows
from boathouse.catalog.repository.schema import audit_events, lineage_edges, pins
from boathouse.catalog.securables import AuditEvent, ColumnFlow, LineageEdge, LineageNode, NodeKind


@dataclass(frozen=True, slots=True)
class RecordedEdge:
    """A lineage edge as it was recorded."""

    sequence: int
    edge_id: str
    event_time: int
    principal: str
    edge: LineageEdge


def insert_event(connection: Connection, event: AuditEvent) -> None:
    row: dict[str, Any] = {name: getattr(event, name) for name in AuditEvent.__slots__}
    row["request_params"] = json.dumps(event.request_params)
    connection.execute(audit_events.insert(), row)


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which audit events are asked for; instants in milliseconds, ``since`` included, ``until`` not."""

    since: int | None = None
    until: int | None = None
    principal: str | None = None
    service: str | None = None
    action: str | None = None
    securable_kind: str | None = None
    securable_name: str | None = None
    failed: bool | None = None
    """True: what was refused or failed; False: what succeeded."""


def events(connection: Connection, wanted: EventFilter, limit: int | None, *, offset: int = 0) -> list[AuditEvent]:
    """The latest matching events, newest first; ``offset`` leaves out so many."""
    c = audit_events.c
    query = select(audit_events).order_by(c.sequence.desc())
    if wanted.since is not None:
        query = query.where(c.event_time >= wanted.since)
    if wanted.until is not None:
        query = query.where(c.event_time < wanted.until)
    for name in ("principal", "service", "action", "securable_kind", "securable_name"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(c[name] == value)
    if wanted.failed is not None:
        query = query.where(c.status_code >= 400 if wanted.failed else c.status_code < 400)
    if limit is not None:
        query = query.limit(limit).offset(offset)
    return [_event(row) for row in connection.execute(query).mappings()]


def events_after(connection: Connection, sequence: int, limit: int) -> list[tuple[int, AuditEvent]]:
    """The events that were added after one, oldest first, each with its number."""
    c = audit_events.c
    query = select(audit_events).where(c.sequence > sequence).order_by(c.sequence).limit(limit)
    return [(row["sequence"], _event(row)) for row in connection.execute(query).mappings()]


def latest_event(connection: Connection, before: int | None) -> int:
    query = select(func.max(audit_events.c.sequence))
    if before is not None:
        query = query.where(audit_events.c.event_time < before)
    return connection.execute(query).scalar() or 0


def insert_edges(
    connection: Connection, edges: Sequence[RecordedEdge], *, job_run_id: int | None, task_run_id: int | None
) -> None:
    rows: list[Mapping[str, Any]] = []
    flows: dict[str, str] = {}
    for recorded in edges:
        source, target, flow = recorded.edge.source, recorded.edge.target, recorded.edge.columns
        flow_id, text = column_flows.stored(flow) if flow is not None else (None, "")
        if flow_id is not None:
            flows[flow_id] = text
        rows.append(
            {
                "edge_id": recorded.edge_id,
                "event_time": recorded.event_time,
                "principal": recorded.principal,
                "operation": recorded.edge.operation,
                "statement_id": recorded.edge.statement_id,
                "source_kind": source.kind.value if source else None,
                "source_name": source.name if source else None,
                "source_version": source.version if source else None,
                "target_kind": target.kind.value if target else None,
                "target_name": target.name if target else None,
                "target_version": target.version if target else None,
                "job_run_id": job_run_id,
                "task_run_id": task_run_id,
                "entity": json.dumps(recorded.edge.entity, ensure_ascii=False),
                "session_id": recorded.edge.session_id,
                "flow_id": flow_id,
            }
        )
    connection.execute(lineage_edges.insert(), rows)
    column_flows.keep(connection, flows)


@dataclass(frozen=True, slots=True)
class EdgeFilter:
    """Which edges are asked for. ``source`` and ``target`` match any version unless the node names one."""

    source: LineageNode | None = None
    target: LineageNode | None = None
    touching: LineageNode | None = None
    job_run_id: int | None = None
    task_run_id: int | None = None
    operation: str | None = None
    since: int | None = None
    until: int | None = None
    session_id: str | None = None
    principal: str | None = None


def edges(connection: Connection, wanted: EdgeFilter, limit: int | None) -> list[RecordedEdge]:
    """The latest matching edges, newest first."""
    c = lineage_edges.c
    query = select(lineage_edges).order_by(c.sequence.desc())
    if wanted.source:
        query = query.where(_is_node("source", wanted.source))
    if wanted.target:
        query = query.where(_is_node("target", wanted.target))
    if wanted.touching:
        query = query.where(or_(_is_node("source", wanted.touching), _is_node("target", wanted.touching)))
    for name in ("job_run_id", "task_run_id", "operation", "session_id", "principal"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(c[name] == value)
    if wanted.since is not None:
        query = query.where(c.event_time >= wanted.since)
    if wanted.until is not None:
        query = query.where(c.event_time < wanted.until)
    if limit is not None:
        query = query.limit(limit)
    return _edges(connection, query)


def edges_at(connection: Connection, sequences: Iterable[int]) -> list[RecordedEdge]:
    """The edges with these numbers, in their order."""
    wanted, found = sorted(sequences), list[RecordedEdge]()
    for start in range(0, len(wanted), 400):
        query = select(lineage_edges).where(lineage_edges.c.sequence.in_(wanted[start : start + 400]))
        found += _edges(connection, query.order_by(lineage_edges.c.sequence))
    return found


def _edges(connection: Connection, query: Any) -> list[RecordedEdge]:
    rows = connection.execute(query).mappings().all()
    flows = column_flows.find(connection, (row["flow_id"] for row in rows if row["flow_id"]))
    return [_edge(row, flows.get(row["flow_id"])) for row in rows]


def add_pin(connection: Connection, table_id: str, version: int, holder: str, *, at: int, by: str) -> None:
    key = and_(pins.c.table_id == table_id, pins.c.version == version, pins.c.holder == holder)
    if connection.execute(select(pins.c.version).where(key)).first() is None:
        row = {"table_id": table_id, "version": version, "holder": holder, "pinned_at": at, "pinned_by": by}
        connection.execute(pins.insert(), row)


def remove_pins(connection: Connection, holder: str) -> None:
    connection.execute(delete(pins).where(pins.c.holder == holder))


def pinned_versions(connection: Connection, table_id: str) -> list[int]:
    query = select(pins.c.version).where(pins.c.table_id == table_id).distinct().order_by(pins.c.version)
    return [row[0] for row in connection.execute(query)]


def _is_node(side: str, node: LineageNode) -> Any:
    c = lineage_edges.c
    conditions = [c[f"{side}_kind"] == node.kind.value, c[f"{side}_name"] == node.name]
    if node.version is not None:
        conditions.append(c[f"{side}_version"] == node.version)
    return and_(*conditions)


def _node(row: RowMapping, side: str) -> LineageNode | None:
    if row[f"{side}_kind"] is None:
        return None
    return LineageNode(NodeKind(row[f"{side}_kind"]), row[f"{side}_name"], row[f"{side}_version"])


def _edge(row: RowMapping, columns: ColumnFlow | None) -> RecordedEdge:
    edge = LineageEdge(
        _node(row, "source"),
        _node(row, "target"),
        row["operation"],
        row["statement_id"],
        json.loads(row["entity"]),
        row["session_id"],
        columns,
    )
    return RecordedEdge(row["sequence"], row["edge_id"], row["event_time"], row["principal"], edge)


def _event(row: RowMapping) -> AuditEvent:
    values = {name: row[name] for name in AuditEvent.__slots__}
    return AuditEvent(**{**values, "request_params": json.loads(row["request_params"])})
