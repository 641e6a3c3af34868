"""The dialogs that keep a query, share it, and forget it."""

from collections.abc import Callable

from nicegui import ui

from boathouse.server.ui import addresses
from boathouse.server.ui.parts.asking import Asked, choices, confirm
from boathouse.server.ui.parts.going import go_to
from boathouse.server.ui.parts.problems import told
from boathouse.server.ui.visitor import Visitor
from boathouse.session.saved_queries.nouns import QueryDraft, SavedQuery, Sharing


async def ask_to_save(visitor: Visitor, draft: Callable[[], QueryDraft], known: SavedQuery | None = None) -> None:
    """Ask for a name and who may open it, keep the query, and go to its page. ``known`` is changed, else a new one is
    made."""
    before = known.draft if known else draft()
    with Asked("Save the query") as dialog:
        name = ui.input("Name", value=before.name).props("outlined dense autofocus").classes("bh-wide")
        about = ui.textarea("What it is for (optional)", value=before.description)
        about.props("outlined dense autogrow").classes("bh-wide")
        shared = ui.checkbox("Everybody who may read its tables may open it", value=before.sharing is Sharing.SHARED)

        async def send() -> None:
            with told():
                now = draft()
                wanted = QueryDraft(
                    (name.value or "").strip(),
                    now.text,
                    (about.value or "").strip(),
                    now.parameters,
                    before.catalog,
                    before.schema,
                    now.plot,
                    Sharing.SHARED if shared.value else Sharing.PRIVATE,
                )
                queries = visitor.plane.saved_queries
                if known is None:
                    made = await visitor.ask(queries.create, wanted)
                else:
                    made = await visitor.ask(queries.update, known.id, wanted)
                dialog.submit(made.id)

        choices(send, dialog, "Save")
    query_id = await dialog
    if query_id is not None:
        go_to(addresses.saved_query(query_id))


async def ask_to_delete(visitor: Visitor, query: SavedQuery) -> None:
    """Forget a query, once the reader is sure."""
    if await confirm(f"Delete {query.draft.name}?", what_happens="Nobody can open it any more.", yes="Delete",
                     style="bh-danger"):  # fmt: skip
        await visitor.ask(visitor.plane.saved_queries.delete, query.id)
        go_to(addresses.SQL)
