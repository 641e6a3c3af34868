"""The layers of a graph hold for any graph, however it was made up."""

from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from boathouse.server.ui.parts.graph import (
    NODE_HEIGHT,
    NODE_WIDTH,
    Edge,
    Node,
    Place,
    drawn,
    laid_out,
    layers_of,
    placed,
)

NAMES = [f"n{number}" for number in range(30)]
GRAPHS = st.integers(1, 30).flatmap(
    lambda size: st.tuples(
        st.permutations(NAMES[:size]),
        st.lists(st.tuples(st.sampled_from(NAMES[:size]), st.sampled_from(NAMES[:size])), max_size=90),
    )
)


@given(GRAPHS)
def test_boxes_never_overlap(graph: tuple[list[str], list[tuple[str, str]]]) -> None:
    keys, edges = graph
    places = placed(keys, edges)

    assert set(places) == set(keys)
    assert not any(_overlap(one, other) for one, other in combinations(places.values(), 2))


@given(GRAPHS)
def test_an_edge_goes_right_unless_it_stands_in_a_circle(graph: tuple[list[str], list[tuple[str, str]]]) -> None:
    keys, edges = graph
    layers = layers_of(keys, edges)

    for source, target in edges:
        if source != target and source not in _reached(target, edges):
            assert layers[source] < layers[target]


@given(GRAPHS)
def test_in_a_circle_the_order_of_the_nodes_says_which_way_is_right(
    graph: tuple[list[str], list[tuple[str, str]]],
) -> None:
    keys, edges = graph
    layers = layers_of(keys, edges)

    for source, target in edges:
        if keys.index(source) < keys.index(target):
            assert layers[source] < layers[target]


@given(GRAPHS)
def test_the_first_layer_is_there_and_none_is_left_out(graph: tuple[list[str], list[tuple[str, str]]]) -> None:
    keys, edges = graph
    layers = layers_of(keys, edges)

    assert set(layers.values()) == set(range(max(layers.values()) + 1))


@given(GRAPHS)
@settings(max_examples=20)
def test_the_same_graph_is_drawn_the_same_again(graph: tuple[list[str], list[tuple[str, str]]]) -> None:
    keys, edges = graph
    nodes, arrows = [Node(key, key) for key in keys], [Edge(*edge) for edge in edges]

    assert drawn(nodes, arrows, label="x") == drawn(nodes, arrows, label="x")


@given(GRAPHS)
def test_a_long_arrow_passes_between_the_boxes(graph: tuple[list[str], list[tuple[str, str]]]) -> None:
    keys, edges = graph
    layout = laid_out(keys, edges)

    for way in layout.bends.values():
        for bend in way:
            assert not any(
                place.x == bend.x and place.y - 1 < bend.y < place.y + NODE_HEIGHT + 1
                for place in layout.places.values()
            )


def test_a_circle_of_all_nodes_has_a_layer_for_each() -> None:
    keys = ["a", "b", "c", "d"]

    assert layers_of(keys, [("a", "b"), ("b", "c"), ("c", "d"), ("d", "a")]) == {"a": 0, "b": 1, "c": 2, "d": 3}


def test_a_chain_of_thousands_is_laid_out() -> None:
    keys = [f"n{number}" for number in range(3_000)]
    edges = list(pairwise(keys))

    layers = layers_of(list(reversed(keys)), edges)

    assert [layers[key] for key in keys] == list(range(3_000))
    assert len(placed(keys, edges)) == 3_000


def test_two_hundred_nodes_with_many_edges_have_places_of_their_own() -> None:
    keys = [f"n{number}" for number in range(200)]
    edges = [(keys[one], keys[other]) for one in range(200) for other in range(one + 7, 200, 31)]

    places = placed(keys, edges)

    assert not any(_overlap(one, other) for one, other in combinations(places.values(), 2))


def test_text_in_a_drawing_is_escaped() -> None:
    bad = "<img src=x onerror=alert(1)>"
    svg = drawn(
        [Node("a", bad, kind=bad, address=f"/ui/{bad}", title=bad), Node("b", "b")], [Edge("a", "b")], label=bad
    )

    assert "<img" not in svg
    assert "&lt;img" in svg


def _overlap(one: Place, other: Place) -> bool:
    return abs(one.x - other.x) < NODE_WIDTH and abs(one.y - other.y) < NODE_HEIGHT


def _reached(start: str, edges: list[tuple[str, str]]) -> set[str]:
    seen, waiting = {start}, [start]
    while waiting:
        node = waiting.pop()
        for source, target in edges:
            if source == node and target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen
