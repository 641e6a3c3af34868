"""The post-incident review: pre-filled with what is known, then as somebody wrote it."""

from nicegui import ui

from boathouse.foundation.errors import BoathouseError
from boathouse.monitoring.impact.telling import impact_lines
from boathouse.monitoring.incidents.nouns import Allowed, EntryKind
from boathouse.monitoring.incidents.review import review_of
from boathouse.monitoring.incidents.service import Story
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.incidents.impact import asked_of
from boathouse.server.ui.parts.asking import button, done
from boathouse.server.ui.parts.going import go_to
from boathouse.server.ui.parts.layout import fold, row
from boathouse.server.ui.parts.prose import prose
from boathouse.server.ui.parts.text import link, note
from boathouse.server.ui.visitor import Visitor


async def review_section(visitor: Visitor, story: Story, allowed: Allowed) -> None:
    """Folded while it is only pre-filled: everything in it stands on the page already."""
    is_edited = visitor.query.get("review") == "edit" and allowed.decide
    text = story.review or review_of(story, await _touched(visitor, story))
    here = addresses.incident(str(story.incident.number))
    if is_edited:
        _editor(visitor, story, text, here)
        return
    if story.review is not None:
        writer = [each.principal for each in story.entries if each.kind is EntryKind.REVIEW][-1]
        note(f"Written by {writer}.")
        prose(text)
    else:
        note("Nobody has written it yet. What is known stands in it already; why it happened is for people to say.")
        with fold("Read what is pre-filled"):
            prose(text)
    if allowed.decide:
        with row():
            link("Write the review", addresses.with_query(here, review="edit") + "#review", style="bh-link")


def _editor(visitor: Visitor, story: Story, text: str, here: str) -> None:
    field = ui.textarea("Review, in Markdown", value=text).props("outlined autogrow id=review").classes("bh-wide")

    async def keep() -> None:
        verb = visitor.plane.incidents.incidents.write_review
        await visitor.ask(verb, story.incident.number, str(field.value or ""))
        done("The review is kept.")
        go_to(here)

    with row():
        button("Save the review", keep, style="bh-primary")
        link("Leave it as it is", here)


async def _touched(visitor: Visitor, story: Story) -> list[str]:
    """As the command's review says it."""
    if not story.incident.is_table or story.review is not None:
        return []
    name, stretch = asked_of(story)
    try:
        return impact_lines(await visitor.ask(visitor.plane.impacts.of, name, stretch))
    except BoathouseError as error:
        return [f"It could not be found out: {error}"]
