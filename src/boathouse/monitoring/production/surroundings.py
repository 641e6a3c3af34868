"""What lies around a model: the tables it learns from and looks features up in, and those that its answers go to.

Monitors, alerts and incidents are about tables; this says which of them are about a model.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from boathouse.catalog import Catalog, LineageNode, NodeKind
from boathouse.catalog.lineage_graph import Graph, Walk
from boathouse.catalog.lineage_names import Asked
from boathouse.foundation.errors import BoathouseError
from boathouse.foundation.principals import Principal
from boathouse.serving.capture.finding import InferenceTable, listed
from boathouse.serving.endpoints.nouns import EntityKind
from boathouse.serving.endpoints.service import Endpoints

_STEPS_BEFORE = 2
"""From a version over its run to the tables that the run has read."""
_STEPS_AFTER = 2
"""From what an endpoint has kept to the tables that people make of it."""
_STEPS_TO_MODELS = 4
"""From a table over feature tables and a run to versions of models."""


@dataclass(frozen=True, slots=True)
class Around:
    """The tables around a version of a model, by name."""

    before: tuple[str, ...]
    """What it was trained on, and takes its features from."""
    after: tuple[str, ...]
    """Where its answers are kept, and what is made of them."""

    def is_about(self, subject: str) -> bool:
        """Whether something about a table is about the model."""
        return subject in self.before or subject in self.after


class Surroundings:
    """Each verb shows what the principal may know of."""

    def __init__(self, catalog: Catalog, endpoints: Endpoints) -> None:
        self._catalog = catalog
        self._endpoints = endpoints

    def of(self, principal: Principal, model: str, version: int | None, endpoints: Iterable[str]) -> Around:
        """The tables around a version, where these endpoints serve it."""
        before: dict[str, None] = {}
        after: dict[str, None] = {}
        if version is not None:
            node = LineageNode(NodeKind.MODEL_VERSION, model, version)
            before |= dict.fromkeys(_tables(self._walk(principal, node, "up", _STEPS_BEFORE)))
            after |= dict.fromkeys(_tables(self._walk(principal, node, "down", _STEPS_AFTER)))
        for endpoint in endpoints:
            for kept in listed(self._catalog, principal, endpoint):
                node = LineageNode(NodeKind.TABLE, kept.table)
                after |= dict.fromkeys([kept.table, *_tables(self._walk(principal, node, "down", _STEPS_AFTER))])
        return Around(tuple(before), tuple(each for each in after if each not in before))

    def models_touched(self, principal: Principal, subject: str) -> set[str]:
        """The models that a table, an endpoint or a model of this name has to do with."""
        if subject.count(".") != 2:
            return set(self._served_by(principal, {subject}))
        node = LineageNode(NodeKind.TABLE, subject)
        down = self._walk(principal, node, "down", _STEPS_TO_MODELS)
        found = {subject, *(each.name for each in _nodes(down) if each.kind is NodeKind.MODEL_VERSION)}
        kept: Sequence[InferenceTable] = listed(self._catalog, principal)
        up = {subject, *_tables(self._walk(principal, node, "up", _STEPS_AFTER))}
        return found | set(self._served_by(principal, {each.endpoint for each in kept if each.table in up}))

    # --- within

    def _served_by(self, principal: Principal, names: set[str]) -> Iterator[str]:
        if not names:
            return
        for endpoint in self._endpoints.list(principal):
            if endpoint.name in names:
                yield from (each.entity for each in endpoint.config.entities if each.kind is EntityKind.MODEL)

    def _walk(self, principal: Principal, node: LineageNode, way: str, depth: int) -> Graph | None:
        lineage = self._catalog.lineage
        try:
            if way == "up":
                return lineage.columns_up(principal, Asked(node), Walk("up", depth=depth))
            return lineage.columns_down(principal, Asked(node), Walk("down", depth=depth))
        except BoathouseError:  # nobody has drawn anything of it, or not for this reader
            return None


def _nodes(graph: Graph | None) -> Iterator[LineageNode]:
    for step in graph.steps if graph is not None else ():
        yield from (end.node for end in (step.source, step.target))


def _tables(graph: Graph | None) -> Iterator[str]:
    start = graph.start.node if graph is not None else None
    return (each.name for each in _nodes(graph) if each.kind is NodeKind.TABLE and each != start)
