"""A directed graph as layers from left to right, drawn as SVG: lineage and the tasks of a job.

Layers follow the longest way from a source; within a layer, nodes are ordered by the middle of their neighbours
(Sugiyama, Tagawa and Toda 1981), which keeps crossings few. Each node is a link, so that a graph works with the
keyboard, and each view of it has an address.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import accumulate, pairwise

from boathouse.server.ui.parts.states import Tone

NODE_WIDTH, NODE_HEIGHT = 190, 44
GAP_ACROSS, GAP_DOWN = 64, 14
MARGIN = 12
BACK_BEND = 44.0
"""How far an arrow that goes back reaches around its boxes."""
SWEEPS = 6
BEND_HEIGHT = 10
"""The room that an arrow takes where it passes a layer."""
MOST_BENDS = 800
TEXT_LETTERS, KIND_LETTERS = 25, 31


@dataclass(frozen=True, slots=True)
class Node:
    """One box. ``kind`` is the small word above its name."""

    key: str
    name: str
    kind: str = ""
    tone: Tone = Tone.QUIET
    address: str | None = None
    title: str = ""
    """What shows on hover; the name when empty."""
    label: str = ""
    """What is read to people who do not see the box; kind and name when empty."""
    is_chosen: bool = False
    is_faint: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow from one node's key to another's."""

    source: str
    target: str
    is_marked: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands, in pixels."""

    x: float
    y: float


def layers_of(keys: Sequence[str], edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Each node's layer: the length of the longest way to it.

    Where nodes stand in a circle, the order of ``keys`` says which way is right: an edge back to an earlier one counts
    for nothing.
    """
    number = {key: place for place, key in enumerate(keys)}
    known = {(number[s], number[t]) for s, t in edges if s in number and t in number and s != t}
    after: list[list[int]] = [[] for _ in keys]
    for source, target in sorted(known):
        after[source].append(target)
    circle = _circles(after)
    onward = [[t for t in targets if circle[s] != circle[t] or s < t] for s, targets in enumerate(after)]
    layers = _longest_ways(onward)
    return {key: layers[place] for key, place in number.items()}


def _longest_ways(after: Sequence[Sequence[int]]) -> list[int]:
    """How many edges the longest way to each node has (Kahn 1962); there are no circles."""
    missing = [0] * len(after)
    for targets in after:
        for target in targets:
            missing[target] += 1
    layers = [0] * len(after)
    ready = [node for node, count in enumerate(missing) if not count]
    for node in ready:  # it grows as we go
        for target in after[node]:
            layers[target] = max(layers[target], layers[node] + 1)
            missing[target] -= 1
            if not missing[target]:
                ready.append(target)
    return layers


def _circles(after: Sequence[Sequence[int]]) -> list[int]:
    """The circle that each node stands in, as a number; a node in none has a number of its own (Tarjan 1972). Without
    recursion: a chain may be thousands long."""
    found: list[int | None] = [None] * len(after)
    seen: list[int | None] = [None] * len(after)
    lowest = [0] * len(after)
    path: list[int] = []
    count = 0
    for start in range(len(after)):
        stack = [] if seen[start] is not None else [(start, 0)]
        while stack:
            node, turn = stack.pop()
            if turn == 0:
                seen[node] = lowest[node] = count
                count += 1
                path.append(node)
            elif found[after[node][turn - 1]] is None:
                lowest[node] = min(lowest[node], lowest[after[node][turn - 1]])
            while turn < len(after[node]) and seen[after[node][turn]] is not None:
                if found[after[node][turn]] is None:
                    lowest[node] = min(lowest[node], seen[after[node][turn]] or 0)
                turn += 1
            if turn < len(after[node]):
                stack += [(node, turn + 1), (after[node][turn], 0)]
            elif lowest[node] == seen[node]:
                while found[node] is None:
                    found[path.pop()] = node
    return [number or 0 for number in found]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where nodes stand, and through which gaps their long arrows go."""

    places: dict[str, Place]
    bends: dict[tuple[str, str], list[Place]]
    """For an arrow that passes layers: where it does, so that it goes between boxes and not behind them."""


def placed(keys: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, Place]:
    """Where each node stands."""
    return laid_out(keys, edges).places


def laid_out(keys: Sequence[str], edges: Sequence[tuple[str, str]]) -> Layout:
    """Where each node stands, and each long arrow goes."""
    layers = layers_of(keys, edges)
    columns: dict[int, list[str]] = defaultdict(list)
    for key in keys:
        columns[layers[key]].append(key)
    ways = _ways(layers, edges)
    for (source, _), way in ways.items():
        for step, bend in enumerate(way, start=layers[source] + 1):
            columns[step].append(bend)
    _order(columns, _short_edges(edges, ways))
    found = _stacked(columns, frozenset(keys))
    bends = {edge: [found[bend] for bend in way] for edge, way in ways.items()}
    return Layout({key: found[key] for key in keys}, bends)


def _ways(layers: dict[str, int], edges: Sequence[tuple[str, str]]) -> dict[tuple[str, str], list[str]]:
    """A name for each place where an arrow passes a layer; none when there are too many to help anybody."""
    long = [edge for edge in dict.fromkeys(edges) if layers[edge[1]] - layers[edge[0]] > 1]
    if sum(layers[target] - layers[source] - 1 for source, target in long) > MOST_BENDS:
        return {}
    return {
        (source, target): [f"\0{number}/{layer}" for layer in range(layers[source] + 1, layers[target])]
        for number, (source, target) in enumerate(long)
    }


def _short_edges(edges: Sequence[tuple[str, str]], ways: dict[tuple[str, str], list[str]]) -> list[tuple[str, str]]:
    return [pair for edge in edges for pair in pairwise((edge[0], *ways.get(edge, ()), edge[1]))]


def _stacked(columns: dict[int, list[str]], boxes: frozenset[str]) -> dict[str, Place]:
    """Each column's nodes and bends from top to bottom, its middle at that of all. A bend's place is its line."""
    heights = {
        number: sum(NODE_HEIGHT + GAP_DOWN if key in boxes else BEND_HEIGHT for key in column)
        for number, column in columns.items()
    }
    tallest = max(heights.values(), default=0)
    places: dict[str, Place] = {}
    for number, column in columns.items():
        x, y = MARGIN + number * (NODE_WIDTH + GAP_ACROSS), MARGIN + (tallest - heights[number]) / 2
        for key in column:
            places[key] = Place(x, y if key in boxes else y + (BEND_HEIGHT - GAP_DOWN) / 2)
            y += NODE_HEIGHT + GAP_DOWN if key in boxes else BEND_HEIGHT
    return places


def _order(columns: dict[int, list[str]], edges: Sequence[tuple[str, str]]) -> None:
    before: dict[str, list[str]] = defaultdict(list)
    after: dict[str, list[str]] = defaultdict(list)
    for source, target in edges:
        after[source].append(target)
        before[target].append(source)
    numbers = sorted(columns)
    for sweep in range(SWEEPS):
        neighbours = before if sweep % 2 == 0 else after
        rank = {key: (row + 0.5) / len(column) for column in columns.values() for row, key in enumerate(column)}
        for number in numbers if sweep % 2 == 0 else reversed(numbers):
            columns[number].sort(key=lambda key: _middle(neighbours[key], rank, rank[key]))
            rank |= {key: (row + 0.5) / len(columns[number]) for row, key in enumerate(columns[number])}


def _middle(neighbours: Sequence[str], rank: dict[str, float], own: float) -> float:
    told = [rank[key] for key in neighbours if key in rank]
    return sum(told) / len(told) if told else own


def drawn(nodes: Sequence[Node], edges: Sequence[Edge], *, label: str) -> str:
    """The graph as SVG. Every text in it is escaped."""
    known = {node.key for node in nodes}
    edges = [edge for edge in edges if edge.source in known and edge.target in known]
    layout = laid_out([node.key for node in nodes], [(edge.source, edge.target) for edge in edges])
    places, bends = layout.places, layout.bends
    if any(places[edge.target].x <= places[edge.source].x for edge in edges):  # room to go around the outermost boxes
        places = {key: _moved(place) for key, place in places.items()}
        bends = {edge: [_moved(place) for place in way] for edge, way in bends.items()}
    width = max((place.x for place in places.values()), default=0) + NODE_WIDTH + MARGIN + BACK_BEND / 2
    every = [*places.values(), *(bend for way in bends.values() for bend in way)]
    height = max((place.y for place in every), default=0) + NODE_HEIGHT + MARGIN
    lines = "".join(
        _line(edge, places, bends.get((edge.source, edge.target), ()))
        for edge in sorted(edges, key=lambda edge: edge.is_marked)
    )
    boxes = "".join(_box(node, places[node.key]) for node in nodes)
    return (
        f'<svg class="bh-graph" width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
        f' role="group" aria-label="{escape(label)}">'
        '<defs><marker id="bh-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
        ' orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>'
        f"{lines}{boxes}</svg>"
    )


def _moved(place: Place) -> Place:
    return Place(place.x + BACK_BEND / 2, place.y)


def _line(edge: Edge, places: dict[str, Place], bends: Sequence[Place]) -> str:
    source, target = places[edge.source], places[edge.target]
    from_x, from_y = source.x + NODE_WIDTH, source.y + NODE_HEIGHT / 2
    is_back = target.x <= source.x
    drawn = f"M{from_x:.0f} {from_y:.0f}"
    for bend in bends:
        drawn += f"{_curve(from_x, from_y, bend.x, bend.y)}H{bend.x + NODE_WIDTH:.0f}"
        from_x, from_y = bend.x + NODE_WIDTH, bend.y
    drawn += _curve(from_x, from_y, target.x - 2, target.y + NODE_HEIGHT / 2, back=is_back)
    style = f"bh-edge{' bh-marked' * edge.is_marked}{' bh-back' * is_back}"
    return f'<path class="{style}" marker-end="url(#bh-arrow)" d="{drawn}"/>'


def _curve(from_x: float, from_y: float, to_x: float, to_y: float, *, back: bool = False) -> str:
    bend = BACK_BEND if back else max(24.0, (to_x - from_x) / 2)
    return f"C{from_x + bend:.0f} {from_y:.0f} {to_x - bend:.0f} {to_y:.0f} {to_x:.0f} {to_y:.0f}"


def _box(node: Node, place: Place) -> str:
    style = f"bh-node bh-{node.tone}{' bh-chosen' * node.is_chosen}{' bh-faint' * node.is_faint}"
    name, kind = _cut(node.name, TEXT_LETTERS), _cut(node.kind, KIND_LETTERS)
    inside = (
        f"<title>{escape(node.title or node.name)}</title>"
        f'<rect x="{place.x:.0f}" y="{place.y:.0f}" width="{NODE_WIDTH}" height="{NODE_HEIGHT}" rx="6"/>'
        f'<text class="bh-kind" x="{place.x + 10:.0f}" y="{place.y + 16:.0f}">{escape(kind)}</text>'
        f'<text x="{place.x + 10:.0f}" y="{place.y + 34:.0f}">{escape(name)}</text>'
    )
    if node.address is None:
        return f'<g class="{style}">{inside}</g>'
    spoken = escape(node.label or f"{node.kind} {node.name}".strip())
    return f'<a class="{style}" href="{escape(node.address)}" aria-label="{spoken}">{inside}</a>'


def _cut(text: str, letters: int) -> str:
    """As much of a text as fits; digits and capitals are wider than other letters."""
    wide = [1.25 if each.isdigit() or each.isupper() else 1.0 for each in text]
    if sum(wide) <= letters:
        return text
    fitting = sum(so_far <= letters - 1 for so_far in accumulate(wide))
    return f"{text[:fitting]}…"
