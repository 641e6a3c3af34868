"""Rows of who holds what on which thing."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, select

from boathouse.catalog.privileges import Privilege
from boathouse.catalog.repository.schema import grants


def held(connection: Connection, securable_id: str, grantee: str) -> set[Privilege]:
    """What the grantee holds on this very thing."""
    query = select(grants.c.privilege).where(grants.c.securable_id == securable_id, grants.c.grantee == grantee)
    return {Privilege(row[0]) for row in connection.execute(query)}


def add(
    connection: Connection, securable_id: str, grantee: str, privileges: Iterable[Privilege], *, at: int, by: str
) -> None:
    rows = [
        {"securable_id": securable_id, "grantee": grantee, "privilege": p.value, "granted_at": at, "granted_by": by}
        for p in sorted(privileges)
    ]
    if rows:
        connection.execute(grants.insert(), rows)


def remove(connection: Connection, securable_id: str, grantee: str, privileges: Iterable[Privilege]) -> None:
    connection.execute(
        delete(grants).where(
            grants.c.securable_id == securable_id,
            grants.c.grantee == grantee,
            grants.c.privilege.in_([privilege.value for privilege in privileges]),
        )
    )


def remove_all_of(connection: Connection, grantee: str) -> None:
    connection.execute(delete(grants).where(grants.c.grantee == grantee))


def copy(connection: Connection, from_id: str, to_id: str) -> None:
    """Give a replacement the grants of what it replaces."""
    rows = connection.execute(select(grants).where(grants.c.securable_id == from_id)).mappings().all()
    if rows:
        connection.execute(grants.insert(), [{**row, "securable_id": to_id} for row in rows])
