"""From measurements to production on a real server: judged, decided, moved by compare-and-set, explained afterwards."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from boathouse.models.gates.catalogue import GATES

if TYPE_CHECKING:
    from conftest import Person, Server

pytestmark = pytest.mark.server

ROOT = "/api/boathouse/v1/models"
LEAST: dict[str, Any] = {
    "objective": "Warn of late flights",
    "decision": "The desk rebooks passengers",
    "owner": "ada",
    "success": {"metric": "missed connections", "proxy": "log_loss"},
    "evaluation": {"table": "dev.lab.judged", "label": "late"},
    "approval": {"count": 0},
}
OFF = {"enabled": False, "reason": "not in this test"}


def requirements(*, tier: str = "medium", maximum: float = 0.5, **said: Any) -> dict[str, Any]:
    """What a model has to meet when only its metric is asked for, beside the champion's."""
    gates: dict[str, Any] = {each.name: OFF for each in GATES}
    return {**LEAST, "risk_tier": tier, "gates": gates | {"metric": {"maximum": maximum}}, **said}


@pytest.fixture
def model(ada: Person, new_name: Callable[[str], str]) -> str:
    """A model of two versions with requirements."""
    return made(ada, f"dev.lab.{new_name('m')}")


def made(ada: Person, name: str, **said: Any) -> str:
    experiment = ada.experiment(name)
    ada.model(name)
    for _ in range(2):
        ada.version(name, ada.run(experiment))
    good(ada.call("PUT", f"{ROOT}/{name}/requirements", {"requirements": requirements(**said)}))
    return name


def good(response: Any) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    return response.json()


def refused(response: Any, status: int) -> str:
    assert response.status_code == status, response.text
    return response.json()["message"]


def evaluated(
    ada: Person, model: str, version: int, value: float | None = 0.4, *, champion: int | None = None
) -> dict[str, Any]:
    body = {
        "data_table": "dev.lab.judged",
        "data_version": 7,
        "champion": champion,
        "measurements": [{"gate": "metric", "metric": "log_loss", "value": value, "rows": 5000, "details": {"a": [1]}}],
    }
    return good(ada.call("POST", f"{ROOT}/{model}/versions/{version}/evaluations", body))


def promoted(ada: Person, model: str, version: int, **said: Any) -> Any:
    return ada.call("POST", f"{ROOT}/{model}/versions/{version}/promote", said)


def champion(ada: Person, model: str) -> int | None:
    return good(ada.call("GET", f"{ROOT}/{model}"))["model"]["aliases"].get("champion")


def test_a_version_that_passes_its_gates_goes_to_production_and_the_reason_stays(ada: Person, model: str) -> None:
    evaluated(ada, model, 1)

    found = good(promoted(ada, model, 1, reason="the first"))

    assert champion(ada, model) == 1
    assert (found["move"]["through"], found["move"]["reason"], found["is_new"]) == ("promotion", "the first", True)
    why = good(ada.call("GET", f"{ROOT}/{model}/versions/champion/why"))
    kept = why["decided"]["document"]
    assert (why["version"], kept["standing"], kept["requirements_revision"]) == (1, "may_be_promoted", 1)
    assert [(row["gate"], row["verdict"], row["evidence_id"] > 0) for row in kept["evidence"]] == [
        ("metric", "passed", True)
    ]


@pytest.mark.parametrize("value", [0.9, None])
def test_a_version_that_fails_or_was_not_measured_stays_where_it_is(
    ada: Person, model: str, value: float | None
) -> None:
    evaluated(ada, model, 1, value)

    message = refused(promoted(ada, model, 1), 409)

    assert "may not go to production (blocked)" in message
    assert f"boathouse model gates {model}@1" in message
    assert champion(ada, model) is None


def test_a_version_that_nobody_evaluated_stays_where_it_is(ada: Person, model: str) -> None:
    assert "not evaluated" in refused(promoted(ada, model, 1), 409)


def test_a_task_cannot_send_a_verdict(ada: Person, model: str) -> None:
    body = {"measurements": [{"gate": "metric", "metric": "log_loss", "value": 0.9, "rows": 1, "verdict": "passed"}]}

    refused(ada.call("POST", f"{ROOT}/{model}/versions/1/evaluations", body), 400)


def test_no_number_in_json_is_inconclusive(ada: Person, model: str) -> None:
    text = '{"measurements": [{"gate": "metric", "metric": "log_loss", "value": NaN, "rows": 5, "interval": [NaN, 1]}]}'
    found = good(
        ada.http.post(
            f"{ROOT}/{model}/versions/1/evaluations", content=text, headers={"content-type": "application/json"}
        )
    )

    [row] = found["evidence"]
    assert (row["verdict"], row["blocks"], row["measurement"]["value"]) == ("inconclusive", True, None)


def test_a_protected_alias_moves_no_other_way(ada: Person, model: str) -> None:
    evaluated(ada, model, 1)
    promoted(ada, model, 1)

    ours = ada.call("PUT", f"{ROOT}/{model}/aliases/champion", {"version": 2})
    mlflows = ada.call(
        "POST", "/api/2.0/mlflow/registered-models/alias", {"name": model, "alias": "champion", "version": "2"}
    )
    gone = ada.call("DELETE", "/api/2.0/mlflow/registered-models/alias", {"name": model, "alias": "champion"})
    deleted = ada.call("DELETE", "/api/2.0/mlflow/model-versions/delete", {"name": model, "version": "1"})

    model_deleted = ada.call("DELETE", "/api/2.0/mlflow/registered-models/delete", {"name": model})
    renamed = ada.call("POST", "/api/2.0/mlflow/registered-models/rename", {"name": model, "new_name": f"{model}_old"})
    stage = {"name": model, "version": "2", "stage": "Production"}
    staged = ada.call("POST", "/api/2.0/mlflow/model-versions/transition-stage", stage)
    alike = ada.call("PUT", f"{ROOT}/{model}/aliases/Champion", {"version": 2})

    for response in (ours, mlflows, gone, deleted, model_deleted, renamed, staged, alike):
        assert "protected by its policy (tier medium)" in refused(response, 409)
    assert f"boathouse model promote {model}@2" in refused(ours, 409)
    assert champion(ada, model) == 1


def test_an_alias_that_is_not_protected_moves_freely_into_the_same_history(ada: Person, model: str) -> None:
    ada.alias(model, "challenger", 2)
    good(promoted(ada, model, 1, stage="candidate", reason="try it"))

    moves = good(ada.call("GET", f"{ROOT}/{model}/history"))["moves"]
    assert [(each["alias"], each["to_version"], each["through"]) for each in moves] == [
        ("challenger", 1, "promotion"),
        ("challenger", 2, "mlflow"),
    ]


def test_promoting_again_changes_nothing(ada: Person, model: str) -> None:
    evaluated(ada, model, 1)
    first = good(promoted(ada, model, 1))["move"]
    again = good(promoted(ada, model, 1))

    assert (again["is_new"], again["move"]) == (False, first)
    assert len(good(ada.call("GET", f"{ROOT}/{model}/history"))["moves"]) == 1


def test_of_two_racing_promotions_one_wins_and_the_other_hears_of_it(ada: Person, model: str) -> None:
    for version in (1, 2):
        evaluated(ada, model, version)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda version: promoted(ada, model, version, expected=None), (1, 2)))

    winner, loser = sorted(answers, key=lambda each: each.status_code)
    assert (winner.status_code, loser.status_code) == (200, 409)
    assert "not at nothing" in loser.json()["message"]
    assert champion(ada, model) == winner.json()["decision"]["version"]


def test_many_who_promote_the_same_version_at_once_all_get_what_they_want(ada: Person, model: str) -> None:
    for version in (1, 2):
        evaluated(ada, model, version)
    good(promoted(ada, model, 1))

    with ThreadPoolExecutor(8) as pool:
        answers = [good(each) for each in pool.map(lambda version: promoted(ada, model, version), [2] * 8)]

    assert sorted(each["is_new"] for each in answers) == [False] * 7 + [True]
    moves = good(ada.call("GET", f"{ROOT}/{model}/history"))["moves"]
    assert [(each["from_version"], each["to_version"]) for each in moves] == [(1, 2), (None, 1)]


def test_a_version_that_was_compared_with_another_champion_is_evaluated_again(
    ada: Person, new_name: Callable[[str], str]
) -> None:
    gates = {**requirements()["gates"], "against_champion": {"enabled": True}}
    model = made(ada, f"dev.lab.{new_name('m')}", gates=gates)
    rules = good(ada.call("GET", f"{ROOT}/{model}/versions/1/decision"))
    assert rules["standing"] == "not_evaluated"
    measured = [{"gate": "metric", "metric": "log_loss", "value": 0.4, "rows": 5000}]
    for version in (1, 2):
        body = {"champion": None, "measurements": measured}
        found = good(ada.call("POST", f"{ROOT}/{model}/versions/{version}/evaluations", body))
        missing = [row["measurement"] for row in found["evidence"] if row["measurement"]["gate"] == "against_champion"]
        full = [{**each, "value": 0.0, "rows": 5000, "interval": [0.0, 0.0], "problem": None} for each in missing]
        good(ada.call("POST", f"{ROOT}/{model}/versions/{version}/evaluations", {"measurements": measured + full}))
    good(promoted(ada, model, 1))

    message = refused(promoted(ada, model, 2), 409)

    assert "compared with no champion, and the champion is version 1 now" in message


def test_other_rules_are_asked_without_running_anything(ada: Person, model: str) -> None:
    evaluated(ada, model, 1)
    path = f"{ROOT}/{model}/versions/1/decision"

    strict = good(ada.call("POST", path, {"requirements": requirements(maximum=0.3)}))

    assert (strict["standing"], strict["requirements_revision"]) == ("blocked", None)
    assert good(ada.call("GET", path))["standing"] == "may_be_promoted"
    unknown = {"requirements": {**LEAST, "gates": {"metrik": {}}}}
    assert "there is no gate 'metrik'" in refused(ada.call("POST", path, unknown), 400)


def test_new_requirements_hold_for_what_was_measured_before(ada: Person, model: str) -> None:
    evaluated(ada, model, 1)
    good(ada.call("PUT", f"{ROOT}/{model}/requirements", {"requirements": requirements(maximum=0.3)}))

    assert "0.4 is above 0.3" in refused(promoted(ada, model, 1), 409)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"evaluation": {**LEAST["evaluation"], "table": "dev.lab.easy"}}, "measured on rows of dev.lab.judged, and"),
        ({"evaluation": {**LEAST["evaluation"], "where": "x > 1"}}, "requirements were changed in evaluation.where"),
        ({"slices": ["carrier"]}, "requirements were changed in slices"),
    ],
)
def test_what_was_measured_of_other_rows_or_slices_does_not_count(
    ada: Person, model: str, changed: dict[str, Any], told: str
) -> None:
    evaluated(ada, model, 1)
    good(ada.call("PUT", f"{ROOT}/{model}/requirements", {"requirements": requirements(**changed)}))

    message = refused(promoted(ada, model, 1), 409)

    assert told in message
    assert f"Evaluate it again: boathouse model deploy {model}@1" in message
    asked = {"requirements": requirements()}
    under = good(ada.call("POST", f"{ROOT}/{model}/versions/1/decision", asked))
    assert under["standing"] == "may_be_promoted"


def test_what_a_task_measured_of_another_table_does_not_count(ada: Person, model: str) -> None:
    body = {
        "data_table": "dev.lab.easy",
        "measurements": [{"gate": "metric", "metric": "log_loss", "value": 0.1, "rows": 5000}],
    }
    good(ada.call("POST", f"{ROOT}/{model}/versions/1/evaluations", body))

    assert "rows of dev.lab.judged are asked for" in refused(promoted(ada, model, 1), 409)


def test_an_approval_ends_when_the_rules_are_changed_and_only_then(ada: Person, new_name: Callable[[str], str]) -> None:
    signed = {"approval": {"count": 1, "author_may_approve": True}}
    model = made(ada, f"dev.lab.{new_name('m')}", maximum=0.3, **signed)
    evaluated(ada, model, 1)
    approved = {"name": model, "version": "1", "key": "approval", "value": "Approved"}

    def put(**said: Any) -> None:
        good(ada.call("PUT", f"{ROOT}/{model}/requirements", {"requirements": requirements(**signed, **said)}))

    def standing() -> str:
        return good(ada.call("GET", f"{ROOT}/{model}/versions/1/decision"))["standing"]

    ada.post("model-versions/set-tag", approved)
    assert standing() == "blocked"
    put(maximum=0.5)
    assert standing() == "awaits_approval"
    ada.post("model-versions/set-tag", approved)
    put(maximum=0.5, on_call="the desk")
    assert standing() == "may_be_promoted"


def test_what_was_in_production_at_an_instant(ada: Person, model: str) -> None:
    for version in (1, 2):
        evaluated(ada, model, version, champion=version - 1 or None)
        good(promoted(ada, model, version))
    newest, oldest = good(ada.call("GET", f"{ROOT}/{model}/history"))["moves"]

    def at(instant: str) -> dict[str, Any]:
        return good(ada.call("GET", f"{ROOT}/{model}/in-production", at=instant))

    assert at("2013-01-01T00:00")["version"] is None
    assert at("2013-01-01T00:00")["until"]["to_version"] == 1
    now = good(ada.call("GET", f"{ROOT}/{model}/in-production"))
    assert (now["version"], now["since"]["moved_at"], now["until"]) == (2, newest["moved_at"], None)
    assert oldest["moved_at"] <= newest["moved_at"]


def test_free_stage_names_stand_for_aliases(ada: Person, new_name: Callable[[str], str]) -> None:
    stages = {"production": "live", "staging": "pre"}
    model = made(ada, f"dev.lab.{new_name('m')}", stages=stages)
    evaluated(ada, model, 1)

    good(promoted(ada, model, 2, stage="staging"))
    good(promoted(ada, model, 1))

    assert good(ada.call("GET", f"{ROOT}/{model}"))["model"]["aliases"] == {"live": 1, "pre": 2}
    assert good(ada.call("GET", f"{ROOT}/{model}/versions/production/why"))["version"] == 1
    assert "no stage" in refused(promoted(ada, model, 1, stage="prodction"), 400)


def test_a_model_without_requirements_is_not_promoted(ada: Person, new_name: Callable[[str], str]) -> None:
    name = f"dev.lab.{new_name('m')}"
    ada.model(name)
    ada.version(name, ada.run(ada.experiment(name)))

    assert "has no requirements" in refused(promoted(ada, name, 1), 404)
    found = good(ada.call("POST", f"{ROOT}/{name}/versions/1/evaluations", {"measurements": []}))
    assert found == {"evaluations": {}, "evidence": []}


def test_who_may_only_use_a_model_reads_evidence_and_writes_none(
    server: Server, ada: Person, model: str, new_name: Callable[[str], str]
) -> None:
    from boathouse.catalog import Privilege, SecurableKind

    name = new_name("eva")
    eva = server.user(name)
    server.grant(name, SecurableKind.CATALOG, "dev", Privilege.USE_CATALOG)
    server.grant(name, SecurableKind.SCHEMA, "dev.lab", Privilege.USE_SCHEMA)
    server.grant(name, SecurableKind.REGISTERED_MODEL, model, Privilege.EXECUTE)
    evaluated(ada, model, 1)

    assert good(eva.call("GET", f"{ROOT}/{model}/versions/1/evidence"))["evidence"]
    refused(eva.call("POST", f"{ROOT}/{model}/versions/1/evaluations", {"measurements": []}), 403)
    refused(promoted(eva, model, 1), 403)


def test_a_stranger_learns_nothing(mallory: Person, model: str) -> None:
    for path in ("versions/1/evidence", "versions/1/decision", "versions/champion/why", "in-production"):
        assert "not found" in refused(mallory.call("GET", f"{ROOT}/{model}/{path}"), 404)
    refused(promoted(mallory, model, 1), 404)
