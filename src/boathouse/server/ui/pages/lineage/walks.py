"""How far a visitor looks along the lineage graph, as the address says it; and the drawing of what was found."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from boathouse.catalog.lineage_graph import Graph, Place, Step, Walk
from boathouse.catalog.lineage_names import Asked
from boathouse.catalog.securables import NodeKind
from boathouse.server.ui import addresses
from boathouse.server.ui.addresses import with_query
from boathouse.server.ui.pages.lineage.picture import Picture, Task, Thing, drawn_from, readable
from boathouse.server.ui.parts.graph import Edge, Node
from boathouse.server.ui.parts.states import Tone
from boathouse.server.ui.visitor import Visitor

NEAR, FAR = 3, 50


@dataclass(frozen=True, slots=True)
class View:
    """What is drawn: around what, how far, and how."""

    of: str
    kind: str | None = None
    up: int = NEAR
    down: int = NEAR
    apart: frozenset[str] = frozenset()
    """Kinds whose things stand apart."""
    marks_impact: bool = False
    with_indirect: bool = False

    @property
    def address(self) -> str:
        return with_query(
            addresses.LINEAGE,
            of=self.of,
            kind=self.kind,
            up=None if self.up == NEAR else self.up,
            down=None if self.down == NEAR else self.down,
            apart=",".join(sorted(self.apart)),
            impact=1 if self.marks_impact else None,
            indirect=1 if self.with_indirect else None,
        )


def view_of(query: Mapping[str, str]) -> View:
    """What an address asks for."""
    return View(
        query.get("of", "").strip(),
        query.get("kind") or None,
        _depth(query.get("up")),
        _depth(query.get("down")),
        frozenset(each for each in query.get("apart", "").split(",") if each),
        marks_impact=query.get("impact") == "1",
        with_indirect=query.get("indirect") == "1",
    )


def _depth(text: str | None) -> int:
    return min(int(text), FAR) if text and text.isdecimal() else NEAR


@dataclass(frozen=True, slots=True)
class Around:
    """What lies around a thing, both ways."""

    start: Place
    upstream: tuple[Step, ...]
    downstream: tuple[Step, ...]
    hidden: int
    is_cut: bool

    @property
    def steps(self) -> tuple[Step, ...]:
        return (*self.upstream, *self.downstream)


async def around(visitor: Visitor, asked: Asked, view: View) -> Around:
    """Walk both ways, as far as the view says."""
    lineage = visitor.plane.catalog.lineage
    up, down = Walk("up", view.up, view.with_indirect), Walk("down", view.down, view.with_indirect)
    nothing = Graph(Place(replace(asked.node)), "up", ())
    before, after = await asyncio.gather(
        visitor.ask(lineage.columns_up, asked, up) if view.up else _at_once(nothing),
        visitor.ask(lineage.columns_down, asked, down) if view.down else _at_once(nothing),
    )
    start = before.start if view.up else after.start
    hidden, is_cut = before.hidden + after.hidden, before.is_cut or after.is_cut
    return Around(start, before.steps, after.steps, hidden, is_cut)


async def _at_once(graph: Graph) -> Graph:
    return graph


def picture_of(found: Around, view: View) -> Picture:
    return readable(drawn_from(found.start, found.upstream, found.downstream), view.apart)


def boxes(picture: Picture, view: View) -> tuple[list[Node], list[Edge]]:
    """The picture as it is drawn. Pressing a box puts it in the middle; pressing a group takes its kind apart."""
    touched = picture.touched if view.marks_impact else frozenset[str]()
    nodes = [_box(thing, picture, view, touched) for thing in picture.in_order()]
    reached = touched | {picture.focus}
    edges = [
        Edge(source, target, is_marked=source in reached and target in touched)
        for source, target in sorted(picture.edges)
    ]
    return nodes, edges


def _box(thing: Thing, picture: Picture, view: View, touched: frozenset[str]) -> Node:
    is_focus = thing.key == picture.focus
    return Node(
        key=thing.key,
        name=name_of(thing),
        kind=f"task of {thing.what.job}" if isinstance(thing.what, Task) else _kind_of(thing.what),
        tone=Tone.DOUBTFUL if thing.key in touched else Tone.QUIET,
        address=address_of(thing, view, is_focus=is_focus),
        title=title_of(thing),
        label="" if thing.is_group else title_of(thing),
        is_chosen=is_focus,
        is_faint=view.marks_impact and not is_focus and thing.key not in touched,
    )


def address_of(thing: Thing, view: View, *, is_focus: bool = False) -> str:
    """Where pressing a box leads: to the job of a task, to the members of a group, to the page of what is in the middle
    already; anything else comes into the middle."""
    if isinstance(thing.what, Task):
        return addresses.job(thing.what.job_id)
    if thing.is_group:
        return replace(view, apart=view.apart | {thing.kind}).address
    if is_focus and (page := page_of(thing.what)) is not None:
        return page
    return replace(view, of=spelled(thing.what), kind=thing.kind).address


def spelled(place: Place) -> str:
    """A place as :meth:`Lineage.find` reads it."""
    version = "" if place.node.version is None else f"@{place.node.version}"
    column = "" if place.column is None else f".{place.column}"
    return f"{place.node.name}{column}{version}"


def name_of(thing: Thing) -> str:
    """What stands in a box."""
    if isinstance(thing.what, Task):
        return thing.what.name
    if thing.is_group and thing.what.node.kind is NodeKind.MODEL_VERSION:
        return f"{_short(thing.what.node.name, 13)}, {len(thing.members)} versions"
    if thing.is_group:
        return f"{len(thing.members):,} {_kind_of(thing.what)}s"
    return _short(spelled(thing.what))


def _kind_of(place: Place) -> str:
    return kind_in_words(place.node.kind.value) if place.column is None else "column"


def _short(name: str, letters: int = 25) -> str:
    """The end of a long name tells more than its beginning."""
    while len(name) > letters and "." in name:
        name = name.partition(".")[2]
    return name


def title_of(thing: Thing) -> str:
    """What shows on hover: all of the name, or the first names of a group."""
    if isinstance(thing.what, Task):
        return f"task {thing.what.name} of job {thing.what.job}"
    if not thing.is_group:
        return f"{_kind_of(thing.what)} {spelled(thing.what)}"
    names = [spelled(place) for place in thing.members[:20]]
    more = len(thing.members) - len(names)
    return "\n".join([*names, f"and {more:,} more"] if more else names)


def kind_in_words(kind: str) -> str:
    """``model version``."""
    return kind.replace("_", " ")


def page_of(place: Place) -> str | None:
    """The page of a thing itself."""
    node = place.node
    match node.kind:
        case NodeKind.TABLE:
            return addresses.table(node.name)
        case NodeKind.VOLUME:
            return addresses.volume(node.name)
        case NodeKind.FUNCTION:
            return addresses.function(node.name)
        case NodeKind.ENDPOINT:
            return addresses.endpoint(node.name)
        case NodeKind.MODEL_VERSION if node.version is not None:
            return addresses.model_version(node.name, node.version)
        case NodeKind.MODEL_VERSION:
            return addresses.model(node.name)
        case NodeKind.JOB_RUN if node.name.isdecimal():
            return addresses.run(int(node.name))
        case _:
            return None
