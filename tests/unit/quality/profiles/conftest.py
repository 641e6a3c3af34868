"""A real catalog and engine; tables are written for each test."""

from collections.abc import Iterator

import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import SYSTEM
from boathouse.lake import DuckDBEngine
from boathouse.metastore import Database
from boathouse.session import LocalLaw, Session


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    home = Home(tmp_path_factory.mktemp("profiles") / "home")
    home.create()
    database = Database(migrated_sqlite(home.databases / "boathouse.db"))
    catalog = Catalog(database, home)
    catalog.bootstrap("root")
    catalog.securables.create_schema(SYSTEM, SchemaName("dev", "shop"))
    yield Session(catalog.identities.principal("root"), LocalLaw(catalog), DuckDBEngine())
    database.dispose()
