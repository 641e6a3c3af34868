"""From raw column to endpoint: a graph around one thing, and what a change of it would touch."""

from collections.abc import Callable
from dataclasses import replace

from nicegui import ui

from boathouse.catalog import Securable, SecurableKind
from boathouse.catalog.facts import SecurableNotFound
from boathouse.catalog.lineage_graph import place_of
from boathouse.catalog.lineage_names import GOVERNED, Asked
from boathouse.catalog.search.finding import Question
from boathouse.catalog.securables import NodeKind
from boathouse.foundation.clock import from_epoch_ms
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.foundation.names import TableName
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import Crumb, frame
from boathouse.server.ui.pages.lineage.impact import impact_card
from boathouse.server.ui.pages.lineage.picture import Picture, places_of
from boathouse.server.ui.pages.lineage.walks import (
    FAR,
    Around,
    View,
    around,
    boxes,
    kind_in_words,
    page_of,
    picture_of,
    spelled,
    view_of,
)
from boathouse.server.ui.parts.drawing import graph
from boathouse.server.ui.parts.figures import counted
from boathouse.server.ui.parts.grid import Linked, grid
from boathouse.server.ui.parts.later import later
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.text import link, note, words
from boathouse.server.ui.visitor import Visitor

MOST_STEPS_SHOWN = 500


async def lineage_page(visitor: Visitor) -> None:
    view = view_of(visitor.query)
    if not view.of:
        await _begin(visitor)
        return
    asked = await visitor.ask(visitor.plane.catalog.lineage.find, view.of, _kind(view.kind))
    name = view.of
    with frame(visitor, f"Lineage of {name}", Crumb("Lineage", addresses.LINEAGE)):
        _tools(visitor, asked, view)
        with card():
            later(lambda: _draw(visitor, asked, view), "Walking along the lineage graph …")
        if view.marks_impact and asked.node.kind in GOVERNED:
            later(lambda: impact_card(visitor, view.of), "Counting what a change would touch …")
        if asked.node.kind is NodeKind.TABLE:
            later(lambda: _columns(visitor, asked, view), "")


def _kind(text: str | None) -> NodeKind | None:
    try:
        return NodeKind(text) if text else None
    except ValueError as error:
        raise InvalidInput(f"{text!r} is not a kind of thing.", hint=did_you_mean(str(text), NodeKind)) from error


async def _begin(visitor: Visitor) -> None:
    """Nothing is asked for: what people use most is a good beginning."""
    found = await visitor.ask(
        visitor.plane.catalog.search.find, Question(kinds=(SecurableKind.TABLE, SecurableKind.REGISTERED_MODEL))
    )
    with frame(visitor, "Lineage"):
        with card("Of what?"):
            _field("")
            note("A table, volume, function or model; one column of a table; the id of a run.")
        with card("Used most"):
            grid(
                ["Name", "Kind", "Owner", "Reads in 30 days"],
                [
                    [
                        _begin_at(each.securable),
                        each.securable.kind.value.replace("_", " "),
                        each.securable.owner,
                        each.use.reads,
                    ]
                    for each in found
                ],
                label="What is used most",
                nothing="There is no table yet.",
                next_step="boathouse import FILE.csv",
            )


def _begin_at(thing: Securable) -> Linked:
    kind = next(node.value for node, governed in GOVERNED.items() if governed is thing.kind)
    return Linked(thing.full_name, View(thing.full_name, kind).address)


def _field(value: str) -> None:
    with ui.element("form").classes("bh-row").props("method=get role=search"):
        field = ui.element("input").classes("bh-input bh-wide-field").props("type=search name=of")
        field.props["aria-label"] = "Name of a table, column, model or run"
        field.props["placeholder"] = "catalog.schema.name or catalog.schema.table.column"
        field.props["value"] = value
        words("Show", "button", style="bh-button bh-primary").props("type=submit")


def _tools(visitor: Visitor, asked: Asked, view: View) -> None:
    """How far and how the graph is drawn; every choice is a link."""
    with card():
        _field(view.of)
        with ui.element("div").classes("bh-row bh-space"):
            words(kind_in_words(asked.node.kind.value), style="bh-badge")
            if page := page_of(place_of(asked.node, asked.column)):
                is_model = asked.node.kind is NodeKind.MODEL_VERSION and asked.node.version is None
                link(f"Open the {'model' if is_model else kind_in_words(asked.node.kind.value)}", page)
            if asked.column is not None:
                whole = replace(view, of=asked.node.name)
                link("The whole table", whole.address)
                told = "Without columns that only decide" if view.with_indirect else "With columns that only decide"
                link(told, replace(view, with_indirect=not view.with_indirect).address)
            told = "Do not mark the impact" if view.marks_impact else "Mark the impact of a change"
            link(told, replace(view, marks_impact=not view.marks_impact).address)
            if view.apart:
                link("Draw alike things together", replace(view, apart=frozenset()).address)
        with ui.element("div").classes("bh-row bh-space"):
            _depth("upstream", view.up, lambda depth: replace(view, up=depth))
            _depth("downstream", view.down, lambda depth: replace(view, down=depth))


def _depth(way: str, now: int, at: Callable[[int], View]) -> None:
    with ui.element("span").classes("bh-stepper").props(f'role=group aria-label="Steps {way}"'):
        if now > 0:
            link("−", at(now - 1).address, style="bh-button bh-small").props(f'aria-label="One step less {way}"')
        words(f"{counted(now, 'step')} {way}")
        if now < FAR:
            link("+", at(now + 1).address, style="bh-button bh-small").props(f'aria-label="One step more {way}"')


async def _draw(visitor: Visitor, asked: Asked, view: View) -> None:
    found = await around(visitor, asked, view)
    picture = picture_of(found, view)
    nodes, edges = boxes(picture, view)
    nothing = "Nothing was read from it or written to it yet, as far as you may know."
    graph(nodes if edges else [], edges, label=f"Lineage of {view.of}", nothing=nothing)
    _remarks(found, picture, view)
    if found.steps:
        _as_table(found)


def _remarks(found: Around, picture: Picture, view: View) -> None:
    """What the drawing does not show."""
    if picture.edges:
        note("Press a box to put it in the middle; press one that stands for several to see them one by one.")
    if view.marks_impact:
        things = sum(len(places_of(picture.things[key])) for key in picture.touched)
        note(f"Coloured: {counted(things, 'thing')} within {counted(view.down, 'step')} that a change would reach.")
    if found.hidden:
        note(f"{counted(found.hidden, 'thing')} beside these cannot be shown: you may not know of them.")
    if picture.left_out:
        note(f"{counted(picture.left_out, 'thing')} farther away left out; go on from another box.")
    elif found.is_cut:
        note("There is more, farther away: take more steps.")


def _as_table(found: Around) -> None:
    """The same for those who read better than they look."""
    with ui.element("details").classes("bh-branch"):
        words(f"The same as a table ({counted(len(found.steps), 'step')})", "summary")
        grid(
            ["From", "To", "How", "Times", "Last", "By"],
            [
                [
                    spelled(step.source),
                    spelled(step.target),
                    f"{step.influence.value}{', through memory' if step.passage.in_memory else ''}",
                    step.passage.times,
                    from_epoch_ms(step.passage.latest.event_time),
                    step.passage.latest.edge.entity.get("job_name") or step.passage.latest.principal,
                ]
                for step in found.steps[:MOST_STEPS_SHOWN]
            ],
            label="Steps of the lineage graph",
        )


async def _columns(visitor: Visitor, asked: Asked, view: View) -> None:
    """The columns of a table, each leading to its own graph."""
    try:
        table = await visitor.ask(visitor.plane.law.table, TableName.parse(asked.node.name))
    except SecurableNotFound:  # it was dropped; its edges are still there
        return
    with card("Column by column"), ui.element("ul").classes("bh-leaves"):
        for column in table.columns:
            with ui.element("li"):
                own = replace(view, of=f"{table.securable.full_name}.{column.name}", kind="table")
                chosen = asked.column is not None and column.name.lower() == asked.column.lower()
                made = link(column.name, own.address)
                if chosen:
                    made.props("aria-current=true").classes("bh-strong")
