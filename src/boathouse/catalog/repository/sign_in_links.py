"""Rows of sign-in links."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update

from boathouse.catalog.repository.schema import sign_in_links


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link as it is kept: without its code."""

    principal: str
    expires_at: int
    used_at: int | None


def insert(connection: Connection, code_hash: str, principal: str, *, created_at: int, expires_at: int) -> None:
    row = {"code_hash": code_hash, "principal": principal, "created_at": created_at, "expires_at": expires_at}
    connection.execute(sign_in_links.insert(), row)


def take(connection: Connection, code_hash: str, now: int) -> bool:
    """Mark a link as used; False if it was used before, or is too old. Of two at once one wins."""
    c = sign_in_links.c
    unused = update(sign_in_links).where(c.code_hash == code_hash, c.used_at.is_(None), c.expires_at > now)
    return connection.execute(unused.values(used_at=now)).rowcount == 1


def find(connection: Connection, code_hash: str) -> LinkRow | None:
    c = sign_in_links.c
    query = select(c.principal, c.expires_at, c.used_at).where(c.code_hash == code_hash)
    row = connection.execute(query).first()
    return None if row is None else LinkRow(row[0], row[1], row[2])


def forget(connection: Connection, *, before: int) -> None:
    connection.execute(delete(sign_in_links).where(sign_in_links.c.expires_at < before))
