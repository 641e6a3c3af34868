"""Statements of pages: run where those of REST run, in a query process, as the visitor."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from boathouse.foundation.errors import category_of
from boathouse.server.ui.parts.grid import Exact
from boathouse.server.ui.visitor import Visitor
from boathouse.session.readable import readable_values
from boathouse.session.statements.nouns import State, StatementRecord, StatementRequest

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.01, 0.25


@dataclass(frozen=True, slots=True)
class Read:
    """What a statement has answered: the first part of it, as a page shows it."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    values: list[list[Any]]
    is_cut: bool

    @property
    def rows(self) -> list[list[Any]]:
        """The values as cells of a grid."""
        return [[_shown(value) for value in row] for row in self.values]


async def read(visitor: Visitor, request: StatementRequest, on_start: Callable[[str], None] | None = None) -> Read:
    """Run a statement and wait for it.

    Args:
        on_start: Hears the statement's id, by which it can be cancelled.

    Raises:
        BoathouseError: What the statement came to instead of rows.
    """
    record = await finished(visitor, request, on_start)
    outcome = record.outcome
    names = tuple(str(column["name"]) for column in outcome.columns)
    types = tuple(str(column["type_text"]).lower() for column in outcome.columns)
    if not outcome.chunks:
        return Read(names, types, [], outcome.truncated)
    part = await visitor.ask(visitor.plane.statements.chunk, record.id, 0)
    columns = [readable_values(part.rows.column(place)) for place in range(part.rows.num_columns)]
    return Read(
        names, types, [list(row) for row in zip(*columns, strict=True)], outcome.truncated or len(outcome.chunks) > 1
    )


async def finished(
    visitor: Visitor, request: StatementRequest, on_start: Callable[[str], None] | None = None
) -> StatementRecord:
    """The statement once it has succeeded.

    Raises:
        BoathouseError: It has not.
    """
    statements = visitor.plane.statements
    made = await visitor.ask(statements.execute, request)
    if on_start is not None:
        on_start(made.id)
    pause = _FIRST_PAUSE_SECONDS
    while statements.is_under_way(made.id):
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
    record = await visitor.ask(statements.get, made.id)
    if record.state is not State.SUCCEEDED:
        message = record.outcome.error or f"The statement was {record.state.value.lower()}."
        raise category_of(record.outcome.error_code or "TEMPORARILY_UNAVAILABLE")(message)
    return record


def _shown(value: Any) -> Any:
    """A value as a cell takes it: as it stands, and an instant in the reader's zone."""
    if value is None or isinstance(value, bool):
        return Exact(None if value is None else str(value).lower())
    if isinstance(value, int | float | Decimal):
        return Exact(str(value), float(value))
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    return Exact(value.isoformat(sep=" ") if isinstance(value, datetime) else str(value))
