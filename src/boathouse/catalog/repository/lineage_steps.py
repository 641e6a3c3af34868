"""One step along the lineage graph: what lies next to some things, however often data went that way.

A job that runs every minute leaves a million edges between the same two tables; a walk needs the latest of each kind.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, and_, case, func, or_, select

from boathouse.catalog.repository import records
from boathouse.catalog.repository.records import RecordedEdge
from boathouse.catalog.repository.schema import lineage_edges
from boathouse.catalog.securables import LineageNode, NodeKind

Way = Literal["up", "down"]

VERSION_IS_IDENTITY = frozenset({NodeKind.MODEL_VERSION})
"""Kinds whose versions are things of their own, not states of one thing."""

_CHUNK = 200


@dataclass(frozen=True, slots=True)
class Passage:
    """All that went one way between two things: the latest time, and how often."""

    source: LineageNode
    target: LineageNode
    latest: RecordedEdge
    times: int
    in_memory: bool = False
    """Whether it went through the memory of a task or a session, which had read the one and then wrote the other."""


def next_to(connection: Connection, nodes: Sequence[LineageNode], way: Way) -> list[Passage]:
    """The passages into (``up``) or out of (``down``) the nodes. A node with a version means what has led to that
    version, or what has been read since it was written."""
    found: list[Passage] = []
    for start in range(0, len(nodes), _CHUNK):
        chunk = nodes[start : start + _CHUNK]
        found += _plain(connection, chunk, way)
        for same_memory in (_SAME_TASK, _SAME_SESSION):
            found += _remembered(connection, chunk, way, same_memory)
    return found


def _plain(connection: Connection, nodes: Sequence[LineageNode], way: Way) -> Iterator[Passage]:
    edges = lineage_edges
    near = "target" if way == "up" else "source"
    query = (
        select(func.max(edges.c.sequence), func.count())
        .where(edges.c.source_name.is_not(None), edges.c.target_name.is_not(None), _any_of(edges, near, nodes, way))
        .group_by(*_ends(edges, "source"), *_ends(edges, "target"), edges.c.operation, edges.c.flow_id)
    )
    times = {row[0]: row[1] for row in connection.execute(query)}
    for each in records.edges_at(connection, times):
        assert each.edge.source is not None and each.edge.target is not None  # asked for
        yield Passage(each.edge.source, each.edge.target, each, times[each.sequence])


_read, _written = lineage_edges.alias("read_before"), lineage_edges.alias("written_after")
_SAME_TASK = _read.c.task_run_id == _written.c.task_run_id
_SAME_SESSION = and_(
    _written.c.task_run_id.is_(None),
    _read.c.session_id == _written.c.session_id,
    _read.c.principal == _written.c.principal,
)


def _remembered(connection: Connection, nodes: Sequence[LineageNode], way: Way, same_memory: Any) -> Iterator[Passage]:
    near = _any_of(_written, "target", nodes, way) if way == "up" else _any_of(_read, "source", nodes, way)
    query = (
        select(func.max(_read.c.sequence), func.max(_written.c.sequence), func.count())
        .where(
            same_memory,
            _read.c.target_name.is_(None),
            _written.c.source_name.is_(None),
            _read.c.sequence < _written.c.sequence,
            _read.c.source_name.is_not(None),
            _written.c.target_name.is_not(None),
            near,
        )
        .group_by(*_ends(_read, "source"), *_ends(_written, "target"))
    )
    pairs = [(row[0], row[1], row[2]) for row in connection.execute(query)]
    edges = {each.sequence: each for each in records.edges_at(connection, {n for pair in pairs for n in pair[:2]})}
    for read, written, times in pairs:
        source, target = edges[read].edge.source, edges[written].edge.target
        assert source is not None and target is not None  # asked for
        yield Passage(source, target, edges[written], times, in_memory=True)


def _any_of(edges: Any, side: str, nodes: Sequence[LineageNode], way: Way) -> Any:
    kind, name, version = (edges.c[f"{side}_{part}"] for part in ("kind", "name", "version"))
    conditions: list[Any] = []
    for node in nodes:
        same = and_(kind == node.kind.value, name == node.name)
        if node.version is None:
            conditions.append(same)
        elif node.kind in VERSION_IS_IDENTITY:
            conditions.append(and_(same, version == node.version))
        else:
            conditions.append(and_(same, version <= node.version if way == "up" else version >= node.version))
    return or_(*conditions)


def _ends(edges: Any, side: str) -> tuple[Any, ...]:
    kind = edges.c[f"{side}_kind"]
    identities = [each.value for each in VERSION_IS_IDENTITY]
    return kind, edges.c[f"{side}_name"], case((kind.in_(identities), edges.c[f"{side}_version"]))
