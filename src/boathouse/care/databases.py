"""The databases of a home as they all stood at one instant, while others go on writing."""

import sqlite3
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from boathouse.foundation.errors import InvalidInput, Unavailable

BOATHOUSE, MLFLOW = "boathouse.db", "mlflow.db"
NAMES = (BOATHOUSE, MLFLOW)
"""What is kept. DBOS' own database is not: it knows the steps of runs that are under way, a restored home ends those,
and what they had finished stands in ours."""

_BUSY_SECONDS = 60


@contextmanager
def one_instant(folder: Path) -> Generator[Sequence[sqlite3.Connection]]:
    """A connection to each database in ``folder``, in :data:`NAMES`' order, that sees the same instant for the whole
    block.

    For a moment, nobody may write to any of them; in that moment each connection takes its snapshot, which SQLite's
    write-ahead log keeps for it.
    """
    for name in NAMES:
        if not (folder / name).exists():
            raise InvalidInput(f"There is no database {folder / name}.", hint="Start Boathouse on this home once.")
    with ExitStack() as snapshots:
        with ExitStack() as locks:
            for name in NAMES:
                lock = locks.enter_context(closing(_open(folder / name)))
                _begin(lock, "BEGIN IMMEDIATE", folder / name)
            readers = [snapshots.enter_context(closing(_open(folder / name))) for name in NAMES]
            for reader in readers:
                reader.execute("BEGIN")
                reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
        yield readers


def copy_database(reader: sqlite3.Connection, target: Path) -> None:
    """Write what the connection sees to a new file, which needs no write-ahead log beside it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with closing(sqlite3.connect(target)) as copy:
            reader.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        if "full" in str(error) or "disk I/O" in str(error):
            raise OSError(28, "No space left on device", str(target)) from error
        raise


def problems_of(file: Path) -> str | None:
    """What SQLite finds wrong with a database; None when it is sound."""
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if found == "ok" else str(found)


def _open(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True, timeout=_BUSY_SECONDS, isolation_level=None)


def _begin(connection: sqlite3.Connection, statement: str, file: Path) -> None:
    try:
        connection.execute(statement)
    except sqlite3.OperationalError as error:
        raise Unavailable(f"The database {file} was busy for {_BUSY_SECONDS} s: {error}.", hint="Try again.") from error
