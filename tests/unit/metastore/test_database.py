"""Transactions: whole or not at all, and writers queue up."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from boathouse.metastore import Database, DatabaseUrl


@pytest.fixture
def database(tmp_path: Path):
    database = Database(DatabaseUrl.sqlite(tmp_path / "test.db"))
    with database.write() as connection:
        connection.execute(text("CREATE TABLE counter (value INTEGER)"))
        connection.execute(text("INSERT INTO counter VALUES (0)"))
    yield database
    database.dispose()


def value(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(text("SELECT value FROM counter")).scalar_one()


def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    with pytest.raises(RuntimeError), database.write() as connection:
        connection.execute(text("UPDATE counter SET value = 7"))
        raise RuntimeError("half way")
    assert value(database) == 0


def test_fifty_writers_in_two_pools_lose_no_update(database: Database) -> None:
    other = Database(database.where)

    def increment(number: int) -> None:
        with (database if number % 2 else other).write() as connection:
            seen = connection.execute(text("SELECT value FROM counter")).scalar_one()
            connection.execute(text("UPDATE counter SET value = :next"), {"next": seen + 1})

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(increment, range(50)))
    other.dispose()
    assert value(database) == 50


def test_the_orm_is_loaded_before_threads_can_meet_it_half_loaded() -> None:
    told = "import sys, boathouse.metastore; print('sqlalchemy.orm' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "True"
