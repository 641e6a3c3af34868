"""Rows of statements."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, select, update

from boathouse.session.statements.nouns import (
    UNDER_WAY,
    Outcome,
    State,
    StatementRecord,
    request_json,
    request_of,
)
from boathouse.session.statements.schema import statements

_UNDER_WAY = [state.value for state in UNDER_WAY]


def insert(connection: Connection, record: StatementRecord) -> None:
    connection.execute(
        statements.insert(),
        {
            "statement_id": record.id,
            "principal": record.principal,
            "state": record.state.value,
            "request": json.dumps(request_json(record.request), ensure_ascii=False),
            "outcome": json.dumps(record.outcome.to_json(), ensure_ascii=False),
            "created_at": record.created_at,
            "finished_at": record.finished_at,
            "last_read_at": record.last_read_at,
        },
    )


def find(connection: Connection, statement_id: str) -> StatementRecord | None:
    row = connection.execute(select(statements).where(statements.c.statement_id == statement_id)).mappings().first()
    return None if row is None else _record(row)


def of_principal(connection: Connection, principal: str, *, limit: int) -> list[StatementRecord]:
    """The latest statements that a principal has sent, newest first."""
    query = select(statements).where(statements.c.principal == principal).order_by(statements.c.created_at.desc())
    return [_record(row) for row in connection.execute(query.limit(limit)).mappings()]


def end(connection: Connection, statement_id: str, state: State, outcome: Outcome, *, at: int) -> bool:
    """Write how a statement ended; False when that is known already."""
    query = (
        update(statements)
        .where(statements.c.statement_id == statement_id, statements.c.state.in_(_UNDER_WAY))
        .values(
            state=state.value,
            outcome=json.dumps(outcome.to_json(), ensure_ascii=False),
            finished_at=at,
            last_read_at=at,
        )
    )
    return connection.execute(query).rowcount == 1


def touch(connection: Connection, statement_id: str, *, at: int) -> None:
    """Remember that somebody has looked at the result."""
    connection.execute(update(statements).where(statements.c.statement_id == statement_id).values(last_read_at=at))


def under_way(connection: Connection) -> list[str]:
    """The statements that have not ended, as far as the database knows."""
    query = select(statements.c.statement_id).where(statements.c.state.in_(_UNDER_WAY))
    return [row[0] for row in connection.execute(query)]


def unread_since(connection: Connection, instant: int) -> list[str]:
    """The statements whose rows nobody has looked at since."""
    query = select(statements.c.statement_id).where(
        statements.c.state == State.SUCCEEDED.value, statements.c.last_read_at < instant
    )
    return [row[0] for row in connection.execute(query)]


def close(connection: Connection, ids: Sequence[str]) -> None:
    connection.execute(
        update(statements).where(statements.c.statement_id.in_(list(ids))).values(state=State.CLOSED.value)
    )


def forget_before(connection: Connection, instant: int) -> None:
    """Statements that ended so long ago that nobody will ask for them."""
    connection.execute(delete(statements).where(statements.c.created_at < instant, ~statements.c.state.in_(_UNDER_WAY)))


def _record(row: Any) -> StatementRecord:
    return StatementRecord(
        row["statement_id"],
        row["principal"],
        State(row["state"]),
        request_of(json.loads(row["request"])),
        Outcome.from_json(json.loads(row["outcome"])),
        row["created_at"],
        row["finished_at"],
        row["last_read_at"],
    )
