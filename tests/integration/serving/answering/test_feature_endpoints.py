"""Keys come in: a model answers with features of the online store, and a feature spec with the features themselves."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import urllib3

from boathouse.testing import LocalBoathouse

pytestmark = pytest.mark.server

TRAINING = """
import warnings
warnings.simplefilter("ignore")
import lightgbm, mlflow, numpy as np, pandas as pd
from boathouse.features.client import FeatureEngineeringClient
from boathouse.features.lookups import FeatureFunction, FeatureLookup
import boathouse as bh

bh.sql("CREATE CATALOG IF NOT EXISTS keyed")
bh.sql("CREATE SCHEMA keyed.air")
bh.sql("CREATE FUNCTION keyed.air.per_seat(distance DOUBLE, seats INT) RETURNS DOUBLE RETURN distance / seats")
fe = FeatureEngineeringClient()
planes = pd.DataFrame({"tail": [f"N{at}" for at in range(50)], "seats": np.arange(50, dtype="int32") + 100})
fe.create_table(name="keyed.air.planes", primary_keys=["tail"], df=planes)
fe.publish_table(source_table_name="keyed.air.planes")
wishes = [FeatureLookup("keyed.air.planes", lookup_key="tail"), FeatureFunction("keyed.air.per_seat")]
flights = pd.DataFrame({"tail": [f"N{at % 50}" for at in range(400)], "distance": np.arange(400, dtype="float64")})
flights["late"] = flights["distance"] / 100
training_set = fe.create_training_set(df=flights, feature_lookups=wishes, label="late", exclude_columns=["tail"])
frame = training_set.load_df().to_pandas() if hasattr(training_set.load_df(), "to_pandas") else training_set.load_df()
inputs = frame[["distance", "seats", "per_seat"]].astype("float64")
booster = lightgbm.train({"objective": "regression", "verbose": -1}, lightgbm.Dataset(inputs, frame["late"]), 20)
mlflow.set_experiment("/keyed")
with mlflow.start_run():
    fe.log_model(model=booster, name="model", flavor=mlflow.lightgbm, training_set=training_set,
                 registered_model_name="keyed.air.late")
fe.create_feature_spec(name="keyed.air.spec", features=wishes)
"""


def create(server: LocalBoathouse, name: str, **entity: str) -> None:
    config = {"served_entities": [entity], "auto_capture_config": {"catalog_name": "keyed", "schema_name": "air"}}
    server.client().post("/api/2.0/serving-endpoints", {"name": name, "config": config})


def ask(server: LocalBoathouse, name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    url = f"{server.serving_url}/serving-endpoints/{name}/invocations"
    headers = {"authorization": f"Bearer {server.token}"}
    deadline = time.monotonic() + 90
    while True:
        answer = urllib3.request("POST", url, json={"dataframe_records": rows}, headers=headers, timeout=30)
        if answer.status == 200 or (answer.status not in (404, 503)) or time.monotonic() > deadline:
            return {"status": answer.status, **json.loads(answer.data)}
        time.sleep(0.1)


def test_models_and_specs_answer_by_keys(serving_boathouse: LocalBoathouse, tmp_path: Path) -> None:
    server = serving_boathouse
    (tmp_path / "train_keyed.py").write_text(TRAINING)
    done = subprocess.run(
        [sys.executable, "train_keyed.py"], cwd=tmp_path, env=server.environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    create(server, "keyed-late", entity_name="keyed.air.late", entity_version="1")
    create(server, "keyed-spec", entity_name="keyed.air.spec")

    outputs = ask(server, "keyed-spec", [{"tail": "N10", "distance": 220.0}, {"tail": "gone", "distance": 1.0}])
    assert outputs == {"status": 200, "outputs": [{"seats": 110, "per_seat": 2.0}, {"seats": None, "per_seat": None}]}

    near, far = ({"tail": "N10", "distance": each} for each in (0.0, 399.0))
    predictions = ask(server, "keyed-late", [near, far])["predictions"]
    assert predictions[0] < 1 < 3 < predictions[1]
    overridden = ask(server, "keyed-late", [{"seats": 110, "distance": 399.0}])["predictions"]
    assert overridden == predictions[1:]
    refused = ask(server, "keyed-late", [{"distance": 1.0}])
    assert (refused["status"], "tail" in refused["message"]) == (400, True)
