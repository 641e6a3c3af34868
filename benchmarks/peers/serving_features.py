"""Features by key: an endpoint of a feature spec with ten features of a thousand keys, Feast's server beside it, and a
model that is given its features beside the same model that looks them up.
"""

import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import urllib3
from peers.contending import feast_python
from peers.serving_contenders import PEERS, Contender, wait_for_answer

from boathouse.features.client import FeatureEngineeringClient
from boathouse.features.lookups import FeatureLookup
from boathouse.foundation.rest import Connection
from boathouse.session.default import connected_session
from boathouse.testing import LocalBoathouse

KEYS, FEATURES, TABLE, SPEC, NAME = 1_000, 10, "dev.bench.keyed", "dev.bench.keyed_spec", "features"
KEY = 7
BODY = json.dumps({"dataframe_records": [{"id": KEY}]}).encode()
FEAST_BODY = json.dumps({"features": [f"view:f{at}" for at in range(FEATURES)], "entities": {"id": [KEY]}}).encode()
VALUES = [KEY + at / 8 for at in range(FEATURES)]
"""What everybody has to answer."""
GIVEN, LOOKED_UP = "given", "looked-up"


def feature_endpoint(server: LocalBoathouse) -> Contender:
    """Published, and answering."""
    import pyarrow as pa

    columns: dict[str, Any] = {f"f{at}": np.arange(KEYS) + at / 8 for at in range(FEATURES)}
    client = FeatureEngineeringClient(session=connected_session(Connection(server.url, server.token)))
    client.create_table(name=TABLE, primary_keys="id", df=pa.table({"id": np.arange(KEYS), **columns}))
    client.create_feature_spec(name=SPEC, features=[FeatureLookup(TABLE, lookup_key="id")])
    published = server.run("features", "publish", TABLE)
    if published.returncode:
        raise RuntimeError(published.stderr)
    asked = {"name": NAME, "config": {"served_entities": [{"entity_name": SPEC}]}}
    server.client().post("/api/2.0/serving-endpoints", asked)
    return _answering(server, NAME, BODY)


def feast_command(folder: Path) -> list[str]:
    """Feast's server, over the same values."""
    file = str(PEERS / "feast_server.py")
    return [feast_python(), file, str(folder / "feast-server"), "{port}", str(KEYS), str(FEATURES)]


def compare(ours: Contender, feast: Contender) -> None:
    """Both give the values of the key, or neither is measured."""
    [row] = _asked(ours, BODY)["outputs"]
    columns = _asked(feast, FEAST_BODY)
    told = dict(zip(columns["metadata"]["feature_names"], columns["results"], strict=True))
    names = [f"f{at}" for at in range(FEATURES)]
    if [row[name] for name in names] != VALUES or [told[name]["values"][0] for name in names] != VALUES:
        sys.exit(f"The features differ: {row} and {told}.")


def models(server: LocalBoathouse) -> list[tuple[Contender, bytes]]:
    """The same trees, once given ten values, once given a key; equal answers. After ``feature_endpoint``."""
    import lightgbm
    import mlflow
    import pyarrow as pa

    client = FeatureEngineeringClient(session=connected_session(Connection(server.url, server.token)))
    spine = pa.table({"id": np.arange(KEYS), "late": (np.arange(KEYS) % 7 > 3).astype(float)})
    training = client.create_training_set(
        df=spine, feature_lookups=[FeatureLookup(TABLE, lookup_key="id")], label="late", exclude_columns=["id"]
    )
    frame = training.load_df().to_pandas()
    parameters = {"objective": "binary", "verbose": -1, "num_threads": 1}
    booster: Any = lightgbm.train(parameters, lightgbm.Dataset(frame.drop(columns="late"), frame["late"]), 200)
    inputs = frame.drop(columns="late")
    signature = mlflow.models.infer_signature(inputs, booster.predict(inputs))
    options: dict[str, Any] = {"signature": signature, "input_example": inputs[:3], "pip_requirements": []}
    with redirect_stdout(sys.stderr), mlflow.start_run():
        mlflow.lightgbm.log_model(booster, name="model", registered_model_name="dev.bench.given", **options)
        client.log_model(
            model=booster, name="model", flavor=mlflow.lightgbm, training_set=training,
            registered_model_name="dev.bench.looked_up", **options,
        )  # fmt: skip
    given = json.dumps({"dataframe_records": [{f"f{at}": VALUES[at] for at in range(FEATURES)}]}).encode()
    found: list[tuple[Contender, bytes]] = []
    for name, model, body in ((GIVEN, "dev.bench.given", given), (LOOKED_UP, "dev.bench.looked_up", BODY)):
        config = {"served_entities": [{"entity_name": model, "entity_version": "1"}]}
        server.client().post("/api/2.0/serving-endpoints", {"name": name, "config": config})
        found.append((_answering(server, name, body), body))
    answers = [_asked(contender, body)["predictions"] for contender, body in found]
    if answers[0] != answers[1]:
        sys.exit(f"With features given the model answers {answers[0]}, with features looked up {answers[1]}.")
    return found


def _answering(server: LocalBoathouse, name: str, body: bytes) -> Contender:
    headers = {"authorization": f"Bearer {server.token}"}
    url = f"{server.serving_url}/serving-endpoints/{name}/invocations"
    wait_for_answer(url, body, headers, server.process)
    return Contender(name, url, (server.pids["data-plane"], server.pids["recorder"]), headers)


def _asked(contender: Contender, body: bytes) -> Any:
    headers = {"content-type": "application/json", **contender.headers}
    return urllib3.request("POST", contender.url, body=body, headers=headers, timeout=60).json()
