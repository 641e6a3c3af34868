"""The schema that the steps make is the schema that the rooms define."""

import importlib
import pkgutil
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

import boathouse
from boathouse.metastore import Database, DatabaseUrl, metadata, migrate
from boathouse.metastore.migrations import VERSION_TABLE


@pytest.fixture
def database(tmp_path: Path):
    database = Database(DatabaseUrl.sqlite(tmp_path / "test.db"))
    yield database
    database.dispose()


def import_every_repository() -> None:
    """Rooms define their tables where their SQL is; importing those modules fills the metadata."""
    for module in pkgutil.walk_packages(boathouse.__path__, "boathouse."):
        if module.name.rpartition(".")[2] in ("repository", "schema") and ".lake." not in module.name:
            importlib.import_module(module.name)


def test_the_steps_make_what_the_rooms_define(database: Database) -> None:
    import_every_repository()
    migrate(database)
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        differences = compare_metadata(context, metadata)
    assert differences == []


def test_migrating_twice_changes_nothing(database: Database) -> None:
    migrate(database)
    before = inspect(database.engine).get_table_names()
    migrate(database)
    assert inspect(database.engine).get_table_names() == before


def test_our_version_table_does_not_clash_with_alembics_default(database: Database) -> None:
    migrate(database)
    assert "alembic_version" not in inspect(database.engine).get_table_names()
