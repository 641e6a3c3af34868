"""A catalog with one registered model, and the book of what models have to meet."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from boathouse.catalog import Catalog, Privilege, SecurableKind
from boathouse.foundation.clock import ManualClock
from boathouse.foundation.home import Home
from boathouse.foundation.names import ModelName, SchemaName
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.metastore import Database, DatabaseUrl, metadata
from boathouse.models.gates.checking import checking_with
from boathouse.models.requirements import Requirements
from boathouse.models.requirements.book import RequirementsBook
from boathouse.models.requirements.repository import RequirementsRepository

MODEL = ModelName.parse("dev.flights.delay")


def requirements(**said: Any) -> Requirements:
    """Enough to be valid, and what a test says."""
    least: dict[str, Any] = {
        "objective": "Warn of late flights",
        "decision": "The desk rebooks passengers",
        "owner": "ada",
        "success": {"metric": "missed connections", "proxy": "log_loss"},
        "evaluation": {"table": "dev.flights.judged", "label": "late"},
    }
    return Requirements.model_validate({**least, **said})


@dataclass
class Desk:
    """Who is there, and the book."""

    catalog: Catalog
    database: Database
    clock: ManualClock
    ada: Principal
    book: RequirementsBook
    repository: RequirementsRepository
    users: dict[str, Principal] = field(default_factory=dict[str, Principal])

    def user(self, name: str, *privileges: Privilege) -> Principal:
        self.catalog.identities.create_user(SYSTEM, name)
        if privileges:
            grants = self.catalog.grants
            grants.grant(SYSTEM, name, [Privilege.USE_CATALOG], SecurableKind.CATALOG, "dev")
            grants.grant(SYSTEM, name, [Privilege.USE_SCHEMA], SecurableKind.SCHEMA, "dev.flights")
            grants.grant(SYSTEM, name, privileges, SecurableKind.REGISTERED_MODEL, str(MODEL))
        return self.catalog.identities.principal(name)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    home = Home(tmp_path / ".boathouse")
    home.create()
    database = Database(DatabaseUrl.sqlite(home.databases / "boathouse.db"))
    metadata.create_all(database.engine)
    clock = ManualClock(datetime(2026, 3, 1, 10, tzinfo=UTC))
    catalog = Catalog(database, home, clock)
    catalog.bootstrap("ada")
    catalog.securables.create_schema(SYSTEM, SchemaName("dev", "flights"))
    catalog.securables.register(SYSTEM, SecurableKind.REGISTERED_MODEL, str(MODEL), parent=str(MODEL.parent))
    repository = RequirementsRepository(database, clock)
    book = RequirementsBook(catalog, database, clock, repository, checking_with(catalog))
    yield Desk(catalog, database, clock, catalog.identities.principal("ada"), book, repository)
    database.dispose()
