"""How much SQLite does for an answer, in steps of its own machine: the same on a quiet and on a busy computer, so that
tests and benchmarks can tell growth from load."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from boathouse.metastore import Database

_STEP = 10
"""The machine reports every so many steps."""


class CountedSteps:
    """What has been counted."""

    def __init__(self) -> None:
        self.steps = 0

    def add(self) -> None:
        self.steps += _STEP


@contextmanager
def counted_steps(database: Database) -> Generator[CountedSteps]:
    """Count the steps of every statement in the block."""
    counted = CountedSteps()

    def begin(connection: Any, *_: Any) -> None:
        connection.connection.dbapi_connection.set_progress_handler(counted.add, _STEP)

    def end(connection: Any, *_: Any) -> None:
        connection.connection.dbapi_connection.set_progress_handler(None, 0)

    event.listen(database.engine, "before_cursor_execute", begin)
    event.listen(database.engine, "commit", end)
    event.listen(database.engine, "rollback", end)
    try:
        yield counted
    finally:
        event.remove(database.engine, "before_cursor_execute", begin)
        event.remove(database.engine, "commit", end)
        event.remove(database.engine, "rollback", end)
