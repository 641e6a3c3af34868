"""Walks along the graph, by columns as far as they are known, on both databases."""

import pytest

from boathouse.catalog import ColumnFlow, LineageEdge, LineageNode, NodeKind, Privilege
from boathouse.catalog.lineage_graph import Graph, Walk
from boathouse.foundation.context import RequestContext, TaskContext, in_request
from boathouse.foundation.errors import InvalidInput, NotFound

USE = (Privilege.USE_CATALOG, Privilege.USE_SCHEMA)


def table(name: str, version: int | None = None) -> LineageNode:
    return LineageNode(NodeKind.TABLE, f"dev.trips.{name}", version)


def flow(**columns: str) -> ColumnFlow:
    return ColumnFlow({target: tuple(sources.split()) for target, sources in columns.items()})


def spelled(graph: Graph) -> set[str]:
    """Each step as ``source.column > target.column``."""
    ends = [(step.source, step.target) for step in graph.steps]
    short = [tuple(f"{end.node.name.removeprefix('dev.trips.')}.{end.column}" for end in pair) for pair in ends]
    return {" > ".join(pair) for pair in short}


@pytest.fixture
def graph(law):
    """raw.a, raw.b -> clean.x, clean.y (twice) -> features.f."""
    for name in ("raw", "clean", "features"):
        law.make_table(f"dev.trips.{name}")
    lineage = law.catalog.lineage
    for version in (1, 2):
        lineage.record(
            law.admin,
            [LineageEdge(table("raw", version), table("clean", version), "WRITE", columns=flow(x="a", y="b"))],
        )
    into = ColumnFlow({"f": ("x",)}, {"f": ("y",)}, ("x",))
    lineage.record(law.admin, [LineageEdge(table("clean", 2), table("features", 5), "WRITE", columns=into)])
    return lineage


def test_a_column_is_followed_up_and_down(law, graph) -> None:
    up = graph.columns_up(law.admin, graph.find(law.admin, "dev.trips.features.F"))
    down = graph.columns_down(law.admin, graph.find(law.admin, "dev.trips.raw.a"))

    assert spelled(up) == {"clean.x > features.f", "raw.a > clean.x"}
    assert spelled(down) == {"clean.x > features.f", "raw.a > clean.x"}
    assert {step.passage.times for step in up.steps} == {1, 2}


def test_what_only_decides_is_shown_when_asked_for(law, graph) -> None:
    asked = graph.find(law.admin, "dev.trips.features.f")

    up = graph.columns_up(law.admin, asked, Walk("up", with_indirect=True))

    assert "clean.y > features.f" in spelled(up)
    assert "raw.b > clean.y" in spelled(up)


def test_at_a_version_only_what_had_led_to_it_counts(law, graph) -> None:
    graph.record(law.admin, [LineageEdge(table("raw", 9), table("clean", 3), "WRITE", columns=flow(x="late"))])

    now = graph.columns_up(law.admin, graph.find(law.admin, "dev.trips.clean.x"))
    then = graph.columns_up(law.admin, graph.find(law.admin, "dev.trips.features.f@5"))

    assert "raw.late > clean.x" in spelled(now)
    assert spelled(then) == {"clean.x > features.f", "raw.a > clean.x"}


def test_through_the_memory_of_a_task_only_whole_tables_are_known(law, graph) -> None:
    law.make_table("dev.trips.scores")
    with in_request(RequestContext(task=TaskContext(7, "score", 70, "t", 700))):
        graph.record(law.admin, [LineageEdge(table("features", 5), None, "READ")])
        graph.record(law.admin, [LineageEdge(None, table("scores", 0), "WRITE")])
        graph.record(law.admin, [LineageEdge(table("raw", 2), None, "READ")])

    up = graph.columns_up(law.admin, graph.find(law.admin, "dev.trips.scores.p"))

    assert "features.None > scores.p" in spelled(up)
    assert "raw.None > scores.p" not in spelled(up)  # read after the write
    assert [step.passage.in_memory for step in up.steps if step.target.column == "p"] == [True]


def test_a_notebook_joins_its_reads_and_writes_by_its_session(law, graph) -> None:
    law.make_table("dev.trips.mine")
    graph.record(law.admin, [LineageEdge(table("raw", 1), None, "READ", session_id="s1")])
    graph.record(law.admin, [LineageEdge(table("features", 5), None, "READ", session_id="s2")])
    graph.record(law.admin, [LineageEdge(None, table("mine", 0), "WRITE", session_id="s1")])

    up = graph.columns_up(law.admin, graph.find(law.admin, "dev.trips.mine"))
    edges = graph.upstream(law.admin, table("mine"))

    assert spelled(up) == {"raw.None > mine.None"}
    assert {edge.edge.source for edge in edges} == {None, table("raw", 1)}


def test_nobody_joins_the_session_of_another_principal(law, graph) -> None:
    law.make_table("dev.trips.mine")
    law.let("bob", *USE, Privilege.SELECT)
    graph.record(law.bob, [LineageEdge(table("raw", 1), None, "READ", session_id="s1")])
    graph.record(law.admin, [LineageEdge(None, table("mine", 0), "WRITE", session_id="s1")])

    assert spelled(graph.columns_up(law.admin, graph.find(law.admin, "dev.trips.mine"))) == set()


def test_what_one_may_not_know_of_is_counted_and_not_passed(law, graph) -> None:
    law.let("bob", *USE)
    law.let("bob", Privilege.SELECT, on="dev.trips.features")

    up = graph.columns_up(law.bob, graph.find(law.bob, "dev.trips.features.f"))

    assert (up.steps, up.hidden) == ((), 1)
    assert graph.columns_down(law.bob, graph.find(law.bob, "dev.trips.features.id")).hidden == 0
    with pytest.raises(NotFound):
        graph.find(law.bob, "dev.trips.raw")


def test_names_that_do_not_exist_get_a_proposal(law, graph) -> None:
    with pytest.raises(NotFound, match=r"Did you mean dev\.trips\.features"):
        graph.find(law.admin, "dev.trips.featurs")
    with pytest.raises(NotFound, match="no column idd") as refused:
        graph.columns_up(law.admin, graph.find(law.admin, "dev.trips.raw.idd"))
    assert refused.value.hint == "Did you mean id?"
    with pytest.raises(InvalidInput, match="does not say"):
        graph.find(law.admin, "trips.raw")
    with pytest.raises(InvalidInput, match="contradict"):
        graph.find(law.admin, "dev.trips.raw@1", version=2)


def test_a_cycle_ends_and_a_depth_cuts(law, graph) -> None:
    graph.record(law.admin, [LineageEdge(table("features", 5), table("raw", 3), "WRITE", columns=flow(a="f"))])
    asked = graph.find(law.admin, "dev.trips.features.f")

    around = graph.columns_up(law.admin, asked)
    near = graph.columns_up(law.admin, asked, Walk("up", depth=1))

    assert spelled(around) == {"clean.x > features.f", "raw.a > clean.x", "features.f > raw.a"}
    assert not around.is_cut
    assert spelled(near) == {"clean.x > features.f"}
    assert near.is_cut


def test_the_same_flow_is_kept_once(law, graph) -> None:
    from sqlalchemy import func, select

    from boathouse.catalog.repository.schema import column_flows

    for version in range(3, 40):
        edge = LineageEdge(table("raw", version), table("clean", version), "WRITE", columns=flow(x="a", y="b"))
        graph.record(law.admin, [edge])

    with law.catalog.lineage._database.read() as connection:
        assert connection.execute(select(func.count()).select_from(column_flows)).scalar() == 2
    assert len(graph.columns_up(law.admin, graph.find(law.admin, "dev.trips.clean.x")).steps) == 1


def test_versions_of_a_model_are_things_of_their_own(law, graph) -> None:
    from boathouse.catalog import SecurableKind

    law.catalog.securables.register(law.admin, SecurableKind.REGISTERED_MODEL, "dev.trips.delay")
    for number in (1, 2):
        run = LineageNode(NodeKind.RUN, f"run{number}")
        model = LineageNode(NodeKind.MODEL_VERSION, "dev.trips.delay", number)
        graph.record(
            law.admin, [LineageEdge(table("features", number), run, "TRAINED"), LineageEdge(run, model, "REGISTERED")]
        )

    one = graph.columns_up(law.admin, graph.find(law.admin, "dev.trips.delay@1"))
    both = graph.columns_up(law.admin, graph.find(law.admin, "dev.trips.delay"))
    used = graph.columns_down(law.admin, graph.find(law.admin, "dev.trips.features"))

    assert {step.source.node.name for step in one.steps} >= {"run1"} and "run2" not in str(one)
    assert {step.source.node.name for step in both.steps} >= {"run1", "run2"}
    assert {step.target.node.version for step in used.steps if step.target.node.kind is NodeKind.MODEL_VERSION} == {
        1,
        2,
    }
