"""Buttons that do something, and the dialogs that ask first."""

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any

from nicegui import ui
from nicegui.element import Element

from boathouse.server.ui.parts.problems import require_session, tell
from boathouse.server.ui.parts.text import words

Action = Callable[[], Awaitable[Any]]


def button(text: str, action: Action, *, style: str = "") -> Element:
    """A button whose action is shown as under way, and whose error is told.

    ``style`` may be ``bh-primary`` (what the page is for) or ``bh-danger`` (what takes something away).
    """
    element = ui.button(text, color=None).props("no-caps unelevated").classes(f"bh-button {style}".strip())

    async def press() -> None:
        if not element.enabled:
            return  # the second half of a double click came before the browser heard of the first
        element.props("loading")
        element.disable()
        try:
            await require_session()
            await action()
        except Exception as error:  # noqa: BLE001 (told to the reader)
            tell(error)
        finally:
            element.enable()
            element.props(remove="loading")

    element.on_click(press)
    return element


def done(text: str) -> None:
    """Say that something was done."""
    ui.notify(text, type="positive")


async def confirm(question: str, *, what_happens: str = "", yes: str = "Yes", style: str = "bh-primary") -> bool:
    """Ask before something is done."""
    with Asked(question) as dialog:
        if what_happens:
            words(what_happens, "p")
        choices(lambda: dialog.submit(True), dialog, yes, style)
    return bool(await dialog)


async def ask_reason(question: str, *, what_happens: str = "", yes: str, style: str = "bh-primary") -> str | None:
    """Ask for a reason, which is kept as evidence; None if the reader changed their mind."""
    with Asked(question) as dialog:
        if what_happens:
            words(what_happens, "p")
        reason = ui.textarea("Reason").props("outlined autogrow autofocus").classes("bh-wide")

        def send() -> None:
            if said := (reason.value or "").strip():
                dialog.submit(said)
            else:
                reason.props("error error-message='Say why; the reason is kept.'")

        choices(send, dialog, yes, style)
    return await dialog


async def ask_text(question: str, label: str, value: str = "", *, yes: str) -> str | None:
    """Ask for a text of some lines; None if the reader changed their mind."""
    with Asked(question) as dialog:
        field = ui.textarea(label, value=value).props("outlined autogrow autofocus").classes("bh-wide")
        choices(lambda: dialog.submit(str(field.value or "").strip()), dialog, yes)
    return await dialog


class Asked(ui.dialog):
    """A dialog whose content is a card under a title."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.props["aria-label"] = title
        super().__enter__()
        with ui.element("div").classes("bh-card bh-dialog") as self._card:
            words(title, "h2")
        super().__exit__()

    def __enter__(self) -> "Asked":
        super().__enter__()
        self._card.__enter__()
        return self

    def __exit__(self, *what: object) -> None:
        self._card.__exit__(*what)
        super().__exit__(*what)
        self.open()


def choices(send: Callable[[], Any], dialog: ui.dialog, yes: str, style: str = "bh-primary") -> None:
    """The end of a dialog: go on or leave. Who presses twice goes on once."""
    is_sending = False

    async def send_once() -> None:
        nonlocal is_sending
        if is_sending or dialog.submitted.is_set():
            return
        is_sending = True
        try:
            if isawaitable(sent := send()):
                await sent
        finally:
            is_sending = False

    with ui.element("div").classes("bh-row bh-end"):
        ui.button("Cancel", on_click=dialog.close, color=None).props("no-caps flat").classes("bh-button")
        ui.button(yes, on_click=send_once, color=None).props("no-caps unelevated").classes(f"bh-button {style}")


def close(dialog: ui.dialog) -> None:
    """The end of a dialog that only tells something."""
    with ui.element("div").classes("bh-row bh-end"):
        ui.button("Close", on_click=dialog.close, color=None).props("no-caps unelevated").classes("bh-button")
