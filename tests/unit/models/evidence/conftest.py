"""A catalog with one registered model of three versions, and the book of evidence."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from boathouse.catalog import Catalog, SecurableKind
from boathouse.catalog.events import Event
from boathouse.catalog.events.repository import after
from boathouse.foundation.clock import ManualClock
from boathouse.foundation.home import Home
from boathouse.foundation.names import ModelName, SchemaName
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.metastore import Database, DatabaseUrl, metadata
from boathouse.models.evidence.book import EvidenceBook
from boathouse.models.repository import ModelRepository

MODEL = ModelName.parse("dev.flights.delay")


@dataclass
class Desk:
    """Who is there, and the book."""

    catalog: Catalog
    database: Database
    clock: ManualClock
    ada: Principal
    book: EvidenceBook
    repository: ModelRepository

    def user(self, name: str) -> Principal:
        self.catalog.identities.create_user(SYSTEM, name)
        return self.catalog.identities.principal(name)

    def events(self) -> list[Event]:
        return after(self.database, 0)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    home = Home(tmp_path / "home")
    home.create()
    database = Database(DatabaseUrl.sqlite(home.databases / "boathouse.db"))
    metadata.create_all(database.engine)
    clock = ManualClock(datetime(2026, 3, 1, 10, tzinfo=UTC))
    catalog = Catalog(database, home, clock)
    catalog.bootstrap("ada")
    catalog.securables.create_schema(SYSTEM, SchemaName.parse("dev.flights"))
    catalog.securables.register(
        SYSTEM, SecurableKind.REGISTERED_MODEL, str(MODEL), owner="ada", parent=str(MODEL.parent)
    )
    repository, book = ModelRepository(database), EvidenceBook(database, catalog, clock)
    repository.follow(book)
    for version in (1, 2, 3):
        repository.add_source(str(MODEL), version, None, None)
    yield Desk(catalog, database, clock, catalog.identities.principal("ada"), book, repository)
    database.dispose()
