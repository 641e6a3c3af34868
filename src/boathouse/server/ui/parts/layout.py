"""How things stand beside each other: cards, rows, columns, tabs that have an address."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

from nicegui import ui

from boathouse.server.ui.addresses import with_query
from boathouse.server.ui.parts.text import link, words
from boathouse.server.ui.visitor import Visitor


@contextmanager
def card(title: str | None = None, *, level: int = 2) -> Generator[None]:
    """A thing of its own on the page."""
    with ui.element("section").classes("bh-card"):
        if title:
            words(title, f"h{level}")
        yield


@contextmanager
def row() -> Generator[None]:
    """Small things beside each other; they wrap when there is no room."""
    with ui.element("div").classes("bh-row"):
        yield


@contextmanager
def columns() -> Generator[None]:
    """Cards beside each other on a wide page, under each other on a narrow one."""
    with ui.element("div").classes("bh-columns"):
        yield


@contextmanager
def fold(title: str, *, is_open: bool = False) -> Generator[None]:
    """Something for those who want to know more; it opens by keyboard too."""
    with ui.element("details").classes("bh-fold").props("open" if is_open else ""):
        words(title, "summary")
        yield


def figure(value: object, meaning: str, *, address: str | None = None) -> None:
    """One number that matters and what it means."""
    with ui.element("div").classes("bh-figure"):
        if address:
            link(value, address, style="bh-figure-value")
        else:
            words(value, style="bh-figure-value")
        words(meaning, style="bh-note")


def tabs(visitor: Visitor, names: Sequence[str], *, query: str = "tab", counts: Mapping[str, int] | None = None) -> str:
    """Tabs as links, so that each has its address and the back button works. Answers which one is shown."""
    chosen = visitor.query.get(query, "")
    shown = chosen if chosen in names else names[0]
    with ui.element("nav").classes("bh-tabs").props('aria-label="Sections"'):
        for name in names:
            address = with_query(visitor.path, **{**visitor.query, query: None if name == names[0] else name})
            count = (counts or {}).get(name)
            tab = link(name if count is None else f"{name} ({count:,})", address, style="bh-tab")
            if name == shown:
                tab.props("aria-current=page")
    return shown
