"""What went wrong, to what, and what to do next: the same sentence that REST and the command line give."""

import logging
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any

from nicegui import ui
from nicegui.element import Element

from boathouse.foundation.errors import BoathouseError, Denied, NotFound, Unauthenticated
from boathouse.server.authentication import SIGN_IN
from boathouse.server.errors import unstorable
from boathouse.server.ui.addresses import with_query
from boathouse.server.ui.parts.text import link, words

log = logging.getLogger(__name__)


def problem(error: Exception) -> Element:
    """An error where the thing itself would stand."""
    with ui.element("div").classes("bh-problem").props("role=alert") as element:
        words(_title(error), "strong")
        words(sentence(error), "p")
        if isinstance(error, Unauthenticated):
            link("Sign in", _sign_in())
    return element


def sentence(error: Exception) -> str:
    """The error for a reader; what nobody has foreseen is in the server's log."""
    error = unstorable(error) or error
    if isinstance(error, BoathouseError):
        return str(error)
    return "The server failed; its log says why. Try again, and tell whoever runs it if it stays so."


def tell(error: Exception) -> None:
    """An error after somebody pressed something: a message that stays until it is closed."""
    if _has_left():
        if not isinstance(error, BoathouseError | RuntimeError):  # NiceGUI's own, that there is no page any more
            log.error("A page's action failed after its reader had left", exc_info=error)
        return
    if isinstance(error, Unauthenticated):
        _say_that_it_has_ended()
        return
    error = unstorable(error) or error
    if not isinstance(error, BoathouseError):
        log.error("A page's action failed", exc_info=error)
    ui.notify(sentence(error), type="negative", timeout=0, multi_line=True,
              actions=[{"label": "Close", "color": "white"}])  # fmt: skip


def _has_left() -> bool:
    """Whether the page was closed while something was done, so that nobody is there to hear of it."""
    try:
        return ui.context.client.is_deleted
    except RuntimeError:
        return True


async def require_session() -> None:
    """Go on only while the session of this page lives: what only opens a dialog asks nobody else.

    Raises:
        Unauthenticated: It was revoked, or is over.
    """
    visitor = getattr(ui.context.client.request.state, "visitor", None)
    if visitor is not None:
        await visitor.require_session()


def _say_that_it_has_ended() -> None:
    """Nothing on the page works any more, so nothing else is offered. Made of plain elements: the code of a dialog that
    the page has not needed yet would be refused to the browser as well."""
    client = ui.context.client
    if getattr(client.request.state, "has_ended", False):
        return
    client.request.state.has_ended = True
    with client.content, ui.element("div").classes("bh-ended").props("role=alertdialog aria-labelledby=bh-ended"):
        with ui.element("div").classes("bh-card bh-dialog"):
            words("Your session has ended", "h2").props("id=bh-ended")
            words("Nothing was done. Sign in again, and this page comes back.", "p")
            link("Sign in", _sign_in())


def _sign_in() -> str:
    """The sign-in page, which leads back to this one."""
    asked = ui.context.client.request
    page = asked.url.path + (f"?{asked.url.query}" if asked.url.query else "")
    return with_query(SIGN_IN, next=page)


@contextmanager
def told() -> Generator[None]:
    """Errors of the block are shown to the reader instead of being lost in a handler."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 (that is what this is for)
        tell(error)


async def part(build: Callable[[], Awaitable[Any]]) -> None:
    """A part of a page that may fail alone: the rest of the page stands."""
    try:
        await build()
    except Exception as failed:
        if _has_left():
            tell(failed)
            return
        error = unstorable(failed) or failed
        if not isinstance(error, BoathouseError):
            log.error("A part of a page failed", exc_info=error)
        problem(error)


def _title(error: Exception) -> str:
    match error:
        case Denied():
            return "You may not see this"
        case NotFound():
            return "This does not exist"
        case Unauthenticated():
            return "Your session has ended"
        case _:
            return "This did not work"
