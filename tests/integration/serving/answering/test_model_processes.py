# pyright: reportPrivateImportUsage=false, reportArgumentType=false
"""A model in a process of its own that is killed: who asks meanwhile is told when to come again."""

import os
import signal
import time
import warnings
from pathlib import Path

import psutil
import pytest

from boathouse.serving.endpoints.nouns import EntityKind
from boathouse.serving.endpoints.policy import EndpointPolicy
from boathouse.serving.snapshot.nouns import LiveEndpoint, LiveEntity, LiveRoute
from boathouse.testing.data_planes import CALLER, LocalDataPlane, running_data_plane

pytestmark = pytest.mark.server

ROW = {"dataframe_records": [{"x": 3.0}]}
TWICE = """
import mlflow

class Twice(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [2 * each for each in model_input["x"]]

mlflow.models.set_model(Twice())
"""


@pytest.fixture
def own_code(tmp_path: Path) -> LiveEndpoint:
    """An endpoint whose model has code of its own, and so a process of its own."""
    import mlflow
    import pandas as pd

    file, folder = tmp_path / "twice.py", tmp_path / "model"
    file.write_text(TWICE)
    inputs = pd.DataFrame({"x": [0.0]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signature = mlflow.models.infer_signature(inputs, inputs["x"])
        mlflow.pyfunc.save_model(folder, python_model=str(file), signature=signature, pip_requirements=[])
    entity = LiveEntity("twice-1", "twice", EntityKind.MODEL, "main.tests.twice", 1, str(folder))
    routes = (LiveRoute(entity.entity_id, 100.0),)
    return LiveEndpoint("id-twice", "twice", 1, (entity,), routes, frozenset({CALLER}), EndpointPolicy())


def model_process(plane: LocalDataPlane) -> int | None:
    """The pid of the only child of the only worker."""
    found = [child.pid for pid in plane.pids for child in psutil.Process(pid).children() if child.is_running()]
    return found[0] if found else None


def test_who_asks_after_it_was_killed_is_told_when_to_come_again(tmp_path: Path, own_code: LiveEndpoint) -> None:
    with running_data_plane(tmp_path, own_code) as plane:
        assert plane.ask("twice", ROW).json == {"predictions": [6.0]}
        killed = model_process(plane)
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        refused = 0
        deadline = time.monotonic() + 60
        while (answered := plane.ask("twice", ROW)).status != 200:
            assert (answered.status, answered.headers.get("retry-after")) == (503, "1"), answered.body
            assert "cannot answer at the moment" in answered.json["message"]
            refused += 1
            assert time.monotonic() < deadline
        assert refused
        assert answered.json == {"predictions": [6.0]}
        assert model_process(plane) != killed
