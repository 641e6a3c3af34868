"""What was retired: by whom, why, and where its archive lies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from boathouse.metastore import Database, metadata

model_retirements = Table(
    "model_retirements",
    metadata,
    Column("retirement_id", String(36), primary_key=True),
    Column("model", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("principal", String(255), nullable=False),
    Column("begun_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("archive", Text, nullable=False),
    Column("archive_sha256", String(64), nullable=False),
    Column("archive_bytes", BigInteger, nullable=False),
    Column("location", Text, nullable=False),
    Column("run_id", Text),
    Column("card", Text, nullable=False),
    Index("ix_model_retirements_model_version", "model", "version"),
)


@dataclass(frozen=True, slots=True)
class Retirement:
    """A version that was retired."""

    retirement_id: str
    model: str
    version: int
    reason: str
    principal: str
    begun_at: int
    archive: str
    """The name of its file in the folder of archives."""
    archive_sha256: str
    """Of the manifest in it."""
    archive_bytes: int
    location: str
    """Where its files lay below the artifact folder."""
    run_id: str | None
    card: str
    """The card as it was, in Markdown."""
    ended_at: int | None = None
    """None while it is going on, or was cut short: the next start goes on with it."""


def begin(connection: Connection, retirement: Retirement) -> None:
    connection.execute(
        insert(model_retirements).values({name: getattr(retirement, name) for name in Retirement.__slots__})
    )


def end(connection: Connection, retirement_id: str, now: int) -> None:
    mine = model_retirements.c.retirement_id == retirement_id
    connection.execute(update(model_retirements).where(mine).values(ended_at=now))


def drop(connection: Connection, retirement_id: str) -> None:
    """Forget one that came to nothing."""
    connection.execute(delete(model_retirements).where(model_retirements.c.retirement_id == retirement_id))


def retirements(database: Database, model: str | None = None, version: int | None = None) -> Sequence[Retirement]:
    """Newest first; those that were cut short too."""
    query = select(model_retirements).order_by(model_retirements.c.begun_at.desc(), model_retirements.c.version.desc())
    if model is not None:
        query = query.where(model_retirements.c.model == model)
    if version is not None:
        query = query.where(model_retirements.c.version == version)
    with database.read() as connection:
        return [_retirement(row) for row in connection.execute(query)]


def rename(connection: Connection, name: str, new_name: str) -> None:
    mine = model_retirements.c.model == name
    connection.execute(update(model_retirements).where(mine).values(model=new_name))


def _retirement(row: Any) -> Retirement:
    return Retirement(**{name: getattr(row, name) for name in Retirement.__slots__})


class RetirementFollower:
    """Keeps these rows with a model that is renamed."""

    def renamed(self, connection: Connection, name: str, new_name: str) -> None:
        rename(connection, name, new_name)

    def version_gone(self, connection: Connection, name: str, version: int) -> None:
        pass

    def model_gone(self, connection: Connection, name: str) -> None:
        pass
