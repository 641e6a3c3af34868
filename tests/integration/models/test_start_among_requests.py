"""While a start brings both databases to agree, requests are answered already: neither takes from the other."""

import sys
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog, SecurableKind
from boathouse.foundation.home import Home
from boathouse.foundation.names import ModelName, SchemaName
from boathouse.foundation.principals import SYSTEM
from boathouse.metastore import Database
from boathouse.models import Models

ROUNDS = 25


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Models]:
    monkeypatch.setenv("SPARK_HOME", sys.prefix)
    home = Home(tmp_path / "home")
    home.create()
    database = Database(migrated_sqlite(home.databases / "boathouse.db"))
    catalog = Catalog(database, home)
    catalog.bootstrap("ada")
    catalog.securables.create_schema(SYSTEM, SchemaName("dev", "lab"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = Models(catalog, database, home)
        found.reconciliation.run()
        yield found
    database.dispose()


@pytest.mark.server
def test_what_is_made_during_the_comparison_is_kept_and_made_once(models: Models) -> None:
    ada = models.catalog.identities.principal("ada")

    def make(worker: int) -> list[tuple[str, str]]:
        made: list[tuple[str, str]] = []
        for number in range(ROUNDS):
            name = ModelName("dev", "lab", f"m{worker}_{number}")
            made.append((models.create_experiment(ada, f"/{name}"), str(name)))
            models.create_registered_model(ada, name)
        return made

    with ThreadPoolExecutor(3) as pool:
        making = [pool.submit(make, worker) for worker in range(2)]
        while not all(each.done() for each in making):
            models.reconciliation.run()
            time.sleep(0.01)

    of_kind = {
        kind: {each.full_name: each.owner for each in models.catalog.securables.list(SYSTEM, kind)}
        for kind in (SecurableKind.EXPERIMENT, SecurableKind.REGISTERED_MODEL)
    }
    for experiment_id, name in (each for future in making for each in future.result()):
        assert of_kind[SecurableKind.EXPERIMENT].get(experiment_id) == "ada"
        assert of_kind[SecurableKind.REGISTERED_MODEL].get(name) == "ada"
