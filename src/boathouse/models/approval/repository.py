"""The tables of this room: what was said of versions, who made them, and what waits to be signed."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    Table,
    Text,
    and_,
    insert,
    select,
    update,
)

from boathouse.metastore import COUNTER, Database, metadata
from boathouse.metastore.upserting import insert_missing
from boathouse.models.approval.nouns import Approval, Say

model_approvals = Table(
    "model_approvals",
    metadata,
    Column("approval_id", COUNTER, primary_key=True, autoincrement=True),
    Column("model", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("say", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("reason", Text),
    Column("said_at", BigInteger, nullable=False),
    Column("valid_until", BigInteger),
    Column("gate", Text),
    Column("evaluation_id", Text),
    Column("through", Text, nullable=False),
    Column("is_author", Boolean, nullable=False),
    Column("groups", Text, nullable=False),
    # A version that is made later under the same name and number is another one.
    Column("gone_at", BigInteger),
    Index("ix_model_approvals_version", "model", "version"),
    sqlite_autoincrement=True,
)
model_version_authors = Table(
    "model_version_authors",
    metadata,
    Column("model", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("principal", Text, nullable=False),
    Column("run_id", Text),
)
approval_requests = Table(
    "approval_requests",
    metadata,
    Column("request_id", COUNTER, primary_key=True, autoincrement=True),
    Column("model", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("evaluation_id", Text),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    # The run of a job that goes on when it is answered; null: nobody waits.
    Column("run_id", BigInteger),
    Column("answered_at", BigInteger),
    Column("problem", Text),
    Index("ix_approval_requests_open", "answered_at"),
    Index("ix_approval_requests_version", "model", "version"),
    sqlite_autoincrement=True,
)

_FIELDS = tuple(name for name in Approval.__slots__ if name not in ("approval_id", "say", "groups"))


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """Somebody, or a job's run, has asked for signatures."""

    request_id: int
    model: str
    version: int
    evaluation_id: str | None
    asked_by: str
    asked_at: int
    run_id: int | None = None
    answered_at: int | None = None
    problem: str | None = None
    """Why its run could not go on."""


class ApprovalRepository:
    """Reads and writes those tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- signatures

    def add(self, connection: Connection, approval: Approval) -> int:
        """Keep a signature; gives its number."""
        values = {name: getattr(approval, name) for name in _FIELDS}
        values |= {"say": approval.say.value, "groups": json.dumps(sorted(approval.groups), ensure_ascii=False)}
        added = connection.execute(insert(model_approvals).returning(model_approvals.c.approval_id), [values])
        return int(added.scalar_one())

    def of(self, model: str, version: int | None = None) -> list[Approval]:
        """What was said of a model's versions, or of one, oldest first."""
        table = model_approvals
        query = select(table).where(table.c.model == model, table.c.gone_at.is_(None))
        if version is not None:
            query = query.where(table.c.version == version)
        with self._database.read() as connection:
            return [_approval(row) for row in connection.execute(query.order_by(table.c.approval_id)).mappings()]

    # --- authors

    def add_author(self, connection: Connection, model: str, version: int, principal: str, run_id: str | None) -> None:
        """Remember who made a version, in the transaction that makes it known."""
        row = {"model": model, "version": version, "principal": principal, "run_id": run_id}
        insert_missing(connection, model_version_authors, [row])

    def author(self, model: str, version: int) -> tuple[str, str | None] | None:
        """Who made a version, and of which run."""
        table = model_version_authors
        query = select(table.c.principal, table.c.run_id).where(table.c.model == model, table.c.version == version)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return (row.principal, row.run_id) if row else None

    # --- requests

    def ask(self, connection: Connection, request: ApprovalRequest) -> int | None:
        """Write a request down; None when the same is open already."""
        table = approval_requests
        same = and_(
            table.c.model == request.model,
            table.c.version == request.version,
            table.c.evaluation_id == request.evaluation_id,
            table.c.run_id.is_(None) if request.run_id is None else table.c.run_id == request.run_id,
            table.c.answered_at.is_(None),
        )
        if connection.execute(select(table.c.request_id).where(same)).first() is not None:
            return None
        values = {name: getattr(request, name) for name in ApprovalRequest.__slots__ if name != "request_id"}
        return int(connection.execute(insert(table).returning(table.c.request_id), [values]).scalar_one())

    def open_requests(self, model: str | None = None) -> list[ApprovalRequest]:
        """What waits, oldest first."""
        query = select(approval_requests).where(approval_requests.c.answered_at.is_(None))
        if model is not None:
            query = query.where(approval_requests.c.model == model)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(approval_requests.c.request_id)).mappings()
            return [ApprovalRequest(**row) for row in rows]

    def answer(self, request_ids: Iterable[int], now: int, problem: str | None = None) -> None:
        """Nobody waits for these any more."""
        table = approval_requests
        with self._database.write() as connection:
            for request_id in request_ids:
                values = {"answered_at": now, "problem": problem}
                connection.execute(update(table).where(table.c.request_id == request_id).values(values))


class ApprovalFollower:
    """Lets the rows follow a model that is renamed, and a version that is gone."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now

    def renamed(self, connection: Connection, name: str, new_name: str) -> None:
        for table in (model_approvals, model_version_authors, approval_requests):
            connection.execute(update(table).where(table.c.model == name).values(model=new_name))

    def version_gone(self, connection: Connection, name: str, version: int) -> None:
        now = self._now()
        authors = model_version_authors
        connection.execute(authors.delete().where(authors.c.model == name, authors.c.version == version))
        for table, column in ((model_approvals, "gone_at"), (approval_requests, "answered_at")):
            mine = (table.c.model == name, table.c.version == version, table.c[column].is_(None))
            connection.execute(update(table).where(*mine).values({column: now}))

    def model_gone(self, connection: Connection, name: str) -> None:
        """All its versions are gone already."""


def _approval(row: Mapping[Any, Any]) -> Approval:
    groups: Sequence[str] = json.loads(row["groups"])
    fields = {name: row[name] for name in _FIELDS}
    return Approval(approval_id=row["approval_id"], say=Say(row["say"]), groups=tuple(groups), **fields)
