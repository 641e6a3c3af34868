"""Transactions on SQLite or Postgres.

SQLite knows one writer at a time. We take its write lock at the beginning of a transaction that will write
(``BEGIN IMMEDIATE``), so two writers queue up instead of failing half way; within a process a plain lock queues them
first, which is fairer and cheaper than SQLite's own waiting.
"""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# MLflow and DBOS load SQLAlchemy's ORM, in threads of their own; while that is half loaded, queries of others fail.
import sqlalchemy.orm  # noqa: F401  # pyright: ignore[reportUnusedImport]
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError

from boathouse.foundation.errors import Unavailable

BUSY_TIMEOUT_SECONDS = 30
"""How long a writer waits for a writer of another process."""


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """Where a database is: an SQLAlchemy URL and, on Postgres, the schema that is ours."""

    url: str
    schema: str | None = None

    @classmethod
    def sqlite(cls, file: Path) -> "DatabaseUrl":
        return cls(f"sqlite:///{file}")

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")


class Database:
    """A pool of connections; hands out transactions."""

    def __init__(self, where: DatabaseUrl) -> None:
        self.where = where
        self._write_lock = threading.Lock()
        self.engine = _sqlite_engine(where) if where.is_sqlite else _postgres_engine(where)

    @contextmanager
    def read(self) -> Generator[Connection]:
        """A transaction that only reads, on one consistent state."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Generator[Connection]:
        """A transaction that commits at the end of the block and rolls back when the block raises.

        Keep it short: on SQLite every other writer waits for it.

        Raises:
            Unavailable: The disk is full, or another process kept the write lock too long.
        """
        if not self.where.is_sqlite:
            with self.engine.begin() as connection:
                yield connection
            return
        with self._write_lock, self.engine.connect() as connection:
            try:
                connection.execution_options(boathouse_writes=True)
                with connection.begin():
                    yield connection
            except OperationalError as error:
                raise _explained(error, self.where) from error

    def dispose(self) -> None:
        self.engine.dispose()


def _explained(error: OperationalError, where: DatabaseUrl) -> Exception:
    reason = str(error.orig)
    if "full" in reason or "disk I/O" in reason:
        return Unavailable(f"The database {where.url} cannot be written: {reason}.", hint="Free some disk space.")
    if "locked" in reason:
        return Unavailable(f"The database {where.url} was busy for {BUSY_TIMEOUT_SECONDS} s.", hint="Try again.")
    return error


def _sqlite_engine(where: DatabaseUrl) -> Engine:
    engine = create_engine(where.url, connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def configure(dbapi_connection: Any, _: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        dbapi_connection.isolation_level = None  # we begin transactions ourselves, below
        cursor = dbapi_connection.cursor()
        # WAL lets readers go on while one writes. NORMAL loses no committed row when a process dies, only (at worst)
        # the last commits when the machine loses power.
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "temp_store=MEMORY"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:  # pyright: ignore[reportUnusedFunction]
        writes = connection.get_execution_options().get("boathouse_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres_engine(where: DatabaseUrl) -> Engine:
    engine = create_engine(where.url, pool_pre_ping=True, pool_size=10, max_overflow=20)
    if where.schema:
        schema = where.schema

        @event.listens_for(engine, "connect")
        def use_schema(dbapi_connection: Any, _: Any) -> None:  # pyright: ignore[reportUnusedFunction]
            with dbapi_connection.cursor() as cursor:
                cursor.execute(f'SET search_path TO "{schema}"')
            dbapi_connection.commit()

        with engine.begin() as connection:
            _make_schema(connection, schema)
    return engine


def ensure_schema(where: DatabaseUrl) -> None:
    """Make the schema of a database that others open by themselves (MLflow); a file needs none."""
    if where.is_sqlite or where.schema is None:
        return
    engine = create_engine(where.url)
    with engine.begin() as connection:
        _make_schema(connection, where.schema)
    engine.dispose()


def _make_schema(connection: Connection, schema: str) -> None:
    """``IF NOT EXISTS`` alone still fails when two processes come at the same moment, and wants the right to create
    even where the schema is there."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"boathouse schema {schema}"})
    known = connection.execute(text("SELECT 1 FROM pg_namespace WHERE nspname = :name"), {"name": schema}).first()
    if known is None:
        connection.execute(text(f'CREATE SCHEMA "{schema}"'))
