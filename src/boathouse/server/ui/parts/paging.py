"""A long list, page by page: which one is shown stands in the address."""

from nicegui import ui

from boathouse.server.ui.addresses import with_query
from boathouse.server.ui.parts.text import link, words
from boathouse.server.ui.visitor import Visitor

PAGE = "page"
"""The query's name for which page is shown; the first is 1."""


def page_of(visitor: Visitor, *, total: int | None = None, per_page: int = 50) -> int:
    """Which page the address asks for, counted from 0; the last one where it asks for one beyond ``total`` things."""
    asked = visitor.query.get(PAGE, "1")
    page = max(0, int(asked) - 1) if asked.isdecimal() and len(asked) < 7 else 0
    return page if total is None else min(page, max(0, (total - 1) // per_page))


def page_links(visitor: Visitor, *, more: bool, total: int | None = None, per_page: int = 50, label: str = "") -> None:
    """Links to the page before and after this one; nothing when everything is on one page."""
    page = page_of(visitor, total=total, per_page=per_page)
    if not page and not more:
        return
    with ui.element("nav").classes("bh-grid-tools") as bar:
        bar.props["aria-label"] = f"Pages of {label}" if label else "Pages"
        if page:
            link("Previous", _page(visitor, page - 1))
        of = f" of {-(-total // per_page):,}" if total else ""
        words(f"Page {page + 1:,}{of}", style="bh-note")
        if more:
            link("Next", _page(visitor, page + 1))


def _page(visitor: Visitor, page: int) -> str:
    return with_query(visitor.path, **{**visitor.query, PAGE: page + 1 if page else None})
