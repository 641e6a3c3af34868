"""Who takes the features of a table, as its lineage tells."""

from collections.abc import Iterator
from typing import Any

from boathouse.catalog import NodeKind
from boathouse.catalog.definitions import FEATURES
from boathouse.catalog.lineage_graph import Graph, Step
from boathouse.features.inventory.nouns import Consumer


def takers(graph: Graph) -> Iterator[Consumer]:
    """What lies behind the table, a run's model version in the place of the run."""
    own = graph.start.node  # a table that is computed from itself is no consumer
    near = [
        step
        for step in graph.steps
        if step.source == graph.start and (step.target.node.kind, step.target.node.name) != (own.kind, own.name)
    ]
    made: dict[Any, list[Step]] = {}
    for step in graph.steps:
        if step.source.node.kind is NodeKind.RUN and step.target.node.kind is NodeKind.MODEL_VERSION:
            made.setdefault(step.source.node, []).append(step)
    found: dict[tuple[str, str, int | None], Consumer] = {}
    for step in near:
        for last in made.get(step.target.node, [step]):
            node = last.target.node
            edge = step.passage.latest.edge
            taken = Consumer(
                node.kind.value,
                node.name,
                node.version,
                how=edge.operation,
                features=_columns(step),
                last_at=step.passage.latest.event_time,
            )
            key = (taken.kind, taken.name, taken.version)
            found[key] = _more_telling(found[key], taken) if key in found else taken
    yield from found.values()


def _more_telling(one: Consumer, other: Consumer) -> Consumer:
    """Of two ways to one consumer, the one that says which features it takes."""
    if (one.how == FEATURES) != (other.how == FEATURES):
        return one if one.how == FEATURES else other
    return one if (one.last_at or 0) >= (other.last_at or 0) else other


def _columns(step: Step) -> tuple[str, ...] | None:
    flow = step.passage.latest.edge.columns
    if flow is None or step.passage.in_memory:
        return None
    taken = [name for names in (*flow.direct.values(), *flow.indirect.values(), flow.rows) for name in names]
    return tuple(dict.fromkeys(taken))
