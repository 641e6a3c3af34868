"""Puts a drawn graph on the page; a wide one scrolls in its own frame."""

from collections.abc import Sequence

from nicegui import ui
from nicegui.element import Element

from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.graph import Edge, Node, drawn


def graph(
    nodes: Sequence[Node], edges: Sequence[Edge], *, label: str, nothing: str = "There is nothing to draw yet."
) -> Element:
    """Nodes and arrows, in layers from left to right."""
    if not nodes:
        return empty(nothing)
    element = ui.html(drawn(nodes, edges, label=label), sanitize=False).classes("bh-scroll bh-drawing")
    element.props["tabindex"] = "0"
    if any(node.is_chosen for node in nodes):
        ui.run_javascript(_SHOW_CHOSEN.format(element.html_id))
    return element


_SHOW_CHOSEN = """(() => {{
    const frame = document.getElementById("{0}"), chosen = frame?.querySelector(".bh-chosen");
    if (!chosen) return;
    const box = chosen.getBoundingClientRect(), around = frame.getBoundingClientRect();
    frame.scrollLeft += box.left + box.width / 2 - around.left - around.width / 2;
    frame.scrollTop += box.top + box.height / 2 - around.top - around.height / 2;
}})()"""
"""A wide drawing begins where somebody has asked; the page itself stays where it is."""
