"""Saved queries that the visitor may open, and what they ran themselves."""

from boathouse.foundation.clock import from_epoch_ms
from boathouse.server.ui import addresses
from boathouse.server.ui.pages.jobs.words import took
from boathouse.server.ui.parts.grid import Ago, Linked, State, grid
from boathouse.server.ui.parts.layout import card
from boathouse.server.ui.parts.states import Tone
from boathouse.server.ui.visitor import Visitor
from boathouse.session.saved_queries.nouns import SavedQuery, Sharing
from boathouse.session.statements.nouns import State as StatementState
from boathouse.session.statements.nouns import StatementRecord

MOST_QUERIES = 500
MOST_STATEMENTS = 50
PER_PAGE = 10
LONGEST_TEXT = 70


async def saved_card(visitor: Visitor) -> None:
    """Queries to open."""
    found = await visitor.ask(visitor.plane.saved_queries.list, limit=MOST_QUERIES)
    with card("Saved queries"):
        grid(
            ["Name", "Owner", "Open to", "Changed"],
            [_query(each) for each in found],
            label="Saved queries",
            nothing="No query is saved yet.",
            next_step="Write one above, run it, and press Save.",
            per_page=PER_PAGE,
        )


async def history_card(visitor: Visitor) -> None:
    """One's own statements of the last day."""
    found = await visitor.ask(visitor.plane.statements.history, limit=MOST_STATEMENTS)
    with card("Your last statements"):
        grid(
            ["Statement", "State", "When", "Took"],
            [_statement(each) for each in found],
            label="Your last statements",
            nothing="You have run nothing in the last day.",
            per_page=PER_PAGE,
        )


def _query(query: SavedQuery) -> list[object]:
    draft = query.draft
    open_to = "readers of its tables" if draft.sharing is Sharing.SHARED else "its owner"
    owner = Linked(query.owner, addresses.principal(query.owner))
    return [Linked(draft.name, addresses.saved_query(query.id)), owner, open_to, Ago(from_epoch_ms(query.updated_at))]


def _statement(record: StatementRecord) -> list[object]:
    text = " ".join(record.request.text.split())
    shown = text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"
    state, tone = record.state.value.lower(), None
    if record.state is StatementState.CLOSED:
        state, tone = "succeeded", Tone.GOOD
    return [
        Linked(shown, addresses.with_query(addresses.SQL, statement=record.id)),
        State(state, tone),
        Ago(from_epoch_ms(record.created_at)),
        took(record.created_at, record.finished_at),
    ]
