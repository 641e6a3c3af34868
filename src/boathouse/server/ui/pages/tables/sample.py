"""A few rows of a table as the visitor may see them, now or as of a version."""

from boathouse.foundation.names import TableName
from boathouse.server.ui import addresses
from boathouse.server.ui.addresses import with_query
from boathouse.server.ui.parts.figures import counted
from boathouse.server.ui.parts.grid import grid
from boathouse.server.ui.parts.later import later
from boathouse.server.ui.parts.layout import card, row
from boathouse.server.ui.parts.text import link, note
from boathouse.server.ui.statements import read
from boathouse.server.ui.visitor import Visitor
from boathouse.session.statements.nouns import StatementRequest

MOST_ROWS = 100
MOST_BYTES = 2 << 20


def sample_tab(visitor: Visitor, name: TableName) -> None:
    asked = visitor.query.get("version", "")
    version = int(asked) if asked.isdecimal() else None
    with card("Sample" if version is None else f"Sample of version {version:,}"):
        if version is not None:
            link("Back to the newest version", with_query(visitor.path, tab="Sample"))
        later(lambda: _rows(visitor, name, version), "Reading rows …")


async def _rows(visitor: Visitor, name: TableName, version: int | None) -> None:
    at = "" if version is None else f" VERSION AS OF {version}"
    request = StatementRequest(f"SELECT * FROM {name.quoted()}{at} LIMIT {MOST_ROWS}", byte_limit=MOST_BYTES)
    found = await read(visitor, request)
    with row():
        note(f"{counted(len(found.values), 'row')}, in no order, as you may see them.")
        link("Go on in SQL", with_query(addresses.SQL, q=request.text))
    grid(found.columns, found.rows, label=f"Rows of {name}", nothing="There are no rows.", per_page=MOST_ROWS)
