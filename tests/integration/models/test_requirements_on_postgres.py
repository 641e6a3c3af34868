"""Requirements on Postgres, where two transactions write at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from boathouse.catalog import Catalog, SecurableKind
from boathouse.foundation.clock import SystemClock
from boathouse.foundation.home import Home
from boathouse.foundation.names import ModelName, SchemaName
from boathouse.foundation.principals import SYSTEM
from boathouse.metastore import Database, DatabaseUrl, migrate
from boathouse.models.requirements import Requirements
from boathouse.models.requirements.book import RequirementsBook
from boathouse.models.requirements.repository import RequirementsRepository

pytestmark = pytest.mark.server
MODEL = ModelName.parse("dev.flights.delay")


def owned_by(owner: str) -> Requirements:
    return Requirements.model_validate(
        {
            "objective": "Warn of late flights",
            "decision": "The desk rebooks passengers",
            "owner": owner,
            "success": {"metric": "missed connections", "proxy": "log_loss"},
            "evaluation": {"table": "dev.flights.judged", "label": "late"},
        }
    )


def test_of_those_who_speak_at_once_each_is_heard_and_one_revision_holds(
    postgres: Callable[[], str], tmp_path: Path
) -> None:
    home = Home(tmp_path / ".boathouse")
    home.create()
    database = Database(DatabaseUrl(postgres().replace("postgresql://", "postgresql+psycopg://"), "boathouse"))
    migrate(database)
    clock = SystemClock()
    catalog = Catalog(database, home, clock)
    catalog.bootstrap("ada")
    catalog.securables.create_schema(SYSTEM, SchemaName("dev", "flights"))
    catalog.securables.register(SYSTEM, SecurableKind.REGISTERED_MODEL, str(MODEL), parent=str(MODEL.parent))
    repository = RequirementsRepository(database, clock)
    book = RequirementsBook(catalog, database, clock, repository, lambda _: ())
    ada = catalog.identities.principal("ada")

    with ThreadPoolExecutor(8) as pool:
        said = [pool.submit(book.put, ada, MODEL, owned_by(f"owner {n}")) for n in range(32)]

    history = book.history(ada, MODEL)
    assert sorted(each.result().revision for each in said) == list(range(1, 33))
    assert [each.revision for each in history if each.valid_to is None] == [32]
    database.dispose()
