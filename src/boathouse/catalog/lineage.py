"""The lineage graph: which data went where, at which versions, on whose behalf."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from boathouse.catalog.facts import SecurableNotFound
from boathouse.catalog.grants import Grants
from boathouse.catalog.lineage_graph import MOST_STEPS, Graph, Walk, Walker, place_of
from boathouse.catalog.lineage_names import WITH_GRANTS, Asked, LineageNames
from boathouse.catalog.lineage_through import standing_behind
from boathouse.catalog.popularity import Popularity
from boathouse.catalog.repository import records
from boathouse.catalog.repository.records import EdgeFilter, RecordedEdge
from boathouse.catalog.securables import LineageEdge, LineageNode, NodeKind, is_system
from boathouse.foundation.clock import Clock, epoch_ms
from boathouse.foundation.context import TaskContext, current_request
from boathouse.foundation.errors import BoathouseError, InvalidInput
from boathouse.foundation.ids import new_id
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database

log = logging.getLogger(__name__)

Subscriber = Callable[[Principal, Sequence[LineageEdge], TaskContext | None], None]
"""Hears of edges after they have been recorded, in the process that recorded them."""


class Lineage:
    """Records edges and walks them."""

    def __init__(self, database: Database, clock: Clock, grants: Grants, popularity: Popularity) -> None:
        self._database = database
        self._popularity = popularity
        self._clock = clock
        self._grants = grants
        self._names = LineageNames(database, grants)
        self._subscribers: list[Subscriber] = []

    def subscribe(self, callback: Subscriber) -> None:
        """Call back for every group of edges recorded in this process."""
        self._subscribers.append(callback)

    def record(self, principal: Principal, edges: Sequence[LineageEdge]) -> list[RecordedEdge]:
        """Remember that data went somewhere, with the facts of the current request and its task.

        Raises:
            NotFound: An edge names a table, volume or model that the principal may not know of.
        """
        if not edges:
            return []
        self._require_known(principal, edges)
        request = current_request()
        facts = _entity(request.task, request.request_id)
        now = epoch_ms(self._clock.now())
        filled = [replace(edge, entity={**edge.entity, **facts}) for edge in edges]
        recorded = [RecordedEdge(0, new_id(), now, principal.name, edge) for edge in filled]
        read = self._popularity.things_read(edges)
        with self._database.write() as connection:
            records.insert_edges(
                connection,
                recorded,
                job_run_id=request.task.run_id if request.task else None,
                task_run_id=request.task.task_run_id if request.task else None,
            )
            self._popularity.count(connection, principal, read, request.task)
        self._tell(principal, filled, request.task)
        return recorded

    def edges(
        self, principal: Principal, wanted: EdgeFilter | None = None, *, limit: int | None = 1_000
    ) -> list[RecordedEdge]:
        """The latest matching edges, newest first, as far as the principal may know of both ends."""
        with self._database.read() as connection:
            found = records.edges(connection, wanted or EdgeFilter(), limit)
        if principal.is_admin:
            return found
        nodes = {node for each in found for node in (each.edge.source, each.edge.target) if node}
        hidden = self._hidden(principal, nodes)
        return [each for each in found if each.edge.source not in hidden and each.edge.target not in hidden]

    def reads_of_task(self, task_run_id: int) -> list[LineageNode]:
        """What a task has read so far, each version once, in the order of first reading."""
        with self._database.read() as connection:
            found = records.edges(connection, EdgeFilter(task_run_id=task_run_id), None)
        nodes = [each.edge.source for each in reversed(found) if each.edge.source]
        return list(dict.fromkeys(node for node in nodes if node.kind in (NodeKind.TABLE, NodeKind.VOLUME)))

    def upstream(self, principal: Principal, node: LineageNode) -> list[RecordedEdge]:
        """Every edge on a way that leads to the node.

        What a task has written from its memory comes from what that task has read.
        """
        return self._walk(principal, node, lambda at: EdgeFilter(target=at), lambda edge: edge.source)

    def downstream(self, principal: Principal, node: LineageNode) -> list[RecordedEdge]:
        """Every edge on a way that leads away from the node, through the memory of tasks too."""
        return self._walk(principal, node, lambda at: EdgeFilter(source=at), lambda edge: edge.target)

    def find(self, principal: Principal, text: str, kind: NodeKind | None = None, version: int | None = None) -> Asked:
        """What ``catalog.schema.thing[.column][@version]`` means in the graph, or the id of a run.

        Raises:
            NotFound: There is nothing of that name that the principal may know of.
        """
        return self._names.find(principal, text, kind, version)

    def columns_up(self, principal: Principal, asked: Asked, walk: Walk | None = None) -> Graph:
        """Where a thing, or one column of it, comes from; with a version, where that version does.

        Raises:
            NotFound: The table has no such column.
        """
        return self._graph(principal, asked, walk or Walk("up"))

    def columns_down(self, principal: Principal, asked: Asked, walk: Walk | None = None) -> Graph:
        """Where a thing, or one column of it, has gone; with a version, from that version on."""
        return self._graph(principal, asked, walk or Walk("down"))

    def _graph(self, principal: Principal, asked: Asked, walk: Walk) -> Graph:
        if walk.depth < 1:
            raise InvalidInput(f"{walk.depth} is not a depth.", hint="A walk goes at least one step.")
        walker, hidden = Walker(walk), set[LineageNode]()
        frontier = walker.begin(asked.node, asked.column)
        with self._database.read() as connection:
            for _ in range(min(walk.depth, MOST_STEPS)):
                steps = walker.next_steps(connection, frontier)
                unknown = self._hidden(principal, {end.node for each in steps for end in (each.source, each.target)})
                hidden |= unknown
                frontier = walker.take(
                    each for each in steps if each.source.node not in unknown and each.target.node not in unknown
                )
                if not frontier:
                    break
            is_cut = walker.is_cut or bool(frontier and walker.next_steps(connection, frontier))
        if not walker.steps and not hidden:
            self._names.require_column(asked)
        return Graph(place_of(asked.node, asked.column), walk.way, tuple(walker.steps.values()), len(hidden), is_cut)

    def _walk(
        self,
        principal: Principal,
        start: LineageNode,
        towards: Callable[[LineageNode], EdgeFilter],
        far_end: Callable[[LineageEdge], LineageNode | None],
    ) -> list[RecordedEdge]:
        seen, found, frontier = {start}, dict[int, RecordedEdge](), [start]
        for _ in range(MOST_STEPS):
            steps = [edge for node in frontier for edge in self.edges(principal, towards(node))]
            steps += self._through_tasks(principal, steps, far_end)
            found |= {step.sequence: step for step in steps}
            reached = dict.fromkeys(end for step in steps if (end := far_end(step.edge)) is not None)
            frontier = [node for node in reached if node not in seen]
            seen.update(frontier)
            if not frontier:
                break
        return sorted(found.values(), key=lambda each: each.sequence)

    def _through_tasks(
        self, principal: Principal, steps: Sequence[RecordedEdge], far_end: Callable[[LineageEdge], LineageNode | None]
    ) -> list[RecordedEdge]:
        """Where an edge ends in the memory of a task or a session, the edges on the other side of that memory: what it
        had read before it wrote, what it wrote after it had read."""
        found: dict[int, RecordedEdge] = {}
        for step in steps:
            memory = _memory(step) if far_end(step.edge) is None else None
            for edge in self.edges(principal, memory) if memory is not None else ():
                is_in_order = (edge.sequence < step.sequence) == (step.edge.source is None)
                if is_in_order and far_end(edge.edge) is not None and None in (edge.edge.source, edge.edge.target):
                    found[edge.sequence] = edge
        return list(found.values())

    def _require_known(self, principal: Principal, edges: Sequence[LineageEdge]) -> None:
        hidden = self._hidden(principal, {node for edge in edges for node in (edge.source, edge.target) if node})
        for node in hidden - standing_behind(self._database, edges, hidden) if hidden else ():
            raise SecurableNotFound(WITH_GRANTS[node.kind], node.name)

    def _hidden(self, principal: Principal, nodes: set[LineageNode]) -> set[LineageNode]:
        """The nodes that the principal may not know of. Things outside the catalog and system tables have no grants."""
        if principal.is_admin:
            return set()
        hidden: set[LineageNode] = set()
        for node_kind, kind in WITH_GRANTS.items():
            governed = [node for node in nodes if node.kind is node_kind and not is_system(node.name)]
            visible = self._grants.visible(principal, kind, {node.name for node in governed})
            hidden |= {node for node in governed if node.name not in visible}
        return hidden

    def _tell(self, principal: Principal, edges: Sequence[LineageEdge], task: TaskContext | None) -> None:
        for subscriber in self._subscribers:
            try:
                subscriber(principal, edges, task)
            except BoathouseError:  # the edges are recorded; who listens must not undo the reader's work
                log.exception("A listener to lineage failed")


def _memory(recorded: RecordedEdge) -> EdgeFilter | None:
    """The edges of the same task, or else of the same session."""
    task_run_id = recorded.edge.entity.get("task_run_id")
    if task_run_id is not None:
        return EdgeFilter(task_run_id=task_run_id)
    if recorded.edge.session_id is not None:
        return EdgeFilter(session_id=recorded.edge.session_id, principal=recorded.principal)
    return None


def _entity(task: TaskContext | None, request_id: str) -> dict[str, Any]:
    facts: dict[str, Any] = {"request_id": request_id} if request_id else {}
    if task is not None:
        facts |= {key: value for key, value in task.to_json().items() if value is not None}
    return facts
