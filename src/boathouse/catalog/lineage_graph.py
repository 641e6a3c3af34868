"""Where the values of a thing, or of one column of it, come from and go to: a walk along the lineage graph.

Columns are followed where the statements that moved them are known. Where rows went through the memory of a task or a
notebook, only the thing as a whole is known; from there on the walk goes by whole things, and says so.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from boathouse.catalog.definitions import THROUGH
from boathouse.catalog.repository import Connection
from boathouse.catalog.repository.lineage_steps import VERSION_IS_IDENTITY, Passage, Way, next_to
from boathouse.catalog.securables import ColumnFlow, LineageNode

MOST_STEPS = 50
"""How far a walk goes; a longer chain is a cycle of rewrites."""
MOST_PLACES = 5_000
"""How many places a walk visits."""


class Influence(StrEnum):
    """How one place has a say in another."""

    DIRECT = "direct"
    """Values of the column flow into the other."""
    INDIRECT = "indirect"
    """The column decides which value or which rows there are."""
    WHOLE = "whole"
    """Rows went from one thing to the other; which columns is not known."""


@dataclass(frozen=True, slots=True)
class Place:
    """A thing, or one column of it."""

    node: LineageNode
    """Without a version, but for those whose versions are things of their own."""
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One way that values went from a place to the next."""

    source: Place
    target: Place
    influence: Influence
    passage: Passage


@dataclass(frozen=True, slots=True)
class Graph:
    """What a walk has found."""

    start: Place
    way: Way
    steps: tuple[Step, ...]
    hidden: int = 0
    """Things next to these that the principal may not know of."""
    is_cut: bool = False
    """Whether there is more, farther away."""


@dataclass(frozen=True, slots=True)
class Walk:
    """How to go: which way, how far, and what counts."""

    way: Way
    depth: int = MOST_STEPS
    with_indirect: bool = False


def place_of(node: LineageNode, column: str | None = None) -> Place:
    """The place that a node and a column are."""
    kept = node if is_version(node) else replace(node, version=None)
    return Place(kept, column.lower() if column else None)


def is_version(node: LineageNode) -> bool:
    """Whether the node is one version among others, each a thing of its own."""
    return node.kind in VERSION_IS_IDENTITY and node.version is not None


class Walker:
    """Goes along the graph, and past nothing that is hidden."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._versions: dict[Place, int | None] = {}
        """The version of each visited place up to which (or since which) edges count; None for all."""
        self.steps: dict[tuple[Place, Place, Influence, bool], Step] = {}
        self.is_cut = False

    def begin(self, start: LineageNode, column: str | None) -> list[Place]:
        place = place_of(start, column)
        self._versions[place] = start.version
        return [place]

    def next_steps(self, connection: Connection, frontier: Sequence[Place]) -> list[Step]:
        """The steps from the frontier to what lies next to it."""
        by_node: dict[LineageNode, list[Place]] = {}
        for place in frontier:
            by_node.setdefault(place.node, []).append(place)
        found: list[Step] = []
        passages = self._near(connection, frontier)
        in_full = {_ends(each) for each in passages if each.latest.edge.columns is not None}
        for passage in passages:
            if passage.latest.edge.operation == THROUGH and _ends(passage) in in_full:
                continue  # reading a view repeats what its definition says more exactly
            near = passage.target if self._walk.way == "up" else passage.source
            whole = replace(near, version=None)
            for place in (*by_node.get(whole, ()), *(by_node.get(near, ()) if is_version(near) else ())):
                if self._counts(place, near.version):
                    found += [step for step in self._steps(place, passage) if step.source != step.target]
        return found

    def take(self, steps: Iterable[Step]) -> list[Place]:
        """Take the steps; the places to go on from, in the order in which they were found."""
        reached: dict[Place, None] = {}
        for step in steps:
            self._keep(step)
            if self._walk.way == "up":
                there, version = step.source, step.passage.source.version
            else:
                there, version = step.target, step.passage.target.version
            if self._is_news(there, version):
                reached[there] = None
        return list(reached)

    def _near(self, connection: Connection, frontier: Sequence[Place]) -> list[Passage]:
        waiting = {
            place.node if is_version(place.node) else replace(place.node, version=self._versions[place])
            for place in frontier
        }
        found: list[Passage] = []
        while waiting:  # one version of a thing at a time: the latest passage up to one may be too late for another
            chosen = {replace(node, version=None): node for node in sorted(waiting, key=_order)}
            found += next_to(connection, list(chosen.values()), self._walk.way)
            waiting -= set(chosen.values())
        return found

    def _counts(self, place: Place, version: int | None) -> bool:
        bound = self._versions[place]
        if bound is None or version is None or is_version(place.node):
            return True
        return version <= bound if self._walk.way == "up" else version >= bound

    def _is_news(self, place: Place, version: int | None) -> bool:
        """Whether a place has to be visited (again), because more of its edges count than before."""
        if self._is_unbounded() or is_version(place.node):
            version = None
        if place in self._versions:
            known = self._versions[place]
            if known is None or (
                version is not None and (version <= known if self._walk.way == "up" else version >= known)
            ):
                return False
        elif len(self._versions) >= MOST_PLACES:
            self.is_cut = True
            return False
        self._versions[place] = version
        return True

    def _is_unbounded(self) -> bool:
        """Without a version at the beginning, every edge there ever was counts."""
        return next(iter(self._versions.values())) is None

    def _keep(self, step: Step) -> None:
        key = (step.source, step.target, step.influence, step.passage.in_memory)
        known = self.steps.get(key)
        if known is None or known.passage.latest.sequence < step.passage.latest.sequence:
            self.steps[key] = step

    def _steps(self, place: Place, passage: Passage) -> Iterator[Step]:
        source, target = place_of(passage.source), place_of(passage.target)
        flow = passage.latest.edge.columns if not passage.in_memory else None
        if place.column is None or flow is None:
            yield (
                Step(source, place, Influence.WHOLE, passage)
                if self._walk.way == "up"
                else Step(place, target, Influence.WHOLE, passage)
            )
            return
        columns = _sources(flow, place.column) if self._walk.way == "up" else _targets(flow, place.column)
        for column, influence in columns:
            if influence is Influence.INDIRECT and not self._walk.with_indirect:
                continue
            if self._walk.way == "up":
                yield Step(Place(source.node, column), place, influence, passage)
            else:
                yield Step(place, Place(target.node, column), influence, passage)


def _ends(passage: Passage) -> tuple[Place, Place]:
    return place_of(passage.source), place_of(passage.target)


def _order(node: LineageNode) -> tuple[str, str, int]:
    return node.kind, node.name, -1 if node.version is None else node.version


def _sources(flow: ColumnFlow, column: str) -> Iterator[tuple[str | None, Influence]]:
    for name in _of(flow.direct, column):
        yield _named(name), Influence.DIRECT
    for name in (*_of(flow.indirect, column), *flow.rows):
        yield _named(name), Influence.INDIRECT


def _targets(flow: ColumnFlow, column: str) -> Iterator[tuple[str | None, Influence]]:
    for influence, columns in ((Influence.DIRECT, flow.direct), (Influence.INDIRECT, flow.indirect)):
        for target, sources in columns.items():
            if any(_named(name) in (column, None) for name in sources):
                yield target.lower(), influence
    if any(_named(name) in (column, None) for name in flow.rows):
        yield None, Influence.INDIRECT


def _of(columns: dict[str, tuple[str, ...]], wanted: str) -> tuple[str, ...]:
    return next((sources for target, sources in columns.items() if target.lower() == wanted), ())


def _named(column: str) -> str | None:
    """A column; None for a star, which stands for the thing as a whole."""
    return None if column == "*" else column.lower()
