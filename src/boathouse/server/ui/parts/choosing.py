"""Choices that stand in the page's address: a link to the page is a link to what was chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nicegui import ui

from boathouse.server.ui.parts.filtering import select
from boathouse.server.ui.parts.text import words
from boathouse.server.ui.visitor import Visitor


@dataclass(frozen=True, slots=True)
class Choice:
    """One field with the values it may have."""

    label: str
    options: Mapping[str, str] | Sequence[str]
    """What stands in the address, and how it is shown."""
    chosen: str = ""


def chooser(visitor: Visitor, choices: Mapping[str, Choice], *, keep: Sequence[str] = (), label: str = "Show") -> None:
    """Fields beside each other. Whoever changes one goes to the same page with another address.

    Args:
        choices: By their names in the address; one that has a single option is left out.
        keep: Other names of the address that stay as they are.
        label: What is chosen, for people who do not see the page.
    """
    shown = {name: choice for name, choice in choices.items() if len(choice.options) > 1}
    if not shown:
        return
    form = ui.element("form").classes("bh-filters").props("method=get role=search")
    form.props["action"] = visitor.path
    form.props["aria-label"] = label
    with form:
        for name in keep:
            if name in visitor.query and name not in shown:
                hidden = ui.element("input").props("type=hidden")
                hidden.props["name"], hidden.props["value"] = name, visitor.query[name]
        for name, choice in shown.items():
            _field(name, choice)
        with ui.element("noscript"):
            words("Show", "button", style="bh-button").props("type=submit")


def _field(name: str, choice: Choice) -> None:
    options = choice.options if isinstance(choice.options, Mapping) else {each: each for each in choice.options}
    with ui.element("label").classes("bh-field"):
        words(choice.label)
        select(name, options, choice.chosen, at_once=True)
