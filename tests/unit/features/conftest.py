"""A real law over SQLite, a real engine, and the client over an administrator's session."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.features import FeatureEngineeringClient
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import SYSTEM
from boathouse.lake import DuckDBEngine
from boathouse.metastore import Database
from boathouse.session import LocalLaw, Session


@pytest.fixture(scope="session")
def engine() -> DuckDBEngine:
    return DuckDBEngine()


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    home = Home(tmp_path / "home")
    home.create()
    database = Database(migrated_sqlite(home.databases / "boathouse.db"))
    made = Catalog(database, home)
    made.bootstrap("root")
    made.securables.create_schema(SYSTEM, SchemaName("dev", "shop"))
    yield made
    database.dispose()


@pytest.fixture
def session(catalog: Catalog, engine: DuckDBEngine) -> Session:
    """An administrator's session."""
    return Session(catalog.identities.principal("root"), LocalLaw(catalog), engine)


@pytest.fixture
def session_of(catalog: Catalog, engine: DuckDBEngine) -> Callable[..., Session]:
    """A new user's session, with privileges on schema dev.shop and what is needed to reach it."""

    def make(name: str, *privileges: Privilege) -> Session:
        catalog.identities.create_user(SYSTEM, name)
        catalog.grants.grant(SYSTEM, name, [Privilege.USE_CATALOG], SecurableKind.CATALOG, "dev")
        catalog.grants.grant(SYSTEM, name, [Privilege.USE_SCHEMA, *privileges], SecurableKind.SCHEMA, "dev.shop")
        return Session(catalog.identities.principal(name), LocalLaw(catalog), engine)

    return make


@pytest.fixture
def fe(session: Session) -> FeatureEngineeringClient:
    return FeatureEngineeringClient(session=session)
