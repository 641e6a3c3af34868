"""The code editor: SQL in colour, governed names completed, Ctrl+Enter runs.

NiceGUI's editor completes the words of its language; it takes no words of one's own. CodeMirror, which it is made of,
does: :class:`Completion` adds a source of names to the editor in the browser.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from boathouse.server.ui.pages.sql.names import Names
from boathouse.server.ui.visitor import Visitor

_PLACE = re.compile(r"at line (\d+), column (\d+)")


class Completion(Element, component="completion.js"):
    """Names for an editor."""

    def __init__(self, editor: Element, names: Names, label: str) -> None:
        super().__init__()
        self.props["of"] = editor.id
        self.props["label"] = label
        self._names = names
        self.on("complete", self._complete)

    async def _complete(self, event: GenericEventArguments) -> None:
        asked: dict[str, Any] = event.args
        options = await self._names.options(str(asked["path"]), str(asked["text"]))
        self.run_method("answer", asked["number"], options)


class SqlEditor:
    """A text of SQL that somebody writes."""

    def __init__(self, visitor: Visitor, text: str, *, on_run: Callable[[], Awaitable[Any]]) -> None:
        self._editor = ui.codemirror(
            text,
            language="SQL",
            theme="vscodeLight",
            indent="  ",
            line_wrapping=True,
            keymap={"Mod-Enter": lambda _: on_run()},
            on_change=lambda _: self.mark(None),
        ).classes("bh-editor")
        Completion(self._editor, Names(visitor), "SQL")

    @property
    def text(self) -> str:
        return self._editor.value or ""

    def on_change(self, handler: Callable[[], Any]) -> None:
        """Tell somebody when the text has changed."""
        self._editor.on_value_change(lambda _: handler())

    def mark(self, error: str | None) -> None:
        """Show where an error is, if it says so; None takes the mark away."""
        place = place_of(error or "")
        wanted: list[dict[str, Any]] = []
        if place is not None and place[0] <= self.text.count("\n") + 1:
            wanted = [{"kind": "line", "line": place[0], "class": "bh-error-line"}]
            self._editor.reveal_line(place[0])
        if wanted or self._editor.decorations:
            self._editor.decorations = wanted


def place_of(error: str) -> tuple[int, int] | None:
    """Line and column that an error names, both from 1."""
    found = _PLACE.search(error)
    return (int(found[1]), int(found[2])) if found else None
