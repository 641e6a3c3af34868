"""A table of rows: sortable, searchable, in pages; a cell may link, be a state, or be an instant."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nicegui.element import Element

from boathouse.server.ui.parts.empty import empty
from boathouse.server.ui.parts.states import Tone, tone_of
from boathouse.server.ui.parts.times import in_milliseconds

ROWS_PER_PAGE = 25
LONGEST_TEXT = 2_000
"""Letters of somebody's data in one cell; browsers and sockets are not made for more."""


@dataclass(frozen=True, slots=True)
class Linked:
    """A cell that leads somewhere."""

    text: object
    address: str


@dataclass(frozen=True, slots=True)
class State:
    """A cell that is a state; its colour follows its word unless a tone is named."""

    text: object
    tone: Tone | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Ago:
    """A cell that says how long ago an instant was; a bare datetime shows the instant."""

    instant: datetime


@dataclass(frozen=True, slots=True)
class Exact:
    """A value of somebody's data, as it stands: a year gets no thousands separator, and null is told from nothing."""

    text: str | None
    key: float | None = None
    """Of a number, or of null among numbers: what it is sorted by."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A small coloured square that leads somewhere; ``title`` says what the colour says."""

    title: str
    address: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Marks:
    """A cell of squares, one for each of the last times."""

    marks: Sequence[Mark]


@dataclass(frozen=True, slots=True)
class Figure:
    """A cell whose number is told in words (``1.4 GB``) and sorted by its value."""

    text: str
    value: float | None


class Grid(Element, component="grid.js"):
    """The element in the browser; it sorts, searches and turns pages by itself."""

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[object]], *, label: str, per_page: int) -> None:
        super().__init__()
        self.props["columns"] = list(columns)
        self.props["rows"] = [[_cell(value) for value in row] for row in rows]
        self.props["label"] = label
        self.props["per-page"] = per_page

    def show(self, rows: Sequence[Sequence[object]]) -> None:
        """Other rows in the same columns; order, search and page stay as the reader has set them."""
        self.props["rows"] = [[_cell(value) for value in row] for row in rows]
        self.update()


def grid(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    label: str,
    nothing: str = "There is nothing here yet.",
    next_step: str | None = None,
    per_page: int = ROWS_PER_PAGE,
    on_choose: Callable[[int], Any] | None = None,
    choose: str = "Open",
    choosable: Sequence[int] | None = None,
    search: bool = True,
) -> Element:
    """Rows under named columns.

    Args:
        columns: One name each; numbers are set to the right.
        rows: As many values each as there are columns: text, numbers, datetimes, :class:`Linked`, :class:`State`,
            :class:`Ago`, None.
        label: What the rows are, for people who do not see the page.
        nothing: What stands there when there are no rows.
        next_step: What to do about that: a sentence, or a command.
        on_choose: Called with a row's number in ``rows`` when somebody presses the row; each row gets a button then.
        choose: What stands on that button.
        choosable: The numbers of the rows that get it; None: all.
        search: Whether the reader may look for a text in the rows; not where the page itself has a search.
    """
    if not rows:
        return empty(nothing, next_step)
    element = Grid(columns, rows, label=label, per_page=per_page)
    element.props["search"] = search
    if on_choose is not None:
        element.props["choosable"] = True
        element.props["choose"] = choose
        if choosable is not None:
            element.props["only"] = list(choosable)
        element.on("choose", lambda event: on_choose(int(event.args)))
    return element


def _cell(value: object) -> dict[str, Any]:
    """A cell as the browser takes it: text to show, and what it is sorted by."""
    match value:
        case None:
            return {"text": "—", "key": None}
        case Exact(text, key):
            if text is None:
                return {"text": "null", "key": None, "faint": True, "number": key is not None}
            shown = _shortened(text)
            return {"text": shown, "key": shown if key is None else key, "number": key is not None}
        case Marks(marks):
            shown = [{"title": mark.title, "href": mark.address, "tone": str(mark.tone)} for mark in marks]
            return {"text": "", "key": len(marks), "marks": shown}
        case Linked(text, address):
            return _cell(text) | {"href": address}
        case State(text, tone, address):
            told = str(text)
            shown = told.replace("_", " ").lower() if told.isupper() else told
            return {"text": shown, "key": shown, "tone": str(tone or tone_of(told))} | (
                {"href": address} if address else {}
            )
        case Figure(text, number):
            return {"text": text, "key": number, "number": True}
        case Ago(instant):
            return {"text": "", "key": in_milliseconds(instant), "at": in_milliseconds(instant), "ago": True}
        case datetime():
            return {"text": "", "key": in_milliseconds(value), "at": in_milliseconds(value)}
        case bool():
            return {"text": "yes" if value else "no", "key": str(value)}
        case int():
            return {"text": f"{value:,}", "key": value, "number": True}
        case float():
            return {"text": f"{value:,.4g}" if abs(value) < 1e6 else f"{value:,.0f}", "key": value, "number": True}
        case _:
            return {"text": str(value), "key": str(value)}


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}… ({len(text):,} letters)"
