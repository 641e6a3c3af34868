"""A catalog over each database that it promises to work with: SQLite, and a real Postgres of its own."""

import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog, Privilege, SecurableKind, Table
from boathouse.catalog.columns import column_from_info
from boathouse.catalog.repository import schema
from boathouse.foundation.clock import ManualClock
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName, TableName
from boathouse.foundation.principals import Principal
from boathouse.metastore import Database, DatabaseUrl, metadata, migrate

OUR_TABLES = [each for each in vars(schema).values() if getattr(each, "metadata", None) is metadata]


@pytest.fixture(scope="session")
def migrated_postgres() -> Iterator[DatabaseUrl]:
    """A Postgres of our own with this release's schema; emptied before each test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip("pgserver")
        server = pgserver.get_server(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    server.psql("ALTER SYSTEM SET fsync = off;")
    server.psql("SELECT pg_reload_conf();")
    where = DatabaseUrl(server.get_uri().replace("postgresql://", "postgresql+psycopg://"), schema="boathouse")
    database = Database(where)
    migrate(database)
    database.dispose()
    yield where
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> DatabaseUrl:
    """Where a fresh database is; several ``Database`` objects over it are several processes."""
    if request.param == "postgres":
        return request.getfixturevalue("migrated_postgres")
    return migrated_sqlite(tmp_path / "boathouse.db")


@pytest.fixture
def database(where: DatabaseUrl) -> Iterator[Database]:
    database = Database(where)
    if not where.is_sqlite:
        _empty(database)
    yield database
    database.dispose()


def _empty(database: Database) -> None:
    with database.write() as connection:
        tables = ", ".join(each.name for each in OUR_TABLES if each.name != "generations")
        connection.exec_driver_sql(f"TRUNCATE {tables} RESTART IDENTITY")
        connection.exec_driver_sql("UPDATE generations SET value = 0")


@dataclass
class Law:
    """A catalog after its first start, with an administrator, bob, and the schema ``dev.trips``."""

    catalog: Catalog
    clock: ManualClock
    admin: Principal
    bob: Principal
    home: Home

    def let(self, grantee: str, *privileges: Privilege, on: str = "dev") -> None:
        kind = [SecurableKind.CATALOG, SecurableKind.SCHEMA, SecurableKind.TABLE][on.count(".")]
        self.catalog.grants.grant(self.admin, grantee, privileges, kind, on)

    def make_table(self, name: str = "dev.trips.rides", *, by: Principal | None = None, **options) -> Table:
        table, principal = TableName.parse(name), by or self.admin
        place = self.catalog.securables.stage_table(principal, table, replace=options.get("replace", False))
        return self.catalog.securables.create_table(
            principal,
            table,
            table_id=place.table_id,
            storage_location=place.storage_location,
            **{"columns": (column_from_info({"name": "id", "type_text": "bigint"}, 0),), **options},
        )


@pytest.fixture
def law(database: Database, tmp_path: Path) -> Law:
    home = Home(tmp_path / ".boathouse")
    home.create()
    clock = ManualClock(datetime(2013, 5, 1, tzinfo=UTC))
    catalog = Catalog(database, home, clock)
    secret = catalog.bootstrap("alice")
    assert secret is not None
    admin = catalog.identities.authenticate(secret).principal
    catalog.securables.create_schema(admin, SchemaName("dev", "trips"))
    catalog.identities.create_user(admin, "bob")
    return Law(catalog, clock, admin, catalog.identities.principal("bob"), home)
