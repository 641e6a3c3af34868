"""Distributions side by side: the same bars for each, whatever bins they were counted in."""

from collections.abc import Sequence
from dataclasses import dataclass

from boathouse.monitoring.readings.nouns import Shape

BARS = 24
MOST_ITEMS = 20
OTHERS = "(all others)"
NULLS = "null"


@dataclass(frozen=True, slots=True)
class Bars:
    """Shares in percent, by the name of each bar."""

    names: tuple[str, ...]
    shares: tuple[tuple[float, ...], ...]
    """As many as there are shapes."""


def side_by_side(shapes: Sequence[Shape]) -> Bars:
    """The shapes as shares of all rows of each; null is a bar of its own where there is any."""
    if any(shape.is_counted for shape in shapes):
        names, counts = _items(shapes)
    else:
        names, counts = _stretches(shapes)
    if any(shape.nulls for shape in shapes):
        names = [*names, NULLS]
        counts = [[*each, float(shape.nulls)] for each, shape in zip(counts, shapes, strict=True)]
    shares = tuple(
        tuple(100 * count / ((shape.rows + shape.nulls) or 1) for count in each)
        for each, shape in zip(counts, shapes, strict=True)
    )
    return Bars(tuple(names), shares)


def _items(shapes: Sequence[Shape]) -> tuple[list[str], list[list[float]]]:
    most: dict[str, int] = {}
    for shape in shapes:
        for name, count in shape.items.items():
            most[name] = max(count, most.get(name, 0))
    names = sorted(most, key=lambda name: (-most[name], name))[:MOST_ITEMS]
    counts = [[float(shape.items.get(name, 0)) for name in names] for shape in shapes]
    rest = [max(0.0, shape.rows - sum(each)) for shape, each in zip(shapes, counts, strict=True)]
    if any(rest):
        names = [*names, OTHERS]
        counts = [[*each, other] for each, other in zip(counts, rest, strict=True)]
    return names, counts


def _stretches(shapes: Sequence[Shape]) -> tuple[list[str], list[list[float]]]:
    known = [shape for shape in shapes if shape.counts and shape.low is not None and shape.high is not None]
    if not known:
        return [], [[] for _ in shapes]
    low, high = _reach(known)
    if high <= low:
        return [f"{low:.4g}"], [[float(sum(shape.counts))] for shape in shapes]
    cuts = [low + (high - low) * place / BARS for place in range(BARS + 1)]
    names = [f"{cuts[place]:.4g} to {cuts[place + 1]:.4g}" for place in range(BARS)]
    return names, [_between(shape, cuts) for shape in shapes]


def _reach(shapes: Sequence[Shape]) -> tuple[float, float]:
    """From the least to the greatest; where a few far away would make one bar of all others, the bins' edges."""
    low = min(shape.low for shape in shapes if shape.low is not None)
    high = max(shape.high for shape in shapes if shape.high is not None)
    edges = [edge for shape in shapes for edge in shape.edges]
    if edges and high - low > 4 * (max(edges) - min(edges)) > 0:
        return min(edges), max(edges)
    return low, high


def _between(shape: Shape, cuts: Sequence[float]) -> list[float]:
    """How many lie between each two cuts; within a bin they lie evenly. What lies outside counts at the ends."""
    if not shape.counts or shape.low is None or shape.high is None:
        return [0.0] * (len(cuts) - 1)
    bounds = [shape.low, *(min(max(edge, shape.low), shape.high) for edge in shape.edges), shape.high]
    found = [0.0] * (len(cuts) - 1)
    width = (cuts[-1] - cuts[0]) / len(found)
    for count, left, right in zip(shape.counts, bounds, bounds[1:], strict=False):
        if not count:
            continue
        first = _place(left, cuts[0], width, len(found))
        last = _place(right, cuts[0], width, len(found))
        if right <= left or first == last:  # a bin holds what lies up to and with its right edge
            found[last if right <= left else first] += count
            continue
        for place in range(first, last + 1):
            begin = left if place == first else cuts[place]
            end = right if place == last else cuts[place + 1]
            found[place] += count * max(0.0, end - begin) / (right - left)
    return found


def _place(value: float, low: float, width: float, count: int) -> int:
    return min(max(int((value - low) / width), 0), count - 1)
