"""A Boathouse that answers and records, with a model that looks its features up."""

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from boathouse.testing import LocalBoathouse, running_boathouse

MODEL, ENDPOINT = "dev.rides.delay", "delay"

SETUP = """
import warnings
from datetime import UTC, datetime, timedelta

import mlflow
import numpy as np
import pandas as pd
import lightgbm

import boathouse as bh
from boathouse.features import FeatureEngineeringClient, FeatureLookup

warnings.simplefilter("ignore")
now = datetime.now(UTC)
bh.sql("CREATE SCHEMA dev.rides")
fe = FeatureEngineeringClient()
stations = pd.DataFrame({"station": [f"s{n}" for n in range(20)], "at": [now - timedelta(days=1)] * 20,
                         "mean": np.arange(20) / 7})
fe.create_table(name="dev.rides.stations", primary_keys=["station", "at"], timeseries_column="at", df=stations)
labels = pd.DataFrame({"station": [f"s{n % 20}" for n in range(400)], "asked_at": [now] * 400,
                       "hour": np.arange(400) % 24, "late": (np.arange(400) % 20) / 7 + (np.arange(400) % 24)})
lookup = FeatureLookup(table_name="dev.rides.stations", feature_names=["mean"], lookup_key="station",
                       timestamp_lookup_key="asked_at")
training = fe.create_training_set(df=labels, feature_lookups=[lookup], label="late",
                                  exclude_columns=["station", "asked_at"])
frame = training.load_df()
frame = frame.to_pandas() if hasattr(frame, "to_pandas") else frame
model = lightgbm.LGBMRegressor(n_estimators=10, n_jobs=1, verbose=-1).fit(frame[["hour", "mean"]], frame["late"])
mlflow.set_experiment("rides")
with mlflow.start_run():
    info = fe.log_model(model=model, flavor=mlflow.lightgbm, training_set=training, artifact_path="model",
                        registered_model_name="dev.rides.delay")
mlflow.MlflowClient().set_registered_model_alias("dev.rides.delay", "champion", "1")
fe.publish_table(online_store=None, source_table_name="dev.rides.stations",
                 online_table_name="dev.rides.stations_online")
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBoathouse]:
    """One that answers for the endpoint ``delay``."""
    folder = Path(tmp_path_factory.mktemp("recording"))
    variables = {"BOATHOUSE_SERVING_WORKERS": "1", "BOATHOUSE_SERVING_PORT": "0", "BOATHOUSE_CAPTURE_SECONDS": "0.2"}
    with running_boathouse(folder, variables=variables) as server:
        run_script(server, SETUP, folder)
        endpoint_of_the_model(server, ENDPOINT)
        yield server


def endpoint_of_the_model(server: LocalBoathouse, name: str) -> None:
    """An endpoint that answers with the model and records into tables that begin with its name."""
    config = {
        "served_entities": [{"name": name, "entity_name": MODEL, "entity_version": "champion"}],
        "auto_capture_config": {"catalog_name": "dev", "schema_name": "rides", "table_name_prefix": name},
    }
    server.client().post("/api/2.0/serving-endpoints", {"name": name, "config": config})


def run_script(server: LocalBoathouse, text: str, folder: Path) -> str:
    """Run Python code as a user would; gives what it has printed."""
    file = folder / "user_script.py"
    file.write_text(textwrap.dedent(text))
    done = subprocess.run([sys.executable, str(file)], env=server.environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
