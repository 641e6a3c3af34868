"""The table of rollbacks and drills."""

import json
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Connection, Index, Integer, Table, Text, insert, select, update

from boathouse.metastore import COUNTER, Database, metadata
from boathouse.models.rollback.nouns import Rollback

model_rollbacks = Table(
    "model_rollbacks",
    metadata,
    Column("rollback_id", COUNTER, primary_key=True, autoincrement=True),
    Column("model", Text, nullable=False),
    Column("alias", Text, nullable=False),
    Column("from_version", Integer),
    Column("to_version", Integer),
    Column("is_drill", Boolean, nullable=False),
    Column("principal", Text, nullable=False),
    Column("reason", Text),
    Column("began_at", BigInteger, nullable=False),
    Column("took_ms", BigInteger, nullable=False),
    Column("problem", Text),
    Column("details", Text, nullable=False),
    Index("ix_model_rollbacks_model", "model"),
    sqlite_autoincrement=True,
)


class RollbackRepository:
    """Reads and writes that table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, connection: Connection, rollback: Rollback) -> int:
        """Keep one; gives its number."""
        values = {name: getattr(rollback, name) for name in Rollback.__slots__ if name != "rollback_id"}
        values["details"] = json.dumps(rollback.details, ensure_ascii=False)
        added = connection.execute(insert(model_rollbacks).returning(model_rollbacks.c.rollback_id), [values])
        return int(added.scalar_one())

    def of(self, model: str, *, limit: int = 100) -> list[Rollback]:
        """Those of a model, newest first."""
        table = model_rollbacks
        query = select(table).where(table.c.model == model).order_by(table.c.rollback_id.desc()).limit(limit)
        with self._database.read() as connection:
            return [_rollback(dict(row)) for row in connection.execute(query).mappings()]


class RollbackFollower:
    """Lets the rows follow a model that is renamed; what happened stays written."""

    def renamed(self, connection: Connection, name: str, new_name: str) -> None:
        table = model_rollbacks
        connection.execute(update(table).where(table.c.model == name).values(model=new_name))

    def version_gone(self, connection: Connection, name: str, version: int) -> None: ...

    def model_gone(self, connection: Connection, name: str) -> None: ...


def _rollback(row: dict[str, Any]) -> Rollback:
    row["details"] = json.loads(row["details"])
    return Rollback(**row)
