"""A small lakehouse with contracts, for tests of what is held against rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.foundation.clock import ManualClock
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName, TableName
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.lake import DuckDBEngine
from boathouse.metastore import Database
from boathouse.quality.contracts.service import Contracts
from boathouse.session import LocalLaw, Session

NOW = datetime(2013, 3, 1, tzinfo=UTC)


@dataclass
class House:
    """A catalog, an administrator's session, contracts."""

    catalog: Catalog
    session: Session
    contracts: Contracts
    clock: ManualClock

    @property
    def root(self) -> Principal:
        return self.session.principal

    def write(self, name: str, rows: Any, **options: Any) -> Any:
        data = pa.Table.from_pylist(rows) if isinstance(rows, list) else rows
        return self.session.write_table(f"dev.shop.{name}", data, **options)

    def rows(self, name: str, columns: str = "*", order: str = "1") -> list[dict[str, Any]]:
        return self.session.sql(f"SELECT {columns} FROM dev.shop.{name} ORDER BY {order}").rows()

    def attach(self, name: str, document: str, **options: Any) -> Any:
        return self.contracts.attach(self.root, TableName.parse(f"dev.shop.{name}"), document, **options)

    def session_of(self, name: str, *privileges: Privilege) -> Session:
        """A new user's session, with privileges on the schema."""
        self.catalog.identities.create_user(SYSTEM, name)
        grants = self.catalog.grants
        grants.grant(SYSTEM, name, [Privilege.USE_CATALOG], SecurableKind.CATALOG, "dev")
        grants.grant(SYSTEM, name, [Privilege.USE_SCHEMA, *privileges], SecurableKind.SCHEMA, "dev.shop")
        return Session(self.catalog.identities.principal(name), self.session.law, self.session.engine)


@pytest.fixture(scope="session")
def house_engine() -> DuckDBEngine:
    return DuckDBEngine()


@pytest.fixture
def house(tmp_path: Path, house_engine: DuckDBEngine) -> Iterator[House]:
    home = Home(tmp_path / "house")
    home.create()
    database = Database(migrated_sqlite(home.databases / "boathouse.db"))
    clock = ManualClock(NOW)
    catalog = Catalog(database, home, clock)
    catalog.bootstrap("root")
    catalog.securables.create_schema(SYSTEM, SchemaName("dev", "shop"))
    session = Session(catalog.identities.principal("root"), LocalLaw(catalog), house_engine)
    yield House(catalog, session, Contracts(catalog, clock), clock)
    database.dispose()
