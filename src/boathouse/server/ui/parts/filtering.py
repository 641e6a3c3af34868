"""What is looked for stands in the address: a form that asks for the same page again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nicegui import ui

from boathouse.server.ui.addresses import with_query
from boathouse.server.ui.parts.text import link, words
from boathouse.server.ui.visitor import Visitor


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that can be looked for; ``choices`` (value and text) make it a list to choose from."""

    name: str
    label: str
    choices: Mapping[str, str] | None = None
    type: str = "search"
    """As HTML knows it: ``search``, ``date``, ``datetime-local``, ``number``."""
    suggestions: Sequence[str] = ()
    default: str = ""
    """What is shown while the address says nothing."""


def filters(visitor: Visitor, *fields: Field, keep: Sequence[str] = ("tab",), press: str = "Show") -> None:
    """A form of fields with what the address says in them; pressing it asks for the address with what was filled in."""
    with ui.element("form").classes("bh-filters").props("method=get role=search") as form:
        form.props["action"] = visitor.path
        for name in keep:
            if value := visitor.query.get(name):
                _input("hidden", name, value)
        for field in fields:
            with ui.element("label").classes("bh-field"):
                words(field.label)
                value = visitor.query.get(field.name, field.default)
                if field.choices is not None:
                    select(field.name, field.choices, value)
                else:
                    _input(field.type, field.name, value).classes("bh-input")
                    _suggest(field)
        words(press, "button", style="bh-button").props("type=submit")
        if any(visitor.query.get(field.name) for field in fields):
            kept = {name: visitor.query.get(name) for name in keep}
            link("Clear", with_query(visitor.path, **kept))


def _input(kind: str, name: str, value: str) -> ui.element:
    element = ui.element("input")
    element.props.update({"type": kind, "name": name, "value": value})
    return element


def select(name: str, options: Mapping[str, str], chosen: str, *, at_once: bool = False) -> ui.element:
    """A list to choose from (value and text). ``at_once`` asks for the page as soon as another is chosen."""
    element = ui.element("select").classes("bh-input")
    element.props["name"] = name
    if at_once:
        element.on("change", js_handler="(event) => event.target.form.submit()")
    with element:
        for value, text in options.items():
            option = words(text, "option")
            option.props["value"] = value
            if value == chosen:
                option.props["selected"] = True
    return element


def _suggest(field: Field) -> None:
    if not field.suggestions:
        return
    element = ui.context.slot.children[-1]
    element.props["list"] = f"bh-{field.name}"
    with ui.element("datalist") as known:
        known.props["id"] = f"bh-{field.name}"
        for suggestion in field.suggestions:
            words(suggestion, "option")
