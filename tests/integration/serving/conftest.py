"""What tests of serving share: a Boathouse that answers predictions, and models for data planes without any."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.serving.linear_model import save_linear_model

from boathouse.testing import LocalBoathouse, running_boathouse


@pytest.fixture(scope="session")
def serving_boathouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBoathouse]:
    """A running Boathouse with a data plane of one worker; use names of your own in it."""
    folder = Path(tmp_path_factory.mktemp("serving"))
    with running_boathouse(folder, variables={"BOATHOUSE_SERVING_WORKERS": "1"}) as server:
        yield server


@pytest.fixture(scope="session")
def linear_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model that gives about 2 * a + b, as MLflow lays it out: LightGBM, columns a and b."""
    return save_linear_model(Path(tmp_path_factory.mktemp("models")) / "linear")
