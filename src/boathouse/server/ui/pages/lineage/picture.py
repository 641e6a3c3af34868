"""What a walk along the lineage graph has found, made small enough to be read: alike things stand for one another.

A year of training leaves hundreds of runs between the same tables and one model. Drawn together they are one box that
says how many it stands for; each kind can be taken apart again.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from boathouse.catalog.lineage_graph import Place, Step
from boathouse.catalog.securables import NodeKind

MOST_THINGS = 200
"""Boxes in a drawing; what is farther away is left out, and counted."""
ALIKE_FROM = 4
"""So many things of a kind with the same neighbours are drawn as one."""
_ALWAYS_TOGETHER = frozenset({NodeKind.RUN.value, NodeKind.JOB_RUN.value})
"""There are always more of them than anybody wants to see: they are told apart by what they made, not by what they
read."""


TASK = "task"
"""The kind of a box that stands for a task of a job, between what it reads and what it writes."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task through whose memory data went."""

    job_id: int
    job: str
    name: str


@dataclass(frozen=True, slots=True)
class Thing:
    """One box: a place of the graph, several that are alike, or a task."""

    key: str
    what: Place | Task
    members: tuple[Place, ...] = ()
    """What it stands for; empty for a single place."""

    @property
    def kind(self) -> str:
        return TASK if isinstance(self.what, Task) else self.what.node.kind.value

    @property
    def is_group(self) -> bool:
        return bool(self.members)


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes and arrows around the one that somebody asked about."""

    focus: str
    things: Mapping[str, Thing]
    edges: frozenset[tuple[str, str]]
    touched: frozenset[str] = frozenset()
    """What lives on the one in the middle, as the walk downstream tells."""
    left_out: int = 0
    """Places that are too far away to be drawn."""

    def in_order(self) -> list[Thing]:
        """The boxes from the farthest one upstream to the farthest one downstream. Where data goes in circles, that is
        what a drawing takes for its direction."""
        before, after = _neighbours(self)
        up, down = _distances(self.focus, before), _distances(self.focus, after)

        def place(thing: Thing) -> tuple[int, str]:
            above, below = up.get(thing.key), down.get(thing.key)
            if above is None or (below is not None and below < above):
                return below or 0, thing.key
            return -above, thing.key

        return sorted(self.things.values(), key=place)


def key_of(place: Place) -> str:
    """A place as one text, different for different places."""
    version = "" if place.node.version is None else f"@{place.node.version}"
    column = "" if place.column is None else f"#{place.column}"
    return f"{place.node.kind.value}:{place.node.name}{version}{column}"


def drawn_from(start: Place, upstream: Iterable[Step], downstream: Iterable[Step] = ()) -> Picture:
    """Every place and every way between two, once. Data that went through the memory of a task goes through its box:
    a task that reads ten tables and writes seven is seventeen arrows, not seventy."""
    things = {key_of(start): Thing(key_of(start), start)}
    edges: set[tuple[str, str]] = set()
    touched: set[str] = set()
    for steps, is_down in ((upstream, False), (downstream, True)):
        for step in steps:
            way = _way(step)
            things |= {thing.key: thing for thing in way if thing.key not in things}
            keys = [thing.key for thing in way]
            edges |= {edge for edge in pairwise(keys) if edge[0] != edge[1]}
            touched |= set(keys[1:]) if is_down else set()
    return Picture(key_of(start), things, frozenset(edges), frozenset(touched - {key_of(start)}))


def _way(step: Step) -> list[Thing]:
    """The boxes that one step goes through."""
    ends = [Thing(key_of(place), place) for place in (step.source, step.target)]
    facts = step.passage.latest.edge.entity
    if not step.passage.in_memory or not facts.get("job_id"):
        return ends
    task = Task(int(facts["job_id"]), str(facts.get("job_name") or facts["job_id"]), str(facts.get("task_key") or ""))
    return [ends[0], Thing(f"task:{task.job_id}/{task.name}", task), ends[1]]


def readable(picture: Picture, apart: frozenset[str] = frozenset(), *, most: int = MOST_THINGS) -> Picture:
    """The picture with alike things together, but for the kinds that are to stand apart, and at most so many boxes."""
    if NodeKind.MODEL_VERSION.value not in apart:
        picture = _merged(picture, _by_model, least=2)
    for _ in range(2):  # what stood before groups may be alike now
        neighbours = _neighbours(picture)

        def signature(thing: Thing, known: _Neighbours = neighbours) -> Hashable | None:
            return None if thing.kind in apart else _signature(thing, known)

        picture = _merged(picture, signature, least=2)
    return _nearest(picture, most)


def _distances(start: str, beside: Mapping[str, frozenset[str]]) -> dict[str, int]:
    found, waiting = {start: 0}, deque([start])
    while waiting:
        key = waiting.popleft()
        for other in sorted(beside[key]):
            if other not in found:
                found[other] = found[key] + 1
                waiting.append(other)
    return found


_Neighbours = tuple[Mapping[str, frozenset[str]], Mapping[str, frozenset[str]]]


def _neighbours(picture: Picture) -> _Neighbours:
    before: dict[str, set[str]] = defaultdict(set)
    after: dict[str, set[str]] = defaultdict(set)
    for source, target in picture.edges:
        after[source].add(target)
        before[target].add(source)
    return (
        {key: frozenset(before[key]) for key in picture.things},
        {key: frozenset(after[key]) for key in picture.things},
    )


def _by_model(thing: Thing) -> Hashable | None:
    if isinstance(thing.what, Task):
        return None
    node = thing.what.node
    return node.name if node.kind is NodeKind.MODEL_VERSION and node.version is not None else None


def _signature(thing: Thing, neighbours: _Neighbours) -> Hashable | None:
    """What makes a thing like another; None for one that stands for itself."""
    before, after = neighbours
    if thing.kind in _ALWAYS_TOGETHER:
        return thing.kind, after[thing.key]
    if thing.is_group or isinstance(thing.what, Task):
        return None
    return thing.kind, thing.what.column is None, before[thing.key], after[thing.key]


def _merged(picture: Picture, mark: Callable[[Thing], Hashable | None], *, least: int) -> Picture:
    """Things with the same mark as one, where there are enough of them. The one in the middle stays alone."""
    groups: dict[Hashable, list[Thing]] = defaultdict(list)
    for thing in picture.things.values():
        if thing.key != picture.focus and (marked := mark(thing)) is not None:
            groups[marked].append(thing)
    stands_for: dict[str, Thing] = {}
    for members in groups.values():
        enough = least if members[0].kind in (*_ALWAYS_TOGETHER, NodeKind.MODEL_VERSION.value) else ALIKE_FROM
        if len(members) < enough:
            continue
        group = _group(members)
        stands_for |= {member.key: group for member in members}
    things = {shown.key: shown for thing in picture.things.values() for shown in (stands_for.get(thing.key, thing),)}
    edges = {
        (stands_for[source].key if source in stands_for else source,
         stands_for[target].key if target in stands_for else target)
        for source, target in picture.edges
    }  # fmt: skip
    touched = {stands_for[key].key if key in stands_for else key for key in picture.touched}
    kept = frozenset(edge for edge in edges if edge[0] != edge[1])
    return replace(picture, things=things, edges=kept, touched=frozenset(touched))


def _group(members: list[Thing]) -> Thing:
    first = min(members, key=lambda thing: thing.key)
    places = [place for thing in members for place in places_of(thing)]
    return Thing(f"all:{first.key}", first.what, tuple(sorted(places, key=key_of)))


def places_of(thing: Thing) -> tuple[Place, ...]:
    """What a box stands for; a task is no place."""
    return thing.members or (() if isinstance(thing.what, Task) else (thing.what,))


def _nearest(picture: Picture, most: int) -> Picture:
    """Only so many things as can be read, those nearest to the middle."""
    if len(picture.things) <= most:
        return picture
    beside: dict[str, set[str]] = defaultdict(set)
    for source, target in picture.edges:
        beside[source].add(target)
        beside[target].add(source)
    kept, waiting = {picture.focus: None}, deque([picture.focus])
    while waiting and len(kept) < most:
        for key in sorted(beside[waiting.popleft()]):
            if key not in kept and len(kept) < most:
                kept[key] = None
                waiting.append(key)
    gone = [thing for key, thing in picture.things.items() if key not in kept]
    return replace(
        picture,
        things={key: thing for key, thing in picture.things.items() if key in kept},
        edges=frozenset(edge for edge in picture.edges if edge[0] in kept and edge[1] in kept),
        touched=picture.touched.intersection(kept),
        left_out=sum(len(places_of(thing)) for thing in gone),
    )
