"""Endpoints of feature specs and of models with features: keys go in."""

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pytest

from boathouse.features.client import FeatureEngineeringClient
from boathouse.features.lookups import FeatureLookup
from boathouse.foundation.errors import BoathouseError, Denied, Unauthenticated
from boathouse.foundation.rest import Connection, RestClient
from boathouse.session.default import connected_session
from boathouse.testing.local import LocalBoathouse

pytestmark = [pytest.mark.server, pytest.mark.filterwarnings("ignore")]

WaitUntil = Callable[[Callable[[], object]], Any]
PATH = "/api/2.0/serving-endpoints"


@pytest.fixture
def fe(boathouse: LocalBoathouse, schema: str) -> Iterator[FeatureEngineeringClient]:
    yield FeatureEngineeringClient(session=connected_session(Connection(boathouse.url, boathouse.token)))


def test_a_feature_spec_answers_once_its_table_is_published(
    boathouse: LocalBoathouse, fe: FeatureEngineeringClient, client: RestClient, wait_until: WaitUntil, name: str
) -> None:
    table = f"dev.served.planes_{name.replace('-', '_')}"
    spec = f"dev.served.recipe_{name.replace('-', '_')}"
    rows = pa.table({"tail": ["N1", "N2"], "built": [1999.0, 2004.0]})
    fe.create_table(name=table, primary_keys="tail", df=rows)
    fe.create_feature_spec(name=spec, features=[FeatureLookup(table, lookup_key="tail")])
    client.post(PATH, {"name": name, "config": {"served_entities": [{"entity_name": spec}]}})
    why = wait_until(lambda: client.get(f"{PATH}/{name}").get("why"))
    assert f"takes features from {table}, which is not published" in why
    done = boathouse.run("features", "publish", table)
    assert done.returncode == 0, done.stderr
    found = wait_until(lambda: _asked(client, name, {"dataframe_records": [{"tail": "N2"}, {"tail": "N1"}]}))
    assert [each["built"] for each in found] == [2004.0, 1999.0]


def test_a_revoked_token_and_a_right_that_is_taken_away_are_dead_at_once(
    boathouse: LocalBoathouse, client: RestClient, add_version: Callable[..., int], wait_until: WaitUntil, name: str
) -> None:
    model, who = f"dev.served.m_{name.replace('-', '_')}", f"caller-{name}"
    add_version(model, 1.0, alias="champion")
    client.post(PATH, {"name": name, "config": {
        "served_entities": [{"entity_name": model, "entity_version": "champion"}]}})  # fmt: skip
    client.post("/api/boathouse/v1/principals", {"name": who, "kind": "service_principal"})
    token = client.post("/api/2.0/token-management/on-behalf-of/tokens", {"application_id": who})
    caller = RestClient(Connection(boathouse.serving_url, token["token_value"]))
    row = {"dataframe_records": [{"x": 1.0}]}
    wait_until(lambda: _asked(client, name, row))
    with pytest.raises(Denied):
        caller.post(f"/serving-endpoints/{name}/invocations", row)
    said = boathouse.run("endpoint", "permissions", name, "--give", who, "CAN_QUERY")
    assert said.returncode == 0, said.stderr
    assert wait_until(lambda: _asked(caller, name, row)) == pytest.approx([2.0])
    said = boathouse.run("endpoint", "permissions", name, "--take", who)
    assert said.returncode == 0, said.stderr
    wait_until(lambda: _asked(caller, name, row) is None)
    client.post("/api/2.0/token/delete", {"token_id": token["token_info"]["token_id"]})
    wait_until(lambda: _is_unknown(caller, name, row))


def _is_unknown(client: RestClient, name: str, body: object) -> bool:
    try:
        client.post(f"/serving-endpoints/{name}/invocations", body)
    except Unauthenticated:
        return True
    except Denied:
        pass
    return False


def _asked(client: RestClient, name: str, body: object) -> Any:
    try:
        answer = client.post(f"/serving-endpoints/{name}/invocations", body)
    except BoathouseError:
        return None
    return answer.get("predictions", answer.get("outputs"))
