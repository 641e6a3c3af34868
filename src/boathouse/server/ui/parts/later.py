"""What comes after the page was sent: parts that take longer than a page may, and looks that are repeated."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from boathouse.server.ui.parts.problems import part, tell
from boathouse.server.ui.parts.text import words


def later(build: Callable[[], Awaitable[Any]], what: str = "Loading …") -> None:
    """Build a part of the page once the page is there; until then ``what`` stands in its place.

    Elements that ``build`` makes stand where this was called. An error of it is shown there, and the rest of the page
    stands.
    """
    with ui.element("div") as place:
        waiting = words(what, "p", style="bh-note bh-loading").props("role=status")

    async def fill() -> None:
        with place:
            await part(build)
        waiting.delete()

    ui.timer(0, fill, once=True)


def soon(work: Callable[[], Awaitable[Any]]) -> None:
    """Do something once the page is there; its error is told."""

    async def guarded() -> None:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 (told to the reader)
            tell(error)

    ui.timer(0, guarded, once=True)


def every(seconds: float, look: Callable[[], Awaitable[Any]], *, immediate: bool = True) -> ui.timer:
    """Look again and again while the page is open. An error is told once and ends it: what failed would fail again, and
    a session that has ended sees nothing more."""

    async def guarded() -> None:
        try:
            await look()
        except Exception as error:  # noqa: BLE001 (told to the reader)
            timer.deactivate()
            tell(error)

    timer = ui.timer(seconds, guarded, immediate=immediate)
    return timer
