"""The nearest part of the lineage graph, on the page of the thing itself."""

from boathouse.catalog.securables import NodeKind
from boathouse.server.ui.pages.lineage.walks import View, around, boxes, picture_of
from boathouse.server.ui.parts.drawing import graph
from boathouse.server.ui.parts.figures import counted
from boathouse.server.ui.parts.later import later
from boathouse.server.ui.parts.layout import card, row
from boathouse.server.ui.parts.text import link, note
from boathouse.server.ui.visitor import Visitor

_STEPS = 2


def lineage_card(visitor: Visitor, name: str, kind: str) -> None:
    """What a thing was made from and what was made from it, two steps each way."""
    view = View(name, kind, up=_STEPS, down=_STEPS)
    with card("Lineage"):
        with row():
            link("Open the lineage page", View(name, kind).address)
            link("What a change would touch", View(name, kind, marks_impact=True).address)
        later(lambda: _draw(visitor, view), "Walking along the lineage graph …")


async def _draw(visitor: Visitor, view: View) -> None:
    asked = await visitor.ask(visitor.plane.catalog.lineage.find, view.of, NodeKind(view.kind or "table"))
    found = await around(visitor, asked, view)
    far = View(view.of, view.kind)
    nodes, edges = boxes(picture_of(found, view), far)
    nothing = "Nothing was read from it or written to it yet, as far as you may know."
    graph(nodes if edges else [], edges, label=f"Lineage of {view.of}", nothing=nothing)
    if found.hidden:
        note(f"{counted(found.hidden, 'thing')} beside these cannot be shown: you may not know of them.")
