"""A small model in a folder, loaded as batch loads it, and a real session over a catalog."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.migrated_database import migrated_sqlite
from tests.unit.serving.linear_model import save_linear_model

from boathouse.catalog import Catalog
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import SYSTEM
from boathouse.lake import DuckDBEngine
from boathouse.metastore import Database
from boathouse.serving.batch.models import BatchModel, loaded
from boathouse.session import LocalLaw, Session


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """LightGBM, columns a and b; about 2 * a + b."""
    return save_linear_model(Path(tmp_path_factory.mktemp("models")) / "linear")


@pytest.fixture(scope="session")
def model(model_folder: Path) -> Iterator[BatchModel]:
    with loaded(model_folder, "dev.shop.linear", 3) as found:
        yield found


@pytest.fixture(scope="session")
def bare(model_folder: Path) -> Any:
    """The same model, asked by its own library."""
    import lightgbm

    return lightgbm.Booster(model_file=str(model_folder / "model.lgb"))


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    home = Home(tmp_path / "home")
    home.create()
    database = Database(migrated_sqlite(home.databases / "boathouse.db"))
    catalog = Catalog(database, home)
    catalog.bootstrap("root")
    catalog.securables.create_schema(SYSTEM, SchemaName("dev", "shop"))
    yield Session(catalog.identities.principal("root"), LocalLaw(catalog), DuckDBEngine())
    database.dispose()
