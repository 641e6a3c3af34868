"""A real catalog, a real engine, tables of rows to judge on, and small models in real folders."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression
from tests.migrated_database import migrated_sqlite

from boathouse.catalog import Catalog
from boathouse.foundation.home import Home
from boathouse.foundation.names import ModelName, SchemaName
from boathouse.foundation.principals import SYSTEM
from boathouse.lake import DuckDBEngine
from boathouse.metastore import Database
from boathouse.models.evaluation.pyfunc_scorer import PyfuncScorer
from boathouse.models.requirements import Requirements
from boathouse.session import LocalLaw, Session

MODEL = ModelName.parse("dev.shop.late")
INPUTS = ["distance", "hour"]


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


@pytest.fixture(scope="session")
def flights() -> pl.DataFrame:
    """Rows of which distance and hour say something, and a carrier."""
    random = np.random.default_rng(0)
    rows = 1200
    distance, hour = random.normal(1000, 300, rows), random.integers(0, 24, rows)
    chance = 1 / (1 + np.exp(-((distance - 1000) / 200 + (hour - 12) / 6)))
    return pl.DataFrame(
        {
            "flight": np.arange(rows),
            "distance": distance,
            "hour": hour,
            "carrier": np.array(["AA", "UA", "OO"])[random.choice(3, rows, p=[0.6, 0.37, 0.03])],
            "is_late": (random.random(rows) < chance).astype(int),
        }
    )


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Saves a model into a folder of its own."""
    import mlflow.sklearn
    from mlflow.models import infer_signature

    def save(model: Any, sample: Any, **options: Any) -> Path:
        folder = tmp_path_factory.mktemp("model") / "model"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            options.setdefault("signature", infer_signature(sample, model.predict(sample)))
            options.setdefault("pip_requirements", ["scikit-learn"])  # finding them out takes MLflow many seconds
            mlflow.sklearn.save_model(model, folder, **options)
        return folder

    return save


@pytest.fixture(scope="session")
def logistic(saved: Callable[..., Path], flights: pl.DataFrame) -> Path:
    """A fitted logistic regression, as MLflow saves it: its ``predict`` gives classes."""
    sample = flights.select(INPUTS).to_pandas()
    return saved(LogisticRegression(max_iter=1000).fit(sample, flights["is_late"].to_numpy()), sample)


@pytest.fixture
def scorers() -> Callable[[dict[int, Path]], Any]:
    """Loads versions from folders that are there already."""

    def of(folders: dict[int, Path]) -> Any:
        def load(model: ModelName, version: int, folder: Path) -> PyfuncScorer:
            return PyfuncScorer(folders[version], f"{model}, version {version}")

        return load

    return of


@pytest.fixture
def requirements() -> Callable[..., Requirements]:
    """Requirements for late flights; what is given is laid over."""

    def make(evaluation: dict[str, Any] | None = None, **more: Any) -> Requirements:
        source = {"table": "dev.shop.judged", "label": "is_late", "keys": ["flight"], "training_table": "dev.shop.seen"}
        return Requirements.model_validate(
            {
                "objective": "Late flights are known in advance.",
                "decision": "Crew is planned by it.",
                "owner": "ops",
                "success": {"metric": "missed connections", "proxy": "log_loss"},
                "evaluation": {**source, **(evaluation or {})},
                **more,
            }
        )

    return make
