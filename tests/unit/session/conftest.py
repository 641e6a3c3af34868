"""A real law over SQLite, a real engine, and a few principals; each test has its own home."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.lake import DuckDBEngine
from boathouse.metastore import Database
from boathouse.session import LocalLaw, Session


@pytest.fixture(scope="session")
def engine() -> DuckDBEngine:
    return DuckDBEngine()


@contextmanager
def new_catalog(folder: Path) -> Generator[Catalog]:
    home = Home(folder)
    home.create()
    database = Database(migrated_sqlite(home.databases / "boathouse.db"))
    made = Catalog(database, home)
    made.bootstrap("root")
    made.securables.create_schema(SYSTEM, SchemaName("dev", "shop"))
    yield made
    database.dispose()


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with new_catalog(tmp_path / "home") as made:
        yield made


@pytest.fixture(scope="session")
def shared_session(tmp_path_factory: pytest.TempPathFactory, engine: DuckDBEngine) -> Iterator[Session]:
    """An administrator's session for many questions that change nothing."""
    with new_catalog(tmp_path_factory.mktemp("shared")) as made:
        yield Session(made.identities.principal("root"), LocalLaw(made), engine)


@pytest.fixture
def answer(shared_session: Session) -> Callable[..., Any]:
    """The first column of a query's rows; the value itself when there is one row."""

    def ask(query: str, **parameters: Any) -> Any:
        result = shared_session.sql(query, parameters).arrow()
        values = result.column(0).to_pylist()
        return values[0] if len(values) == 1 else values

    return ask


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
