"""Features by key over HTTP: an endpoint of a feature spec with ten features of a thousand keys."""

import json
from typing import Any

import numpy as np
from peers.serving_contenders import Contender, wait_for_answer

from boathouse.features.client import FeatureEngineeringClient
from boathouse.features.lookups import FeatureLookup
from boathouse.foundation.rest import Connection
from boathouse.session.default import connected_session
from boathouse.testing import LocalBoathouse

KEYS, FEATURES, TABLE, SPEC, NAME = 1_000, 10, "dev.bench.keyed", "dev.bench.keyed_spec", "features"
BODY = json.dumps({"dataframe_records": [{"id": 7}]}).encode()


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
    headers = {"authorization": f"Bearer {server.token}"}
    url = f"{server.serving_url}/serving-endpoints/{NAME}/invocations"
    wait_for_answer(url, BODY, headers, server.process)
    return Contender(NAME, url, (server.pids["data-plane"], server.pids["recorder"]), headers)
