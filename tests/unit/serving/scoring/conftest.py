"""Models that are saved once and asked by many tests."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from boathouse.serving.endpoints.nouns import EntityKind
from boathouse.serving.endpoints.policy import Limits
from boathouse.serving.scoring.loading import load_scorer
from boathouse.serving.scoring.nouns import Scorer
from boathouse.serving.snapshot.nouns import LiveEntity


def _models() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scoring_test_models", Path(__file__).with_name("models.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def models() -> ModuleType:
    return _models()


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Kept for all tests, so that a model is proven once."""
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture(scope="session")
def load(scratch: Path) -> Callable[..., Scorer]:
    """Loads a folder as the data plane does."""

    def loaded(folder: Path, **limits: Any) -> Scorer:
        entity = LiveEntity("id", "model", EntityKind.MODEL, f"dev.flights.{folder.name}", 1, str(folder))
        return load_scorer(entity, Limits(**limits), scratch=scratch)

    return loaded


@pytest.fixture(scope="session")
def mixed_booster(models: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LightGBM booster over one column of each numeric type."""
    import lightgbm
    import mlflow.lightgbm

    frame = models.mixed_frame()
    data = lightgbm.Dataset(frame, models.label(frame))
    booster = lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 1}, data, 30)
    folder = tmp_path_factory.mktemp("models") / "mixed"
    return models.save(folder, mlflow.lightgbm, booster, frame[:3], signature=models.signature_for(frame))
