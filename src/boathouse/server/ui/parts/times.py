"""Instants in the reader's own zone; the browser knows it, and UTC shows on hover."""

from datetime import UTC, datetime

from nicegui import ui
from nicegui.element import Element


class When(Element, component="when.js"):
    """An instant. ``ago`` shows how long that is from now."""

    def __init__(self, instant: datetime, *, ago: bool = False) -> None:
        super().__init__()
        self.props["at"] = in_milliseconds(instant)
        self.props["ago"] = ago


def when(instant: datetime | int | None, *, ago: bool = False, missing: str = "—") -> Element:
    """An instant (a number counts milliseconds since 1970); what is missing is said."""
    if instant is None:
        return ui.label(missing).classes("bh-inline")
    if isinstance(instant, int):
        instant = datetime.fromtimestamp(instant / 1000, UTC)
    return When(instant, ago=ago)


def in_milliseconds(instant: datetime) -> int:
    """Milliseconds since 1970; an instant without a zone is one of UTC."""
    return round((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp() * 1000)


def in_words(milliseconds: float | None) -> str:
    """A duration: ``1.4 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if milliseconds is None:
        return "—"
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, seconds = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s" if seconds else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} d {hours % 24} h"
