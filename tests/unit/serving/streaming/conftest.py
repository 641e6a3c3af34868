"""A small model in a folder, loaded as streams load it, and a real session over a catalog."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog
from boathouse.foundation.home import Home
from boathouse.foundation.names import SchemaName
from boathouse.foundation.principals import SYSTEM
from boathouse.lake import DuckDBEngine
from boathouse.metastore import Database
from boathouse.serving.batch.models import BatchModel, loaded
from boathouse.serving.streaming.nouns import Stream
from boathouse.serving.streaming.rounds import StreamRounds
from boathouse.session import LocalLaw, Session


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Says 2 * x + 1."""
    import mlflow
    import numpy as np
    import pandas as pd
    from sklearn.linear_model import LinearRegression

    inputs = pd.DataFrame({"x": np.arange(4.0)})
    made: Any = LinearRegression().fit(inputs, 2 * inputs["x"] + 1)
    folder = Path(tmp_path_factory.mktemp("models")) / "line"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own
        signature = mlflow.models.infer_signature(inputs, made.predict(inputs))
        mlflow.sklearn.save_model(
            made, folder, signature=signature, input_example=inputs.head(2), serialization_format="skops"
        )
    return folder


@pytest.fixture(scope="session")
def model(model_folder: Path) -> Iterator[BatchModel]:
    with loaded(model_folder, "dev.shop.line", 1) as found:
        yield found


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


@pytest.fixture
def rounds(session: Session, model: BatchModel) -> Callable[[Stream], StreamRounds]:
    """The rounds of a stream, as a process that begins has them."""

    def begin(stream: Stream) -> StreamRounds:
        return StreamRounds(
            session, stream, named=lambda _: (model.name, model.version), open_version=lambda *_: nullcontext(model)
        )

    return begin
