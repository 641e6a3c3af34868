"""``system.models`` on a real server: each principal sees the rows of the models that it may use."""

from collections.abc import Iterator
from typing import Any

import pytest

from boathouse.foundation.ids import new_id
from boathouse.foundation.rest import RestClient
from boathouse.models.evidence import Evaluation, Measurement
from boathouse.models.evidence.client import EvidenceClient
from boathouse.testing import LocalBoathouse

pytestmark = pytest.mark.server

MLFLOW = "/api/2.0/mlflow"


@pytest.fixture(scope="module")
def model(boathouse: LocalBoathouse) -> Iterator[str]:
    """A version with an evaluation and an alias."""
    client, name = boathouse.client(), f"dev.default.judged_{new_id().replace('-', '')[:8]}"
    catalogs = client.get("/api/2.1/unity-catalog/schemas", catalog_name="dev")["schemas"]
    if "default" not in {each["name"] for each in catalogs}:
        client.post("/api/2.1/unity-catalog/schemas", {"name": "default", "catalog_name": "dev"})
    experiment = client.post(f"{MLFLOW}/experiments/create", {"name": name})["experiment_id"]
    run = client.post(f"{MLFLOW}/runs/create", {"experiment_id": experiment})["run"]["info"]
    client.post(f"{MLFLOW}/registered-models/create", {"name": name})
    source = {"name": name, "source": f"{run['artifact_uri']}/model", "run_id": run["run_id"]}
    client.post(f"{MLFLOW}/model-versions/create", source)
    client.put(f"/api/boathouse/v1/models/{name}/aliases/challenger", {"version": 1, "reason": "to look at"})
    measured = [Measurement("metric", "log_loss", 0.4, 5000, interval=(0.3, 0.5), details={"curve": [1, 2]})]
    EvidenceClient(client).record(Evaluation(new_id(), name, 1, "dev.default.judged", 7), measured)
    yield name


def rows(client: RestClient, statement: str) -> list[list[Any]]:
    body = {"statement": statement, "warehouse_id": "b0a7405e00000001", "wait_timeout": "30s"}
    answer = client.post("/api/2.0/sql/statements", body)
    assert answer["status"]["state"] == "SUCCEEDED", answer
    return answer.get("result", {}).get("data_array") or []


def stranger(boathouse: LocalBoathouse) -> RestClient:
    client, name = boathouse.client(), f"eva_{new_id()[:8]}"
    client.post("/api/boathouse/v1/principals", {"name": name, "kind": "user", "display_name": None})
    return boathouse.client(client.post("/api/2.0/token/create", {"user_name": name})["token_value"])


def test_evidence_is_a_table(boathouse: LocalBoathouse, model: str) -> None:
    columns = "model_version, gate, metric, rows, value, lower, verdict, data_table, data_version, details"
    found = rows(boathouse.client(), f"SELECT {columns} FROM system.models.evidence WHERE model_name = '{model}'")

    assert [list(map(str, row)) for row in found] == [
        [
            "1",
            "metric",
            "log_loss",
            "5000",
            "0.4",
            "0.3",
            "inconclusive",
            "dev.default.judged",
            "7",
            '{"curve": [1, 2]}',
        ]
    ]


def test_the_history_of_aliases_is_a_table(boathouse: LocalBoathouse, model: str) -> None:
    found = rows(
        boathouse.client(),
        "SELECT alias, from_version, to_version, reason, through FROM system.models.alias_history "
        f"WHERE model_name = '{model}'",
    )

    assert [[each if each is None else str(each) for each in row] for row in found] == [
        ["challenger", None, "1", "to look at", "boathouse"]
    ]


def test_a_stranger_may_ask_and_sees_nothing(boathouse: LocalBoathouse, model: str) -> None:
    eva = stranger(boathouse)

    for table in ("evidence", "alias_history"):
        assert rows(eva, f"SELECT count(*) FROM system.models.{table} WHERE model_name = '{model}'")[0] in (["0"], [0])


def test_the_command_line_reads_them_too(boathouse: LocalBoathouse, model: str) -> None:
    done = boathouse.run("sql", f"SELECT gate, verdict FROM system.models.evidence WHERE model_name = '{model}'")

    assert done.returncode == 0, done.stderr
    assert "inconclusive" in done.stdout
