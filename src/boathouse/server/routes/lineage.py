"""The lineage graph, read."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from boathouse.catalog import LineageNode, NodeKind
from boathouse.catalog.law import Catalog
from boathouse.catalog.lineage_graph import MOST_STEPS, Graph, Place, Step, Walk
from boathouse.catalog.repository.records import EdgeFilter, RecordedEdge
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.server.authentication import Caller
from boathouse.server.routes.unity_examples import EDGE, PLACE, STEP, example
from boathouse.server.routes.unity_shapes import JSON

_MOST = 10_000


def routes(catalog: Catalog) -> APIRouter:
    """Edges, and the ways to and from a thing."""
    router = APIRouter(tags=["Lineage"])
    lineage = catalog.lineage

    @router.get(
        "/lineage",
        summary="The latest edges that the caller may know of; of one thing, run or task if named",
        responses=example({"edges": [EDGE]}),
    )
    def edges(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        kind: str = NodeKind.TABLE.value,
        name: str | None = None,
        version: int | None = None,
        job_run_id: int | None = None,
        task_run_id: int | None = None,
        operation: str | None = None,
        since: int | None = None,
        until: int | None = None,
        limit: int = 100,
    ) -> JSON:
        touching = _node(kind, name, version) if name else None
        wanted = EdgeFilter(None, None, touching, job_run_id, task_run_id, operation, since, until)
        found = lineage.edges(caller, wanted, limit=max(0, min(limit, _MOST)))
        return {"edges": [edge_json(edge) for edge in found]}

    @router.get(
        "/lineage/upstream", summary="Every edge on a way that leads to a thing", responses=example({"edges": [EDGE]})
    )
    def upstream(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, name: str, kind: str = NodeKind.TABLE.value, version: int | None = None
    ) -> JSON:
        return {"edges": [edge_json(edge) for edge in lineage.upstream(caller, _node(kind, name, version))]}

    @router.get(
        "/lineage/downstream",
        summary="Every edge on a way that leads away from a thing",
        responses=example({"edges": [EDGE]}),
    )
    def downstream(  # pyright: ignore[reportUnusedFunction]
        caller: Caller, name: str, kind: str = NodeKind.TABLE.value, version: int | None = None
    ) -> JSON:
        return {"edges": [edge_json(edge) for edge in lineage.downstream(caller, _node(kind, name, version))]}

    @router.get(
        "/lineage/{way}",
        summary="Where a thing, or one column of it, comes from (up) or has gone (down), step by step",
        responses=example({"start": PLACE, "way": "up", "steps": [STEP], "hidden": 0, "is_cut": False}),
    )
    def graph(  # pyright: ignore[reportUnusedFunction]
        caller: Caller,
        way: Literal["up", "down"],
        name: str,
        kind: str | None = None,
        version: int | None = None,
        depth: Annotated[int, Query(ge=1)] = MOST_STEPS,
        indirect: bool = False,
    ) -> JSON:
        asked = lineage.find(caller, name, _kind(kind) if kind else None, version)
        walk = Walk(way, depth, indirect)
        found = lineage.columns_up(caller, asked, walk) if way == "up" else lineage.columns_down(caller, asked, walk)
        return graph_json(found)

    return router


def graph_json(graph: Graph) -> dict[str, Any]:
    return {
        "start": _place_json(graph.start),
        "way": graph.way,
        "steps": [_step_json(step) for step in graph.steps],
        "hidden": graph.hidden,
        "is_cut": graph.is_cut,
    }


def _step_json(step: Step) -> dict[str, Any]:
    latest = step.passage.latest
    return {
        "source": _place_json(step.source),
        "target": _place_json(step.target),
        "influence": step.influence.value,
        "in_memory": step.passage.in_memory,
        "times": step.passage.times,
        "latest": {
            "event_time": latest.event_time,
            "principal": latest.principal,
            "operation": latest.edge.operation,
            "source_version": step.passage.source.version,
            "target_version": step.passage.target.version,
            "statement_id": latest.edge.statement_id,
            "entity": latest.edge.entity,
        },
    }


def _place_json(place: Place) -> dict[str, Any]:
    return {"kind": place.node.kind.value, "name": place.node.name, "version": place.node.version,
            "column": place.column}  # fmt: skip


def edge_json(recorded: RecordedEdge) -> dict[str, Any]:
    edge = recorded.edge
    return {
        "edge_id": recorded.edge_id,
        "event_time": recorded.event_time,
        "principal": recorded.principal,
        "operation": edge.operation,
        "statement_id": edge.statement_id,
        "source": _node_json(edge.source),
        "target": _node_json(edge.target),
        "entity": edge.entity,
        "session_id": edge.session_id,
        "columns": None if edge.columns is None else edge.columns.to_json(),
    }


def _node_json(node: LineageNode | None) -> dict[str, Any] | None:
    return None if node is None else {"kind": node.kind.value, "name": node.name, "version": node.version}


def _node(kind: str, name: str, version: int | None) -> LineageNode:
    return LineageNode(_kind(kind), name, version)


def _kind(kind: str) -> NodeKind:
    try:
        return NodeKind(kind)
    except ValueError as error:
        raise InvalidInput(f"{kind!r} is not a kind of node.", hint=did_you_mean(kind, NodeKind)) from error
