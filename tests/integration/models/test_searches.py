"""Searches, the UI and the audit log, over the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from boathouse.catalog import Privilege, SecurableKind
from boathouse.catalog.repository.records import EventFilter
from boathouse.foundation.principals import SYSTEM

if TYPE_CHECKING:
    from conftest import Person, Server

pytestmark = pytest.mark.server


def test_a_search_for_experiments_gives_full_pages_of_what_one_may_read(
    ada: Person, server: Server, new_name: Callable[[str], str]
) -> None:
    eve = server.user(new_name("eve"))
    prefix = new_name("paged")
    mine: list[str] = []
    for number in range(12):
        owner = eve if number % 3 == 0 else ada
        made = owner.experiment(f"{prefix}-{number}")
        mine += [made] if owner is eve else []
    body: dict[str, Any] = {"max_results": 3, "filter": f"name LIKE '{prefix}%'"}

    first = eve.post("experiments/search", body)
    second = eve.post("experiments/search", {**body, "page_token": first["next_page_token"]})

    pages = [[each["experiment_id"] for each in page.get("experiments", [])] for page in (first, second)]
    assert [len(page) for page in pages] == [3, 1]
    assert sorted(pages[0] + pages[1]) == sorted(mine)


def test_a_search_for_models_and_versions_shows_what_one_may_execute(
    ada: Person, server: Server, new_name: Callable[[str], str]
) -> None:
    name = new_name("fay")
    fay = server.user(name)
    run = ada.run(ada.experiment(new_name("e")))
    shown, hidden = ada.model(f"dev.lab.{new_name('shown')}"), ada.model(f"dev.lab.{new_name('hidden')}")
    for model in (shown, hidden):
        ada.version(model, run)
    server.grant(name, SecurableKind.CATALOG, "dev", Privilege.USE_CATALOG)
    server.grant(name, SecurableKind.SCHEMA, "dev.lab", Privilege.USE_SCHEMA)
    server.grant(name, SecurableKind.REGISTERED_MODEL, shown, Privilege.EXECUTE)

    models = fay.get("registered-models/search").get("registered_models", [])
    versions = fay.get("model-versions/search").get("model_versions", [])
    ours = fay.call("GET", "/api/boathouse/v1/models").json()["models"]

    assert [each["name"] for each in models] == [shown]
    assert [each["name"] for each in versions] == [shown]
    assert [each["name"] for each in ours] == [shown]


def test_a_search_for_runs_leaves_out_experiments_one_may_not_read(
    ada: Person, mallory: Person, new_name: Callable[[str], str]
) -> None:
    hidden, own = ada.experiment(new_name("hidden")), mallory.experiment(new_name("own"))
    ada.run(hidden)
    run = mallory.run(own)

    found = mallory.post("runs/search", {"experiment_ids": [hidden, own]})["runs"]

    assert [each["info"]["run_id"] for each in found] == [run]


def test_the_default_experiment_is_everybodys(mallory: Person) -> None:
    assert mallory.run("0")


def test_write_access_to_an_experiment_can_be_granted(
    ada: Person, server: Server, new_name: Callable[[str], str]
) -> None:
    name = new_name("gus")
    gus = server.user(name)
    experiment = ada.experiment(new_name("shared"))
    before = gus.call("POST", "/api/2.0/mlflow/runs/create", {"experiment_id": experiment}).status_code

    server.grant(name, SecurableKind.EXPERIMENT, experiment, Privilege.WRITE_EXPERIMENT)

    assert before == 404
    assert gus.run(experiment)
    assert gus.call("POST", "/api/2.0/mlflow/experiments/delete", {"experiment_id": experiment}).status_code == 403


def test_comment_and_tags_of_a_model_stand_in_the_catalog(
    ada: Person, server: Server, new_name: Callable[[str], str]
) -> None:
    model = ada.model(f"dev.lab.{new_name('told')}")
    prefix = "/api/2.0/mlflow/registered-models"

    ada.call("PATCH", f"{prefix}/update", {"name": model, "description": "late or not"})
    ada.post("registered-models/set-tag", {"name": model, "key": "team", "value": "flights"})
    ada.post("registered-models/set-tag", {"name": model, "key": "gone", "value": "1"})
    ada.delete("registered-models/delete-tag", {"name": model, "key": "gone"})

    found = server.catalog.securables.get(SYSTEM, SecurableKind.REGISTERED_MODEL, model)
    assert (found.comment, found.tags) == ("late or not", {"team": "flights"})


def test_a_name_is_found_in_any_case(ada: Person, new_name: Callable[[str], str]) -> None:
    model = ada.model(f"dev.lab.{new_name('Mixed')}")

    found = ada.get("registered-models/get", name=model.upper())["registered_model"]

    assert found["name"] == model.lower()


def test_the_ui_is_served_under_its_own_prefix(ada: Person) -> None:
    page = ada.http.get("/mlflow/", headers={"accept": "text/html"})
    asset = page.text.partition('src="')[2].partition('"')[0]

    script = ada.http.get(f"/mlflow/{asset.removeprefix('./')}")
    searched = ada.http.post("/mlflow/ajax-api/2.0/mlflow/experiments/search", json={"max_results": 5})
    without_slash = ada.http.get("/mlflow", follow_redirects=False)

    assert page.status_code == 200
    assert "<title>MLflow</title>" in page.text
    assert script.status_code == 200
    assert "javascript" in script.headers["content-type"]
    assert searched.json()["experiments"]
    assert without_slash.headers["location"] == "/mlflow/"


def test_a_file_larger_than_a_request_is_streamed_both_ways(ada: Person, new_name: Callable[[str], str]) -> None:
    experiment = ada.experiment(new_name("big"))
    path = f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{ada.run(experiment)}/artifacts/big.bin"
    chunk = b"\x00\x01\x02\x03" * 2**18

    ada.http.put(path, content=(chunk for _ in range(16))).raise_for_status()

    assert len(ada.http.get(path).content) == 16 * len(chunk)


def test_writes_refusals_and_downloads_are_in_the_audit_log(
    ada: Person, mallory: Person, server: Server, new_name: Callable[[str], str]
) -> None:
    experiment = ada.experiment(new_name("audited"))
    run = ada.run(experiment)
    path = f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/a.txt"
    ada.http.put(path, content=b"a")
    ada.http.get(path)
    for step in range(5):
        ada.post("runs/log-metric", {"run_id": run, "key": "auc", "value": step, "timestamp": step, "step": step})
    mallory.call("POST", "/api/2.0/mlflow/runs/set-tag", {"run_id": run, "key": "k", "value": "v"})

    events = server.catalog.audit.events(EventFilter(), limit=40)

    ours = [(e.principal, e.action, e.status_code) for e in events if e.service == "models"]
    assert ours.count(("ada", "logToRun", 200)) >= 1
    assert {("ada", "createRun", 200), ("ada", "uploadArtifact", 200), ("ada", "downloadArtifact", 200)} <= set(ours)
    assert ("mallory", "setRunTag", 404) in ours
