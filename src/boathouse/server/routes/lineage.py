"""The lineage graph, read."""

from typing import Any

from fastapi import APIRouter

from boathouse.catalog import LineageNode, NodeKind
from boathouse.catalog.law import Catalog
from boathouse.catalog.repository.records import EdgeFilter, RecordedEdge
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.server.authentication import Caller
from boathouse.server.routes.unity_examples import EDGE, example
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

    return router


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
    }


def _node_json(node: LineageNode | None) -> dict[str, Any] | None:
    return None if node is None else {"kind": node.kind.value, "name": node.name, "version": node.version}


def _node(kind: str, name: str, version: int | None) -> LineageNode:
    try:
        return LineageNode(NodeKind(kind), name, version)
    except ValueError as error:
        raise InvalidInput(f"{kind!r} is not a kind of node.", hint=did_you_mean(kind, NodeKind)) from error
