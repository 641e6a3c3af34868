"""What a walk has found is made small enough to be read, and nothing is lost without being counted."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from boathouse.catalog.lineage_graph import Influence, Place, Step
from boathouse.catalog.repository.lineage_steps import Passage
from boathouse.catalog.repository.records import RecordedEdge
from boathouse.catalog.securables import LineageEdge, LineageNode, NodeKind
from boathouse.server.ui.pages.lineage.picture import Picture, Task, drawn_from, key_of, places_of, readable
from boathouse.server.ui.pages.lineage.walks import View, address_of, boxes, name_of, view_of

T, R, M, E = NodeKind.TABLE, NodeKind.RUN, NodeKind.MODEL_VERSION, NodeKind.ENDPOINT


def place(kind: NodeKind, name: str, version: int | None = None) -> Place:
    return Place(LineageNode(kind, name, version))


def step(source: Place, target: Place, *, job: str | None = None) -> Step:
    facts = {"job_id": 7, "job_name": job, "task_key": "build"} if job else {}
    edge = LineageEdge(source.node, target.node, "WRITE", entity=facts)
    passage = Passage(source.node, target.node, RecordedEdge(1, "e", 0, "ann", edge), 1, in_memory=job is not None)
    return Step(source, target, Influence.WHOLE, passage)


def a_year(runs: int = 300) -> Picture:
    """Ten tables, a run for each version of a model, and its endpoint; asked about one of the tables."""
    tables = [place(T, f"prod.f.t{number}") for number in range(10)]
    steps = [step(table, place(R, f"run{run}")) for run in range(runs) for table in tables]
    steps += [step(place(R, f"run{run}"), place(M, "prod.f.model", run)) for run in range(runs)]
    steps += [step(place(M, "prod.f.model", run), place(E, "answers")) for run in range(runs)]
    return drawn_from(tables[0], [], steps)


def test_runs_and_versions_stand_together_and_can_be_taken_apart() -> None:
    picture = readable(a_year())

    names = {name_of(thing) for thing in picture.things.values()}
    assert names == {"prod.f.t0", "9 tables", "300 runs", "prod.f.model, 300 versions", "answers"}
    assert readable(a_year(60), frozenset({"run"})).things.keys() >= {"run:run0", "run:run59"}


def test_what_was_touched_stays_so_in_a_group() -> None:
    picture = readable(a_year())

    told = {name_of(picture.things[key]) for key in picture.touched}
    assert told == {"300 runs", "prod.f.model, 300 versions", "answers"}


def test_what_is_too_far_is_counted() -> None:
    chain = [place(T, f"a.b.t{number}") for number in range(1_000)]
    steps = [step(one, other) for one, other in pairwise(chain)]

    picture = readable(drawn_from(chain[0], [], steps), most=200)

    assert len(picture.things) == 200 and picture.left_out == 800
    assert picture.in_order()[0].key == picture.focus


def test_a_task_stands_between_what_it_reads_and_writes() -> None:
    read, written = [place(T, f"a.b.r{n}") for n in range(3)], [place(T, f"a.b.w{n}") for n in range(3)]
    steps = [step(one, other, job="nightly") for one in read for other in written]

    picture = drawn_from(read[0], [], steps)

    assert len(picture.edges) == 6
    task = next(thing for thing in picture.things.values() if isinstance(thing.what, Task))
    assert (name_of(task), address_of(task, View("x")), places_of(task)) == ("build", "/ui/jobs/7", ())


def test_where_data_goes_in_circles_what_is_near_upstream_stays_left() -> None:
    one, two, three = (place(T, f"a.b.t{n}") for n in range(3))
    up, down = [step(one, two)], [step(two, three), step(three, one), step(one, two)]

    order = [thing.key for thing in drawn_from(two, up, down).in_order()]

    assert order == [key_of(one), key_of(two), key_of(three)]


def test_pressing_a_box_keeps_how_far_one_looks() -> None:
    view = View("prod.f.t0", "table", up=2, down=7, marks_impact=True)
    picture = readable(a_year())

    nodes, _ = boxes(picture, view)

    addresses = {node.name: node.address or "" for node in nodes}
    assert addresses["prod.f.t0"] == "/ui/tables/prod.f.t0"
    assert addresses["answers"] == "/ui/lineage?of=answers&kind=endpoint&up=2&down=7&impact=1"
    assert addresses["300 runs"].endswith("&apart=run&impact=1")


@given(st.builds(View, of=st.just("a.b.c"), up=st.integers(0, 50), down=st.integers(0, 50),
                 apart=st.frozensets(st.sampled_from(["run", "table"])), marks_impact=st.booleans()))  # fmt: skip
def test_a_view_is_what_its_address_says(view: View) -> None:
    from urllib.parse import parse_qsl, urlsplit

    assert view_of(dict(parse_qsl(urlsplit(view.address).query))) == view


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=40), st.integers(1, 8))
def test_every_place_is_drawn_stands_in_a_group_or_is_counted(ends: list[tuple[int, int]], most: int) -> None:
    kinds = [T, R, M]
    places = [place(kinds[n % 3], f"a.b.n{n // 3}", n if n % 3 == 2 else None) for n in range(13)]
    whole = drawn_from(places[0], [], [step(places[one], places[other]) for one, other in ends])

    picture = readable(whole, most=most)

    shown = sum(len(places_of(thing)) for thing in picture.things.values())
    assert shown + picture.left_out == len(whole.things)
    assert len(picture.things) <= most and picture.focus in picture.things
    assert all(source in picture.things and target in picture.things for source, target in picture.edges)
    assert picture.touched <= picture.things.keys()
    assert replace(picture) == readable(whole, most=most)
