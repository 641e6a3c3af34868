"""A registered model with three versions, and the book of evidence."""

from dataclasses import dataclass

import pytest
from tests.unit.models.ground import MODEL, Ground

from boathouse.catalog.events import Event
from boathouse.catalog.events.repository import after
from boathouse.models.evidence.book import EvidenceBook
from boathouse.models.repository import ModelRepository


@dataclass
class Desk(Ground):
    """The book, and the versions that it is about."""

    book: EvidenceBook
    repository: ModelRepository

    def events(self) -> list[Event]:
        return after(self.database, 0)


@pytest.fixture
def desk(ground: Ground) -> Desk:
    repository = ModelRepository(ground.database)
    book = EvidenceBook(ground.database, ground.catalog, ground.clock)
    repository.follow(book)
    for version in (1, 2, 3):
        repository.add_source(str(MODEL), version, None, None)
    return Desk(**vars(ground), book=book, repository=repository)
