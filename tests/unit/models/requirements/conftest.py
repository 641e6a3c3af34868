"""A registered model, and the book of what models have to meet."""

from dataclasses import dataclass

import pytest
from tests.unit.models.ground import Ground

from boathouse.models.gates.checking import checking_with
from boathouse.models.requirements.book import RequirementsBook
from boathouse.models.requirements.repository import RequirementsRepository


@dataclass
class Desk(Ground):
    """The book, and its table."""

    book: RequirementsBook
    repository: RequirementsRepository


@pytest.fixture
def desk(ground: Ground) -> Desk:
    catalog, repository = ground.catalog, RequirementsRepository(ground.database, ground.clock)
    book = RequirementsBook(catalog, ground.database, ground.clock, repository, checking_with(catalog))
    return Desk(**vars(ground), book=book, repository=repository)
