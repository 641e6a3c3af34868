"""An empty place says what would stand there, and what to do next."""

from nicegui import ui
from nicegui.element import Element

from boathouse.server.ui.parts.text import words


def empty(what: str, next_step: str | None = None) -> Element:
    """``what`` is missing; ``next_step`` is a sentence, or a command when it begins with ``boathouse``."""
    with ui.element("div").classes("bh-empty") as element:
        words(what, "p")
        if next_step:
            words(next_step, "code" if next_step.startswith("boathouse ") else "p", style="bh-note")
    return element
