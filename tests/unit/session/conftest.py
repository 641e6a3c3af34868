"""A real law over SQLite, a real engine, and a few principals; each test has its own home."""

from collections.abc import Callable
from pathlib import Path

import pytest

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.lake import DuckDBEngine
from boathouse.metastore import Database, DatabaseUrl, metadata
from boathouse.session import LocalLaw, Session


@pytest.fixture(scope="session")
def engine() -> DuckDBEngine:
    return DuckDBEngine()


@pytest.fixture
def catalog(tmp_path: Path):
    home = Home(tmp_path / "home")
    home.create()
    database = Database(DatabaseUrl.sqlite(home.databases / "boathouse.db"))
    made = Catalog(database, home)
    metadata.create_all(database.engine)
    made.bootstrap("root")
    made.securables.create_schema(SYSTEM, SchemaName("dev", "shop"))
    yield made
    database.dispose()


@pytest.fixture
def law(catalog: Catalog) -> LocalLaw:
    return LocalLaw(catalog)


@pytest.fixture
def session(catalog: Catalog, law: LocalLaw, engine: DuckDBEngine) -> Session:
    """An administrator's session."""
    return Session(catalog.identities.principal("root"), law, engine)


@pytest.fixture
def session_of(catalog: Catalog, law: LocalLaw, engine: DuckDBEngine) -> Callable[..., Session]:
    """A new user's session, with privileges on schema dev.shop and what is needed to reach it."""

    def make(name: str, *privileges: Privilege) -> Session:
        catalog.identities.create_user(SYSTEM, name)
        if privileges:
            catalog.grants.grant(SYSTEM, name, [Privilege.USE_CATALOG], SecurableKind.CATALOG, "dev")
            catalog.grants.grant(SYSTEM, name, [Privilege.USE_SCHEMA, *privileges], SecurableKind.SCHEMA, "dev.shop")
        principal: Principal = catalog.identities.principal(name)
        return Session(principal, law, engine)

    return make
