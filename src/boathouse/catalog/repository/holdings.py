"""Rows of what somebody owns or was granted, over all things."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from boathouse.catalog.privileges import Privilege
from boathouse.catalog.repository.schema import grants, securables
from boathouse.catalog.securables import SecurableKind


@dataclass(frozen=True, slots=True)
class Held:
    """A privilege, or the ownership, that somebody holds on a thing."""

    holder: str
    kind: SecurableKind
    full_name: str
    title: str | None
    privilege: Privilege | None
    """None: the holder owns it."""
    granted_at: int | None = None
    granted_by: str | None = None


def of(connection: Connection, holders: Sequence[str], most: int) -> list[Held]:
    """What the holders own and were granted on live things, by name; at most so much of each."""
    c = securables.c
    live = c.deleted_at.is_(None)
    owned = select(c.owner, c.kind, c.full_name, c.title).where(c.owner.in_(holders), live)
    granted = (
        select(
            grants.c.grantee, c.kind, c.full_name, c.title, grants.c.privilege, grants.c.granted_at, grants.c.granted_by
        )
        .join(securables, c.id == grants.c.securable_id)
        .where(grants.c.grantee.in_(holders), live)
    )
    found = [_held(row) for row in connection.execute(owned.order_by(c.full_name).limit(most))]
    found += [_held(row) for row in connection.execute(granted.order_by(c.full_name, grants.c.privilege).limit(most))]
    return sorted(found, key=lambda held: (held.full_name, held.kind))


def _held(row: Sequence[object]) -> Held:
    holder, kind, full_name, title, *grant = row
    privilege, at, by = grant or (None, None, None)
    return Held(
        str(holder),
        SecurableKind(str(kind)),
        str(full_name),
        None if title is None else str(title),
        None if privilege is None else Privilege(str(privilege)),
        at if isinstance(at, int) else None,
        None if by is None else str(by),
    )
