"""What happened, in time; and a field for what somebody wants to add."""

from nicegui import ui

from boathouse.foundation.clock import from_epoch_ms
from boathouse.monitoring.incidents.nouns import Entry, EntryKind
from boathouse.monitoring.incidents.service import Story
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.incidents.telling import shown_entries
from boathouse.server.ui.parts.asking import button, done
from boathouse.server.ui.parts.going import go_to
from boathouse.server.ui.parts.layout import row
from boathouse.server.ui.parts.states import Tone, badge
from boathouse.server.ui.parts.text import link, words
from boathouse.server.ui.parts.times import when
from boathouse.server.ui.visitor import Visitor

_TONES = {
    EntryKind.ALERT: Tone.BAD,
    EntryKind.OPENED: Tone.BAD,
    EntryKind.CHANGE: Tone.QUIET,
    EntryKind.PLAYBOOK: Tone.WORKING,
    EntryKind.STEP: Tone.WORKING,
    EntryKind.APPROVAL: Tone.WAITING,
    EntryKind.CLOSED: Tone.GOOD,
}
_BY_PEOPLE = (EntryKind.NOTE, EntryKind.CHANGE)


def timeline_section(visitor: Visitor, story: Story) -> None:
    everything = visitor.query.get("timeline") == "all"
    shown = shown_entries(story, everything=everything)
    with ui.element("ol").classes("bh-story").props('aria-label="Timeline"'):
        for each in shown:
            _entry(each)
    hidden = len(story.entries) - len(shown)
    if hidden:
        address = addresses.with_query(visitor.path, timeline="all")
        words("", "p")
        link(f"Show {hidden} changes more, which are less likely to matter", address)
    _note(visitor, story)


def _entry(entry: Entry) -> None:
    with ui.element("li"):
        when(from_epoch_ms(entry.at))
        badge(entry.kind.value, tone_of_entry(entry))
        with ui.element("span"):
            words(entry.text)
            if entry.kind in _BY_PEOPLE and entry.principal:
                words(f" ({entry.principal})", style="bh-note")
            run = entry.data.get("run_id")
            if isinstance(run, int):
                words(" ")
                link("see it" if f"run {run}" in entry.text else f"run {run}", addresses.run(run))


def tone_of_entry(entry: Entry) -> Tone:
    """That an alert fires is bad; what it says without a firing is that something is fine again."""
    if entry.kind is EntryKind.ALERT and "firing" not in entry.data:
        return Tone.GOOD
    return _TONES.get(entry.kind, Tone.QUIET)


def _note(visitor: Visitor, story: Story) -> None:
    """Whoever sees it may add a line."""
    number = story.incident.number
    with row():
        field = ui.input("Add a note").props("outlined dense").classes("bh-note-field")

        async def add() -> None:
            await visitor.ask(visitor.plane.incidents.incidents.note, number, str(field.value or ""))
            done("Noted.")
            go_to(addresses.with_query(addresses.incident(str(number)), **visitor.query))

        button("Add", add)
