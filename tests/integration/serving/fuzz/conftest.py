"""A data plane of one worker: a model that answers, and one that does as it is told, in a process of its own."""

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from boathouse.serving.endpoints.nouns import CaptureTarget, EntityKind
from boathouse.serving.endpoints.policy import EndpointPolicy, Limits
from boathouse.serving.snapshot.nouns import LiveEndpoint, LiveEntity, LiveRoute
from boathouse.testing.data_planes import CALLER, LocalDataPlane, running_data_plane

MOODY = """
import os, time
import mlflow

class Moody(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        mood = model_input["mood"].iloc[0]
        if mood == "raise":
            raise RuntimeError("not today")
        if mood == "hang":
            time.sleep(600)
        if mood == "eat":
            eaten = []
            while True:
                eaten.append(bytearray(64 << 20))
        if mood == "exit":
            os._exit(3)
        return [1.0] * len(model_input)

mlflow.models.set_model(Moody())
"""


@pytest.fixture(scope="session")
def moody_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import mlflow
    import pandas as pd

    folder = Path(tmp_path_factory.mktemp("moody"))
    (folder / "moody.py").write_text(MOODY)
    inputs = pd.DataFrame({"mood": ["good"]})
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        # A worker of pytest's has no main file, so pyspark looks for a Spark that its pure client does not bring.
        patch.setenv("SPARK_HOME", sys.prefix)
        warnings.simplefilter("ignore")  # MLflow's own
        mlflow.pyfunc.save_model(
            folder / "model", python_model=str(folder / "moody.py"), pip_requirements=[], input_example=inputs,
            signature=mlflow.models.infer_signature(inputs, [1.0]),
        )  # fmt: skip
    return folder / "model"


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory, linear_model: Path, moody_model: Path) -> Iterator[LocalDataPlane]:
    moody = EndpointPolicy(limits=Limits(deadline_ms=4000))
    served = (
        endpoint(linear_model, "linear", EndpointPolicy()),
        endpoint(moody_model, "moody", moody),
        endpoint(moody_model, "unhurried", EndpointPolicy(limits=Limits(deadline_ms=50_000))),
    )
    with running_data_plane(Path(tmp_path_factory.mktemp("fuzz")), *served) as found:
        yield found


def endpoint(folder: Path, name: str, policy: EndpointPolicy) -> LiveEndpoint:
    entity = LiveEntity(f"{name}-1", "m", EntityKind.MODEL, f"main.tests.{name}", 1, str(folder))
    return LiveEndpoint(
        endpoint_id=f"id-{name}", name=name, config_version=1, entities=(entity,),
        routes=(LiveRoute(entity.entity_id, 100.0),), callers=frozenset({CALLER}), policy=policy,
        capture=CaptureTarget("main", "tests", name), owner=CALLER,
    )  # fmt: skip
