"""Rows of encrypted secrets, and of the key in use."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from boathouse.catalog.repository.schema import secret_key, secrets, securables
from boathouse.catalog.secrets.nouns import Secret

_THE_ROW = 1


@dataclass(frozen=True, slots=True)
class SealedRow:
    """A secret as it is stored."""

    scope_id: str
    name: str
    key_id: str
    sealed: bytes


def key_in_use(connection: Connection, *, to_change: bool | None = None) -> str | None:
    """The id of the key that values are encrypted with. Held until the transaction ends, if ``to_change`` says how, so
    that nobody writes under a key that is being replaced. (SQLite has one writer anyway.)"""
    query = select(secret_key.c.key_id).where(secret_key.c.id == _THE_ROW)
    if to_change is not None:
        query = query.with_for_update(read=not to_change)
    return connection.execute(query).scalar()


def set_key_in_use(connection: Connection, key_id: str, *, at: int, by: str) -> None:
    values = {"key_id": key_id, "since": at, "changed_by": by}
    change = update(secret_key).where(secret_key.c.id == _THE_ROW).values(**values)
    if connection.execute(change).rowcount:
        return
    try:
        with connection.begin_nested():
            connection.execute(secret_key.insert(), {"id": _THE_ROW, **values})
    except IntegrityError:  # somebody else wrote the first secret of all at the same moment
        connection.execute(change)


def put(connection: Connection, row: SealedRow, title: str, *, at: int, by: str) -> None:
    values = {"title": title, "key_id": row.key_id, "sealed": row.sealed, "updated_at": at, "updated_by": by}
    changed = connection.execute(update(secrets).where(*_is(row.scope_id, row.name)).values(**values))
    if not changed.rowcount:
        connection.execute(secrets.insert(), {"scope_id": row.scope_id, "name": row.name, **values})


def find(connection: Connection, scope_id: str, name: str) -> SealedRow | None:
    row = connection.execute(select(secrets).where(*_is(scope_id, name))).mappings().first()
    return None if row is None else SealedRow(row["scope_id"], row["name"], row["key_id"], bytes(row["sealed"]))


def remove(connection: Connection, scope_id: str, name: str) -> bool:
    """Whether it was there."""
    return bool(connection.execute(delete(secrets).where(*_is(scope_id, name))).rowcount)


def in_scope(connection: Connection, scope_id: str) -> Sequence[Secret]:
    """The secrets of a scope, by name."""
    query = select(secrets).where(secrets.c.scope_id == scope_id).order_by(secrets.c.name)
    return [Secret(row["title"], row["updated_at"], row["updated_by"]) for row in connection.execute(query).mappings()]


def count(connection: Connection, scope_id: str | None = None) -> int:
    """How many secrets there are, in one scope or at all."""
    query = select(func.count()).select_from(secrets)
    return connection.execute(query if scope_id is None else query.where(secrets.c.scope_id == scope_id)).scalar_one()


def every(connection: Connection) -> Sequence[tuple[str, SealedRow]]:
    """All secrets, each with the name of its scope."""
    query = select(securables.c.full_name, secrets).join(secrets, secrets.c.scope_id == securables.c.id)
    return [
        (row["full_name"], SealedRow(row["scope_id"], row["name"], row["key_id"], bytes(row["sealed"])))
        for row in connection.execute(query).mappings()
    ]


def reseal(connection: Connection, row: SealedRow) -> None:
    """Replace only how a value is encrypted."""
    connection.execute(update(secrets).where(*_is(row.scope_id, row.name)).values(key_id=row.key_id, sealed=row.sealed))


def erase(connection: Connection, scope_id: str) -> None:
    """All secrets of a scope. A dropped scope keeps its record like anything else, but no values."""
    connection.execute(delete(secrets).where(secrets.c.scope_id == scope_id))


def _is(scope_id: str, name: str) -> tuple[ColumnElement[bool], ...]:
    return secrets.c.scope_id == scope_id, secrets.c.name == name
