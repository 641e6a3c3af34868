"""The SQL editor, and a saved query, which is the editor with a text, a plot and an owner."""

from nicegui import ui
from nicegui.element import Element

from boathouse.foundation.errors import NotFound
from boathouse.server.ui import addresses
from boathouse.server.ui.frame import Crumb, frame
from boathouse.server.ui.pages.sql.lists import history_card, saved_card
from boathouse.server.ui.pages.sql.parameters import shown as shown_parameter
from boathouse.server.ui.pages.sql.running import Runner
from boathouse.server.ui.pages.sql.saving import ask_to_delete, ask_to_save
from boathouse.server.ui.parts.asking import button
from boathouse.server.ui.parts.later import later, soon
from boathouse.server.ui.parts.layout import card, columns
from boathouse.server.ui.parts.text import link, note, words
from boathouse.server.ui.parts.times import when
from boathouse.server.ui.visitor import Visitor
from boathouse.session.saved_queries.nouns import QueryDraft, SavedQuery, Sharing
from boathouse.session.saved_queries.reading import only_reads
from boathouse.session.statements.nouns import StatementRecord

LONGEST_NAME = 60


async def sql_page(visitor: Visitor) -> None:
    """The editor: empty, with the text ``q`` of the address, or with a statement of one's own that ran before."""
    before = await _ran_before(visitor)
    with frame(visitor, "SQL"):
        with card():
            text = before.request.text if before else visitor.query.get("q", "")
            runner = Runner(visitor, text, on_ran=lambda statement_id: _remember(visitor, statement_id, history))
            with runner.buttons:
                button("Save", lambda: ask_to_save(visitor, lambda: _draft(runner)))
        runner.place_result()
        with columns():
            later(lambda: saved_card(visitor))
            history = ui.element("div")
            with history:
                later(lambda: history_card(visitor))
        if before is not None:
            soon(lambda: runner.show(before))


async def saved_query_page(visitor: Visitor, query_id: str) -> None:
    """A query that somebody has kept. It runs as whoever opens it; one that would change something waits for them."""
    query = await visitor.ask(visitor.plane.saved_queries.get, query_id)
    is_own = await visitor.may(visitor.plane.saved_queries.require_own, query)
    draft = query.draft
    with frame(visitor, draft.name, Crumb("SQL", addresses.SQL)):
        if draft.description:
            words(draft.description, "p", style="bh-lines")
        _told_of(query)
        with card():
            values = dict(map(shown_parameter, draft.parameters))
            runner = Runner(visitor, draft.text, values)
            with runner.buttons:
                if is_own:
                    button("Save", lambda: ask_to_save(visitor, lambda: _draft(runner), query))
                button("Save a copy", lambda: ask_to_save(visitor, lambda: _draft(runner, copied=draft)))
                if is_own:
                    button("Delete", lambda: ask_to_delete(visitor, query), style="bh-danger")
        runner.place_result(draft.plot)
        if only_reads(draft.text):
            soon(runner.run)
        else:
            note("This changes something, so it does not run by itself: read it, then press Run.")


def _remember(visitor: Visitor, statement_id: str, history: Element) -> None:
    """Put the statement that ran into the address, so that the page can be loaded again with its result, and into the
    list of those that ran."""
    ui.navigate.history.replace(addresses.with_query(addresses.SQL, statement=statement_id))
    history.clear()
    with history:
        later(lambda: history_card(visitor), "")


def _told_of(query: SavedQuery) -> None:
    open_to = "everybody who may read its tables" if query.draft.sharing is Sharing.SHARED else "its owner only"
    with ui.element("div").classes("bh-row bh-actions"):
        words("by", style="bh-note")
        link(query.owner, addresses.principal(query.owner))
        with words("changed ", style="bh-note"):
            when(query.updated_at, ago=True)
        words(f"open to {open_to}", style="bh-note")


def _draft(runner: Runner, copied: QueryDraft | None = None) -> QueryDraft:
    """What stands on the page now."""
    text = runner.editor.text
    name = f"{copied.name} (copy)" if copied else " ".join(text.split())[:LONGEST_NAME]
    about = copied.description if copied else ""
    return QueryDraft(name, text, about, runner.parameters.saved, plot=runner.plot)


async def _ran_before(visitor: Visitor) -> StatementRecord | None:
    statement_id = visitor.query.get("statement", "")
    if not statement_id:
        return None
    try:
        return await visitor.ask(visitor.plane.statements.get, statement_id)
    except NotFound:
        return None  # somebody else's, or forgotten: the editor is there all the same
