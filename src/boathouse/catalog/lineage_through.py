"""Edges from a table to the view or function that reads it: whoever reads the view leaves them, and need not know
of the table. What they say is checked against the view's own definition, so nobody can make them up."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from boathouse.catalog.definitions import THROUGH
from boathouse.catalog.repository import definitions
from boathouse.catalog.securables import LineageEdge, LineageNode, NodeKind, SecurableKind

if TYPE_CHECKING:
    from boathouse.metastore import Database

_KINDS = {NodeKind.TABLE: SecurableKind.TABLE, NodeKind.FUNCTION: SecurableKind.FUNCTION}


def standing_behind(
    database: "Database", edges: Sequence[LineageEdge], hidden: Iterable[LineageNode]
) -> set[LineageNode]:
    """Those of the hidden nodes that stand behind a view or function that is not hidden, however far."""
    through = [edge for edge in edges if edge.operation == THROUGH and edge.source and edge.target]
    still_hidden, behind = set(hidden), set[LineageNode]()
    while True:
        found = {
            edge.source
            for edge in through
            if edge.source in still_hidden and edge.target not in still_hidden and _depends(database, edge)
        }
        if not found:
            return behind
        behind |= {node for node in found if node}
        still_hidden -= behind


def _depends(database: "Database", edge: LineageEdge) -> bool:
    source, target = edge.source, edge.target
    if source is None or target is None or source.kind not in _KINDS or target.kind not in _KINDS:
        return False
    with database.read() as connection:
        dependencies = definitions.dependencies_of(connection, (_KINDS[target.kind], target.name))
    return (_KINDS[source.kind], source.name) in {(each.kind, each.full_name) for each in dependencies}
