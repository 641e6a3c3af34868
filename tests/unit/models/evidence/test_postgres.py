"""The book on a real Postgres, where two may write at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.unit.models.ground import MODEL

from boathouse.catalog import Catalog, SecurableKind
from boathouse.foundation.clock import SystemClock
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import SYSTEM
from boathouse.metastore import Database, DatabaseUrl, migrate
from boathouse.models.evidence import Evaluation, Measurement, Rule
from boathouse.models.evidence.book import EvidenceBook
from boathouse.models.promotion.system_tables import ModelTables
from boathouse.models.repository import ModelRepository

pytestmark = pytest.mark.server

RULE = Rule("metric", "log_loss", maximum=0.5)


def test_the_same_evaluation_from_many_is_written_once(postgres: Callable[[], str], tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    database = Database(DatabaseUrl(postgres().replace("postgresql://", "postgresql+psycopg://")))
    migrate(database)
    catalog = Catalog(database, home, SystemClock())
    catalog.bootstrap("ada")
    catalog.securables.create_schema(SYSTEM, SchemaName.parse("dev.flights"))
    catalog.securables.register(SYSTEM, SecurableKind.REGISTERED_MODEL, str(MODEL), owner="ada", parent="dev.flights")
    ModelRepository(database).add_source(str(MODEL), 1, None, None)
    ada, book = catalog.identities.principal("ada"), EvidenceBook(database, catalog, SystemClock())
    measured = [Measurement("metric", "log_loss", 0.4, 5000, details={"curve": [1.5]})]

    with ThreadPoolExecutor(4) as pool:
        record = lambda _: book.record(ada, Evaluation("e1", str(MODEL), 1), measured, [RULE])  # noqa: E731
        found = list(pool.map(record, range(4)))

    assert all(each == found[0] for each in found)
    assert len(book.evaluations(ada, MODEL, 1)) == 1
    assert book.judged_anew(ada, MODEL, 1, [RULE])[1] == found[0]
    assert [row["value"] for row in ModelTables(database, catalog).evidence(ada)] == [0.4]
    database.dispose()
