"""Ways around a rule that people try: other spellings, other doors, other people's words."""

from __future__ import annotations

import gzip
import json
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from boathouse.catalog import Privilege, SecurableKind

if TYPE_CHECKING:
    from conftest import Person, Server

pytestmark = pytest.mark.server

RUNS = "/api/2.0/mlflow/runs"
FILES = "/api/2.0/mlflow-artifacts/artifacts"


@pytest.fixture
def hidden(ada: Person, new_name: Callable[[str], str]) -> dict[str, str]:
    """An experiment of Ada's with a run and a file."""
    experiment = ada.experiment(new_name("hidden"))
    run = ada.run(experiment)
    path = f"{experiment}/{run}/artifacts/secret.txt"
    ada.http.put(f"{FILES}/{path}", content=b"classified").raise_for_status()
    return {"experiment": experiment, "run": run, "path": path}


@pytest.fixture
def own(mallory: Person, new_name: Callable[[str], str]) -> dict[str, str]:
    """An experiment of Mallory's own with a run."""
    experiment = mallory.experiment(new_name("own"))
    return {"experiment": experiment, "run": mallory.run(experiment)}


@pytest.mark.parametrize(
    "body",
    [
        lambda hidden, own: {"experimentId": hidden["experiment"]},
        lambda hidden, own: {"experiment_id": own["experiment"], "experimentId": hidden["experiment"]},
        lambda hidden, own: {"experiment_id": [hidden["experiment"]]},
        lambda hidden, own: {"experiment_id": float(hidden["experiment"])},
        lambda hidden, own: {"experiment_id": f" {hidden['experiment']}"},
        lambda hidden, own: json.dumps({"experiment_id": hidden["experiment"]}),
    ],
)
def test_another_spelling_of_the_experiment_does_not_help(
    mallory: Person, hidden: dict[str, str], own: dict[str, str], body: Callable[..., Any]
) -> None:
    answer = mallory.call("POST", f"{RUNS}/create", body(hidden, own))

    assert answer.status_code in (400, 403, 404), answer.text


def test_an_allowed_id_in_the_query_does_not_cover_another_in_the_body(
    mallory: Person, hidden: dict[str, str], own: dict[str, str]
) -> None:
    answer = mallory.call(
        "POST", f"{RUNS}/set-tag", {"run_id": hidden["run"], "key": "k", "value": "v"}, run_id=own["run"]
    )

    assert answer.status_code == 404


def test_the_older_name_of_a_field_is_checked_too(mallory: Person, hidden: dict[str, str], own: dict[str, str]) -> None:
    body = {"run_id": own["run"], "run_uuid": hidden["run"], "key": "k", "value": "v"}

    assert mallory.call("POST", f"{RUNS}/set-tag", body).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "{own}/../{path}",
        "{own}/..%2F{path}",
        "{own}/%2e%2e/{path}",
        "{own}/..%252F{path}",
        "{own}/..%5C{path}",
        "..%2F..%2Ftoken",
        "%2Fetc%2Fpasswd",
        "{own}%2F..%2F{path}",
    ],
)
def test_a_path_cannot_climb_out_of_its_experiment(
    mallory: Person, hidden: dict[str, str], own: dict[str, str], path: str
) -> None:
    address = f"{FILES}/" + path.format(own=own["experiment"], path=hidden["path"])

    for method in ("GET", "PUT", "DELETE"):
        request = mallory.http.build_request(method, mallory.http.base_url.join(address))
        request.url = request.url.copy_with(raw_path=address.encode())
        answer = mallory.http.send(request)
        assert answer.status_code in (400, 403, 404), (method, answer.status_code)
        assert "classified" not in answer.text


def test_an_experiment_cannot_be_laid_over_another_ones_files(
    mallory: Person, hidden: dict[str, str], new_name: Callable[[str], str]
) -> None:
    for location in (f"mlflow-artifacts:/{hidden['experiment']}", "file:///etc"):
        body = {"name": new_name("over"), "artifact_location": location}
        assert mallory.call("POST", "/api/2.0/mlflow/experiments/create", body).status_code == 403


def test_a_version_cannot_be_made_from_what_its_maker_may_not_read(
    server: Server, mallory: Person, hidden: dict[str, str], own: dict[str, str], new_name: Callable[[str], str]
) -> None:
    schema = new_name("dev.free")
    server.schema(schema)
    server.grant("mallory", SecurableKind.CATALOG, "dev", Privilege.USE_CATALOG)
    server.grant("mallory", SecurableKind.SCHEMA, schema, Privilege.USE_SCHEMA, Privilege.CREATE_MODEL)
    name = mallory.model(f"{schema}.copy")
    hidden_root = f"mlflow-artifacts:/{hidden['experiment']}/{hidden['run']}/artifacts"

    for source, run_id in (
        (hidden_root, hidden["run"]),
        (hidden_root, own["run"]),
        (f"runs:/{hidden['run']}/model", hidden["run"]),
        ("file:///etc", own["run"]),
        ("s3://bucket/model", None),
        (f"http://127.0.0.1{FILES}/{hidden['path']}", None),
    ):
        body = {"name": name, "source": source, **({"run_id": run_id} if run_id else {})}
        answer = mallory.call("POST", "/api/2.0/mlflow/model-versions/create", body)
        assert answer.status_code in (400, 403, 404), (source, answer.text)


def test_metrics_cannot_be_written_to_anothers_logged_model(
    ada: Person, mallory: Person, hidden: dict[str, str], own: dict[str, str]
) -> None:
    made = ada.post("logged-models", {"experiment_id": hidden["experiment"], "name": "inner"})
    model_id = made["model"]["info"]["model_id"]
    metric = {"key": "auc", "value": 1.0, "timestamp": 1, "step": 0}

    single = mallory.call("POST", f"{RUNS}/log-metric", {"run_id": own["run"], **metric, "model_id": model_id})
    batch = mallory.call(
        "POST", f"{RUNS}/log-batch", {"run_id": own["run"], "metrics": [{**metric, "modelId": model_id}]}
    )

    assert (single.status_code, batch.status_code) == (404, 404)


@pytest.mark.parametrize("key", ["boathouse.job_id", "mlflow.user"])
def test_tags_of_the_server_cannot_be_forged(mallory: Person, own: dict[str, str], key: str) -> None:
    tag = {"key": key, "value": "forged"}

    answers = [
        mallory.call("POST", f"{RUNS}/set-tag", {"run_id": own["run"], **tag}),
        mallory.call("POST", f"{RUNS}/log-batch", {"run_id": own["run"], "tags": [tag]}),
        mallory.call("POST", f"{RUNS}/delete-tag", {"run_id": own["run"], "key": key}),
        mallory.call("POST", f"{RUNS}/create", {"experiment_id": own["experiment"], "tags": [tag]}),
    ]

    assert [each.status_code for each in answers[:3]] == [403] * 3
    assert "forged" not in answers[3].text


def test_graphql_shows_only_what_may_be_read(
    ada: Person, mallory: Person, hidden: dict[str, str], own: dict[str, str]
) -> None:
    def ask(person: Person, query: str) -> dict[str, Any]:
        return person.call("POST", "/graphql", {"query": query}).json()

    run = '{ mlflowGetRun(input: {runId: "%s"}) { run { info { runId } modelVersions { name } } } }'
    search = '{ mlflowSearchRuns(input: {experimentIds: ["%s", "%s"]}) { runs { info { runId } } } }'

    refused = ask(mallory, run % hidden["run"])
    allowed = ask(mallory, run % own["run"])
    found = ask(mallory, search % (hidden["experiment"], own["experiment"]))

    assert refused["data"]["mlflowGetRun"] is None
    assert refused["errors"]
    assert allowed["data"]["mlflowGetRun"]["run"]["info"]["runId"] == own["run"]
    assert [each["info"]["runId"] for each in found["data"]["mlflowSearchRuns"]["runs"]] == [own["run"]]
    assert ask(ada, run % hidden["run"])["data"]["mlflowGetRun"]["run"]["info"]["runId"] == hidden["run"]


def test_graphql_shows_versions_of_readable_models_only(
    server: Server, ada: Person, mallory: Person, new_name: Callable[[str], str]
) -> None:
    experiment = ada.experiment(new_name("shared"))
    run = ada.run(experiment)
    model = ada.model(f"dev.lab.{new_name('kept')}")
    ada.version(model, run)
    server.grant("mallory", SecurableKind.EXPERIMENT, experiment, Privilege.READ_EXPERIMENT)
    nested = """
        { a: mlflowGetRun(input: {runId: "%s"}) { run { ...f } } }
        fragment f on MlflowRunExtension { x: modelVersions { name version } }
    """
    top = "{ mlflowSearchModelVersions(input: {filter: \"name='%s'\"}) { modelVersions { name } } }"

    seen = [mallory.call("POST", "/graphql", {"query": query}).text for query in (nested % run, top % model)]
    seen_by_ada = [ada.call("POST", "/graphql", {"query": query}).text for query in (nested % run, top % model)]

    assert not any(model in text for text in seen)
    assert all(model in text for text in seen_by_ada)


def test_an_unknown_route_goes_nowhere(ada: Person) -> None:
    for path in ("/api/2.0/mlflow/made-up", "//api/2.0/mlflow/experiments/search", "/api/2.0/mlflow/runs/get/"):
        request = ada.http.build_request("GET", ada.http.base_url)
        request.url = request.url.copy_with(raw_path=path.encode())
        assert ada.http.send(request).status_code == 404


def test_traces_sent_by_telemetry_need_write_access(mallory: Person, hidden: dict[str, str]) -> None:
    headers = {"x-mlflow-experiment-id": hidden["experiment"], "content-type": "application/x-protobuf"}

    assert mallory.http.post("/v1/traces", content=b"\x0a\x00", headers=headers).status_code == 404


def test_a_foreign_host_header_is_refused(ada: Person) -> None:
    answer = ada.http.get(
        "/api/2.0/mlflow/experiments/get", params={"experiment_id": "0"}, headers={"host": "evil.example"}
    )

    assert answer.status_code == 403


@pytest.mark.parametrize("packed", [False, True])
def test_telemetry_cannot_add_spans_to_anothers_trace(
    mallory: Person, ada: Person, hidden: dict[str, str], own: dict[str, str], packed: bool
) -> None:
    def send(person: Person, experiment: str, trace: str) -> int:
        span = {
            "traceId": trace,
            "spanId": secrets.token_hex(8),
            "name": "s",
            "startTimeUnixNano": "1",
            "endTimeUnixNano": "2",
        }
        body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()
        headers = {"x-mlflow-experiment-id": experiment, "content-type": "application/json"}
        if packed:
            headers["content-encoding"] = "gzip"
        answer = person.http.post("/v1/traces", content=gzip.compress(body) if packed else body, headers=headers)
        return answer.status_code

    theirs, mine = secrets.token_hex(16), secrets.token_hex(16)

    assert send(ada, hidden["experiment"], theirs) == 200
    assert send(mallory, own["experiment"], theirs) == 404
    assert send(mallory, own["experiment"], mine) == 200
    assert send(mallory, own["experiment"], mine) == 200
