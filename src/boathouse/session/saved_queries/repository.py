"""Rows of saved queries."""

import json
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from boathouse.foundation.errors import AlreadyExists
from boathouse.session.saved_queries.nouns import Plot, QueryDraft, SavedQuery, Sharing
from boathouse.session.saved_queries.schema import saved_queries


def add(connection: Connection, query: SavedQuery) -> None:
    """Raises AlreadyExists when its owner has one of that name."""
    try:
        connection.execute(insert(saved_queries).values(_columns(query)))
    except IntegrityError as error:
        raise _taken(query) from error


def replace(connection: Connection, query: SavedQuery) -> None:
    """Raises AlreadyExists when its owner has another one of that name."""
    mine = saved_queries.c.query_id == query.id
    try:
        connection.execute(update(saved_queries).where(mine).values(_columns(query)))
    except IntegrityError as error:
        raise _taken(query) from error


def remove(connection: Connection, query_id: str) -> None:
    connection.execute(delete(saved_queries).where(saved_queries.c.query_id == query_id))


def find(connection: Connection, query_id: str) -> SavedQuery | None:
    query = select(saved_queries).where(saved_queries.c.query_id == query_id)
    row = connection.execute(query).mappings().first()
    return None if row is None else _query(row)


def seen_by(connection: Connection, owner: str | None) -> list[SavedQuery]:
    """A principal's own queries and those that are shared, or all there are; what was changed last comes first."""
    query = select(saved_queries).order_by(saved_queries.c.updated_at.desc(), saved_queries.c.query_id)
    if owner is not None:
        query = query.where(or_(saved_queries.c.owner == owner, saved_queries.c.sharing == Sharing.SHARED.value))
    return [_query(row) for row in connection.execute(query).mappings()]


def names_of(connection: Connection, owner: str) -> set[str]:
    """The names that an owner has given."""
    return set(connection.execute(select(saved_queries.c.name).where(saved_queries.c.owner == owner)).scalars())


def _taken(query: SavedQuery) -> AlreadyExists:
    return AlreadyExists(f"{query.owner} has a saved query {query.draft.name!r} already.", hint="Give it another name.")


def _columns(query: SavedQuery) -> dict[str, Any]:
    draft = query.draft
    details = {
        "description": draft.description,
        "parameters": list(draft.parameters),
        "catalog": draft.catalog,
        "schema": draft.schema,
        "plot": draft.plot.to_json() if draft.plot else None,
    }
    return {
        "query_id": query.id,
        "owner": query.owner,
        "name": draft.name,
        "text": draft.text,
        "details": json.dumps(details, ensure_ascii=False),
        "sharing": draft.sharing.value,
        "reads": json.dumps(query.reads, ensure_ascii=False),
        "created_at": query.created_at,
        "updated_at": query.updated_at,
        "changed_by": query.changed_by,
    }


def _query(row: Any) -> SavedQuery:
    details = json.loads(row["details"])
    draft = QueryDraft(
        row["name"],
        row["text"],
        details["description"],
        tuple(details["parameters"]),
        details["catalog"],
        details["schema"],
        Plot.from_json(details["plot"]) if details["plot"] else None,
        Sharing(row["sharing"]),
    )
    return SavedQuery(
        row["query_id"],
        row["owner"],
        draft,
        row["created_at"],
        row["updated_at"],
        row["changed_by"],
        tuple(json.loads(row["reads"])),
    )
