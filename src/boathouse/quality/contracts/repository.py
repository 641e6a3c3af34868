"""The rows of contracts."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from boathouse.quality.contracts.schema import contract_checks, contract_revisions, contracts

MOST_CHECKS = 1_000
"""Of one table that are kept."""

_c, _r, _k = contracts.c, contract_revisions.c, contract_checks.c


@dataclass(frozen=True, slots=True)
class Revision:
    """A contract while it was attached to a table."""

    table_id: str
    revision: int
    document: str
    contract_id: str
    version: str
    owner: str | None
    valid_from: int
    valid_to: int | None
    principal: str


@dataclass(frozen=True, slots=True)
class KeptCheck:
    """A check that was told."""

    check_id: int
    table_id: str
    revision: int | None
    checked_at: int
    table_version: int | None
    is_broken: bool
    document: dict[str, Any]
    principal: str


def attach(connection: Connection, revision: Revision, quarantine: str) -> int:
    """Let a contract hold from now on; gives its revision."""
    table_id, at = revision.table_id, revision.valid_from
    last = connection.execute(select(func.max(_r.revision)).where(_r.table_id == table_id)).scalar()
    number = (last or 0) + 1
    _close(connection, table_id, at)
    values: dict[str, Any] = {"revision": number, "quarantine": quarantine, "detached_at": None, "broken": None}
    if last is None:
        connection.execute(insert(contracts).values(table_id=table_id, attached_at=at, **values))
    else:
        connection.execute(update(contracts).where(_c.table_id == table_id).values(**values))
    connection.execute(
        insert(contract_revisions).values(
            table_id=table_id,
            revision=number,
            document=revision.document,
            contract_id=revision.contract_id,
            version=revision.version,
            owner=revision.owner,
            valid_from=at,
            principal=revision.principal,
        )
    )
    return number


def detach(connection: Connection, table_id: str, at: int) -> None:
    """No contract holds any more; what held stays on record."""
    _close(connection, table_id, at)
    connection.execute(update(contracts).where(_c.table_id == table_id).values(detached_at=at, broken=None))


def held(connection: Connection, table_id: str, at: int | None = None) -> Revision | None:
    """The contract that is attached to a table, or was at an instant."""
    query = select(contract_revisions).where(_r.table_id == table_id)
    if at is None:
        query = query.where(_r.valid_to.is_(None))
    else:
        query = query.where(_r.valid_from <= at, _r.valid_to.is_(None) | (_r.valid_to > at))
    row = connection.execute(query.order_by(_r.revision.desc()).limit(1)).first()
    return None if row is None else _revision(row)


def revisions(connection: Connection, table_id: str) -> list[Revision]:
    """Every contract that the table ever had, newest first."""
    query = select(contract_revisions).where(_r.table_id == table_id).order_by(_r.revision.desc())
    return [_revision(row) for row in connection.execute(query)]


def every(connection: Connection) -> list[Revision]:
    """All that are attached now."""
    return [_revision(row) for row in connection.execute(select(contract_revisions).where(_r.valid_to.is_(None)))]


def quarantine_of(connection: Connection, table_id: str) -> str | None:
    return connection.execute(select(_c.quarantine).where(_c.table_id == table_id)).scalar()


def broken_rules(connection: Connection, table_id: str) -> frozenset[str]:
    """The rules that did not hold when the table was checked last."""
    text = connection.execute(select(_c.broken).where(_c.table_id == table_id)).scalar()
    return frozenset(json.loads(text)) if text else frozenset()


def keep_check(connection: Connection, check: KeptCheck, broken: Sequence[str]) -> int:
    """Keep what a check came to; gives its number."""
    done = connection.execute(
        insert(contract_checks).values(
            table_id=check.table_id,
            revision=check.revision,
            checked_at=check.checked_at,
            table_version=check.table_version,
            is_broken=check.is_broken,
            document=json.dumps(check.document, ensure_ascii=False),
            principal=check.principal,
        )
    )
    text = json.dumps(sorted(broken), ensure_ascii=False)
    connection.execute(update(contracts).where(_c.table_id == check.table_id).values(broken=text))
    mine = select(_k.check_id).where(_k.table_id == check.table_id).order_by(_k.check_id.desc())
    oldest = connection.execute(mine.offset(MOST_CHECKS - 1).limit(1)).scalar()
    if oldest is not None:
        connection.execute(delete(contract_checks).where(_k.table_id == check.table_id, _k.check_id < oldest))
    return int(done.inserted_primary_key[0])  # pyright: ignore[reportOptionalSubscript]


def checks(connection: Connection, table_id: str, limit: int) -> list[KeptCheck]:
    """The latest checks of a table, newest first."""
    query = select(contract_checks).where(_k.table_id == table_id).order_by(_k.check_id.desc()).limit(limit)
    return [
        KeptCheck(
            row.check_id, row.table_id, row.revision, row.checked_at, row.table_version, bool(row.is_broken),
            json.loads(row.document), row.principal,
        )
        for row in connection.execute(query)
    ]  # fmt: skip


def _close(connection: Connection, table_id: str, at: int) -> None:
    open_one = update(contract_revisions).where(_r.table_id == table_id, _r.valid_to.is_(None))
    connection.execute(open_one.values(valid_to=at))


def _revision(row: Row[Any]) -> Revision:
    return Revision(
        row.table_id, row.revision, row.document, row.contract_id, row.version, row.owner, row.valid_from,
        row.valid_to, row.principal,
    )  # fmt: skip
