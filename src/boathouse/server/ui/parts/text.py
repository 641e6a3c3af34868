"""Words on a page. Text stays text: nothing here reads HTML."""

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement


class Words(TextElement):
    """An HTML element that holds text and nothing else."""

    def __init__(self, text: str, *, tag: str = "span") -> None:
        super().__init__(tag=tag, text=text)


def words(text: object, tag: str = "span", *, style: str = "") -> Words:
    """Text in an element, with the class names of ``style``."""
    element = Words(str(text), tag=tag)
    return element.classes(style) if style else element


def heading(text: str, level: int = 2) -> Words:
    """A heading; the page's own title is level 1 and belongs to the frame."""
    return words(text, f"h{level}")


def note(text: object) -> Words:
    """A sentence in the quiet colour."""
    return words(text, "p", style="bh-note")


def code(text: object) -> Words:
    """A short piece of code, a name or an identifier."""
    return words(text, "code")


def preformatted(text: object) -> Words:
    """Lines as they are: a log, a statement, a JSON document."""
    return words(text, "pre", style="bh-pre").props("tabindex=0")


def link(text: object, address: str, *, style: str = "bh-link") -> Words:
    """A link to an address of ours."""
    element = words(text, "a", style=style)
    element.props["href"] = address
    return element


def facts(told: dict[str, object]) -> None:
    """A list of names and values; a value of None is left out, and a callable builds its own element."""
    with ui.element("dl").classes("bh-facts"):
        for name, value in told.items():
            if value is None:
                continue
            words(name, "dt")
            with ui.element("dd"):
                if callable(value):
                    value()
                else:
                    words(value)
