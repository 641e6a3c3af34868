"""Markdown that people wrote. HTML in it is shown as text."""

from nicegui import ui
from nicegui.element import Element

from boathouse.models.cards.html import written_as_html


def prose(markdown: str) -> Element:
    """Text in Markdown with tables; its headings stand below those of the page."""
    return ui.html(written_as_html(markdown), sanitize=False).classes("bh-written bh-prose")
