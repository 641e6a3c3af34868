"""The schema by migrations is the schema that the code declares."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from boathouse.catalog.repository import schema
from boathouse.metastore import metadata
from boathouse.metastore.migrations import VERSION_TABLE

OURS = {table.name for table in vars(schema).values() if getattr(table, "metadata", None) is metadata}


def test_migrations_make_exactly_the_declared_tables(database):
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        differences = [each for each in compare_metadata(context, metadata) if _is_ours(each)]

    assert differences == []


def _is_ours(difference) -> bool:
    return any(f"'{name}'" in repr(difference) or f"{name}." in repr(difference) for name in OURS)
