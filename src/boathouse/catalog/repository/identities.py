"""Rows of users, groups, service principals, memberships and tokens."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from boathouse.catalog.facts import PrincipalExists
from boathouse.catalog.repository.schema import memberships, principals, tokens
from boathouse.foundation.principals import PrincipalKind


@dataclass(frozen=True, slots=True)
class Identity:
    """A user, group or service principal as it is kept."""

    id: int
    name: str
    kind: PrincipalKind
    display_name: str | None
    active: bool
    created_at: int
    created_by: str


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token without its secret."""

    token_id: str
    principal: Identity
    comment: str | None
    task: dict[str, Any] | None
    created_at: int
    created_by: str
    expires_at: int | None
    revoked_at: int | None


def insert(connection: Connection, values: Mapping[str, Any]) -> Identity:
    """Add a principal.

    Raises:
        PrincipalExists: The name is taken.
    """
    try:
        connection.execute(principals.insert(), values)
    except IntegrityError as error:
        raise PrincipalExists(values["name"], values["kind"]) from error
    found = find(connection, values["name_key"])
    assert found is not None  # inserted just above
    return found


def find(connection: Connection, name_key: str) -> Identity | None:
    row = connection.execute(select(principals).where(principals.c.name_key == name_key)).mappings().first()
    return None if row is None else _identity(row)


def find_by_id(connection: Connection, id: int) -> Identity | None:
    row = connection.execute(select(principals).where(principals.c.id == id)).mappings().first()
    return None if row is None else _identity(row)


def every(connection: Connection, kind: PrincipalKind | None = None) -> list[Identity]:
    query = select(principals).order_by(principals.c.id)
    if kind is not None:
        query = query.where(principals.c.kind == kind.value)
    return [_identity(row) for row in connection.execute(query).mappings()]


def matching(
    connection: Connection, text: str, kind: PrincipalKind | None, *, offset: int, limit: int
) -> tuple[int, list[Identity]]:
    """How many have the text in their name or display name, and some of them by name."""
    c = principals.c
    found = or_(c.name_key.icontains(text, autoescape=True), c.display_name.icontains(text, autoescape=True))
    conditions = [found] if text else []
    if kind is not None:
        conditions.append(c.kind == kind.value)
    total = connection.execute(select(func.count()).select_from(principals).where(*conditions)).scalar_one()
    query = select(principals).where(*conditions).order_by(c.name_key).offset(offset).limit(limit)
    return total, [_identity(row) for row in connection.execute(query).mappings()]


def change(connection: Connection, id: int, values: Mapping[str, Any]) -> None:
    connection.execute(update(principals).where(principals.c.id == id).values(**values))


def remove(connection: Connection, id: int) -> None:
    """Delete a principal with its memberships and tokens."""
    connection.execute(delete(memberships).where(or_(memberships.c.group_id == id, memberships.c.member_id == id)))
    connection.execute(delete(tokens).where(tokens.c.principal_id == id))
    connection.execute(delete(principals).where(principals.c.id == id))


def is_member(connection: Connection, group_id: int, member_id: int) -> bool:
    query = select(memberships.c.group_id).where(
        memberships.c.group_id == group_id, memberships.c.member_id == member_id
    )
    return connection.execute(query).first() is not None


def add_member(connection: Connection, group_id: int, member_id: int) -> None:
    connection.execute(memberships.insert(), {"group_id": group_id, "member_id": member_id})


def remove_member(connection: Connection, group_id: int, member_id: int) -> None:
    connection.execute(
        delete(memberships).where(memberships.c.group_id == group_id, memberships.c.member_id == member_id)
    )


def members_of(connection: Connection, group_id: int) -> list[Identity]:
    """The direct members of a group."""
    query = (
        select(principals)
        .join(memberships, memberships.c.member_id == principals.c.id)
        .where(memberships.c.group_id == group_id)
        .order_by(principals.c.name)
    )
    return [_identity(row) for row in connection.execute(query).mappings()]


def groups_of(connection: Connection, member_id: int) -> list[Identity]:
    """The groups that somebody is a direct member of."""
    query = (
        select(principals)
        .join(memberships, memberships.c.group_id == principals.c.id)
        .where(memberships.c.member_id == member_id)
        .order_by(principals.c.name)
    )
    return [_identity(row) for row in connection.execute(query).mappings()]


def groups_above(connection: Connection, member_id: int) -> dict[int, str]:
    """The groups that somebody belongs to, directly or through other groups: names by id."""
    found: dict[int, str] = {}
    frontier: Collection[int] = [member_id]
    while frontier:
        query = (
            select(principals.c.id, principals.c.name)
            .join(memberships, memberships.c.group_id == principals.c.id)
            .where(memberships.c.member_id.in_(frontier))
        )
        reached = {row[0]: row[1] for row in connection.execute(query)}
        frontier = reached.keys() - found.keys()
        found |= reached
    return found


def paths_above(connection: Connection, member_id: int) -> dict[str, tuple[str, ...]]:
    """The groups that somebody belongs to, each with the groups that lead there, itself last; a shortest way."""
    found: dict[int, tuple[str, ...]] = {member_id: ()}
    frontier: Collection[int] = [member_id]
    while frontier:
        query = (
            select(memberships.c.member_id, principals.c.id, principals.c.name)
            .join(memberships, memberships.c.group_id == principals.c.id)
            .where(memberships.c.member_id.in_(frontier))
            .order_by(principals.c.name)
        )
        reached: dict[int, tuple[str, ...]] = {}
        for member, group, name in connection.execute(query):
            if group not in found:
                reached.setdefault(group, (*found[member], name))
        frontier = reached.keys()
        found |= reached
    return {path[-1]: path for path in found.values() if path}


def insert_token(connection: Connection, values: Mapping[str, Any]) -> None:
    connection.execute(tokens.insert(), {**values, "task": json.dumps(values["task"]) if values["task"] else None})


def find_token(connection: Connection, secret_hash: str) -> TokenRow | None:
    found = _token_rows(connection, tokens.c.secret_hash == secret_hash)
    return found[0] if found else None


def find_token_by_id(connection: Connection, token_id: str) -> TokenRow | None:
    found = _token_rows(connection, tokens.c.token_id == token_id)
    return found[0] if found else None


def tokens_of(connection: Connection, principal_id: int | None) -> list[TokenRow]:
    """The tokens of one principal, or of all, newest first."""
    return _token_rows(connection, True if principal_id is None else tokens.c.principal_id == principal_id)


def valid_tokens(connection: Connection, now: int) -> list[tuple[str, int, str, int | None]]:
    """Of each token that works now: its hash, its holder's id and name, and when it expires."""
    query = (
        select(tokens.c.secret_hash, principals.c.id, principals.c.name, tokens.c.expires_at)
        .join(principals, principals.c.id == tokens.c.principal_id)
        .where(tokens.c.revoked_at.is_(None), principals.c.active)
        .where(or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > now))
    )
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]


def revoke_token(connection: Connection, token_id: str, *, at: int) -> None:
    connection.execute(update(tokens).where(tokens.c.token_id == token_id).values(revoked_at=at))


def revoke_tokens_of_tasks(connection: Connection, *, at: int) -> int:
    of_tasks = update(tokens).where(tokens.c.task.is_not(None), tokens.c.revoked_at.is_(None))
    return connection.execute(of_tasks.values(revoked_at=at)).rowcount


def forget_tokens_expired_before(connection: Connection, instant: int) -> int:
    return connection.execute(delete(tokens).where(tokens.c.expires_at < instant)).rowcount


def _token_rows(connection: Connection, condition: Any) -> list[TokenRow]:
    query = (
        select(tokens, principals)
        .join(principals, principals.c.id == tokens.c.principal_id)
        .where(condition)
        .order_by(tokens.c.created_at.desc(), tokens.c.token_id)
    )
    return [
        TokenRow(
            token_id=row[tokens.c.token_id],
            principal=Identity(
                row[principals.c.id],
                row[principals.c.name],
                PrincipalKind(row[principals.c.kind]),
                row[principals.c.display_name],
                row[principals.c.active],
                row[principals.c.created_at],
                row[principals.c.created_by],
            ),
            comment=row[tokens.c.comment],
            task=json.loads(row[tokens.c.task]) if row[tokens.c.task] else None,
            created_at=row[tokens.c.created_at],
            created_by=row[tokens.c.created_by],
            expires_at=row[tokens.c.expires_at],
            revoked_at=row[tokens.c.revoked_at],
        )
        for row in connection.execute(query).mappings()
    ]


def _identity(row: RowMapping) -> Identity:
    return Identity(
        row["id"],
        row["name"],
        PrincipalKind(row["kind"]),
        row["display_name"],
        row["active"],
        row["created_at"],
        row["created_by"],
    )
