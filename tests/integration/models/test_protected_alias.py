"""What is in production under protection moves by promotion and rollback alone: through no route of MLflow, in no
spelling, for nobody; and the history tells all that has happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.models.test_promotion import evaluated, good, promoted, requirements

from boathouse.catalog import Privilege, SecurableKind

if TYPE_CHECKING:
    from conftest import Person, Server

pytestmark = pytest.mark.server

ROOT = "/api/boathouse/v1/models"
P = Privilege


@dataclass(frozen=True)
class Kept:
    """A model with two versions, the first of which is its protected champion, and who looks at it."""

    name: str
    people: dict[str, Person]


@pytest.fixture(scope="module")
def kept(server: Server) -> Kept:
    owner, stranger = server.user("olga"), server.user("sten")
    server.grant("olga", SecurableKind.CATALOG, "dev", P.USE_CATALOG)
    server.grant("olga", SecurableKind.SCHEMA, "dev.lab", P.USE_SCHEMA, P.CREATE_MODEL)
    return Kept(made(owner, "kept_safe"), {"admin": server.admin(), "owner": owner, "stranger": stranger})


def made(owner: Person, title: str) -> str:
    name = owner.model(f"dev.lab.{title}")
    run = owner.run(owner.experiment(f"/{title}"))
    for _ in range(2):
        owner.version(name, run)
    good(owner.call("PUT", f"{ROOT}/{name}/requirements", {"requirements": requirements()}))
    evaluated(owner, name, 1)
    good(promoted(owner, name, 1))
    return name


def ways(name: str) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Every route of MLflow's by which a champion might come to be another version, or none."""
    models, versions = "registered-models", "model-versions"
    return {
        "set": ("POST", f"{models}/alias", {"name": name, "alias": "champion", "version": "2"}),
        "set to the same": ("POST", f"{models}/alias", {"name": name, "alias": "champion", "version": "1"}),
        "set a look-alike": ("POST", f"{models}/alias", {"name": name, "alias": "Champion", "version": "2"}),
        "set by another spelling of the name": (
            "POST", f"{models}/alias", {"name": name.upper(), "alias": "champion", "version": "2"}),
        "set with a number": ("POST", f"{models}/alias", {"name": name, "alias": "champion", "version": 2}),
        "delete": ("DELETE", f"{models}/alias", {"name": name, "alias": "champion"}),
        "delete version": ("DELETE", f"{versions}/delete", {"name": name, "version": "1"}),
        "delete model": ("DELETE", f"{models}/delete", {"name": name}),
        "rename": ("POST", f"{models}/rename", {"name": name, "new_name": f"{name}_2"}),
        "rename elsewhere": ("POST", f"{models}/rename", {"name": name, "new_name": "dev.default.kept"}),
        "production": ("POST", f"{versions}/transition-stage", {"name": name, "version": "2", "stage": "Production"}),
        "production, archiving": (
            "POST", f"{versions}/transition-stage",
            {"name": name, "version": "2", "stage": "production", "archive_existing_versions": True}),
    }  # fmt: skip


def champion(person: Person, name: str) -> Any:
    return good(person.call("GET", f"{ROOT}/{name}"))["model"]["aliases"].get("champion")


@pytest.mark.parametrize("prefix", ["/api/2.0/mlflow", "/ajax-api/2.0/mlflow", "/mlflow/ajax-api/2.0/mlflow"])
@pytest.mark.parametrize("who", ["admin", "owner", "stranger"])
def test_no_route_of_mlflow_moves_it(kept: Kept, who: str, prefix: str) -> None:
    wrong: list[str] = []
    for what, (method, path, body) in ways(kept.name).items():
        answer = kept.people[who].call(method, f"{prefix}/{path}", body)
        said = answer.json()
        if who == "stranger":
            is_right = answer.status_code == 404 and said["error_code"] == "RESOURCE_DOES_NOT_EXIST"
        elif what == "set to the same":
            is_right = answer.status_code in (200, 409)
        elif what == "rename elsewhere":
            is_right = answer.status_code in (400, 403, 404, 409)
        else:
            is_right = answer.status_code == 409 and "protected by its policy" in said["message"]
        if not is_right:
            wrong.append(f"{what}: {answer.status_code} {answer.text[:200]}")

    assert wrong == []
    assert champion(kept.people["admin"], kept.name) == 1


@pytest.mark.parametrize("who", ["admin", "owner", "stranger"])
def test_neither_a_tag_nor_a_copy_nor_a_webhook_goes_past_it(kept: Kept, server: Server, who: str) -> None:
    person, name = kept.people[who], kept.name
    model, versions = "/api/2.0/mlflow/registered-models", "/api/2.0/mlflow/model-versions"

    answers = {
        "server's tag": person.call("POST", f"{versions}/set-tag",
                                    {"name": name, "version": "2", "key": "boathouse.promoted", "value": "yes"}),
        "forged signature": person.call("POST", f"{versions}/set-tag",
                                        {"name": name, "version": "2", "key": "approval", "value": "2 of 2"}),
        "tag of the model": person.call("POST", f"{model}/set-tag",
                                        {"name": name, "key": "mlflow.user", "value": "somebody else"}),
        "copy over it": person.call("POST", f"{versions}/create", {"name": name, "source": f"models:/{name}/2"}),
        "webhook": person.call("POST", "/api/2.0/mlflow/webhooks",
                               {"name": "w", "url": "https://127.0.0.1/x",
                                "events": [{"entity": "MODEL_VERSION_ALIAS", "action": "CREATED"}]}),
    }  # fmt: skip

    statuses = {what: answer.status_code for what, answer in answers.items()}
    assert all(status in (200, 400, 403, 404) for status in statuses.values()), statuses
    told = {what: answer.text[:300] for what, answer in answers.items()}
    assert statuses["server's tag"] in (403, 404), told
    assert statuses["forged signature"] in (400, 404), told
    assert statuses["webhook"] == (400 if who == "admin" else 403), told
    if who == "stranger":
        found = [
            person.get(f"{each}/search", filter=f"name='{name}'") for each in ("registered-models", "model-versions")
        ]
        assert [page.get("registered_models", page.get("model_versions", [])) for page in found] == [[], []]
    assert champion(kept.people["admin"], name) == 1


def test_the_history_is_whole(kept: Kept, new_name: Callable[[str], str]) -> None:
    owner = kept.people["owner"]
    name = made(owner, new_name("whole"))
    owner.alias(name, "challenger", 2)
    evaluated(owner, name, 2, 0.3, champion=1)
    good(promoted(owner, name, 2, reason="better"))
    owner.delete("registered-models/alias", {"name": name, "alias": "challenger"})

    moves = good(owner.call("GET", f"{ROOT}/{name}/history"))["moves"]
    assert [(each["alias"], each["from_version"], each["to_version"], each["through"], each["principal"])
            for each in reversed(moves)] == [
        ("champion", None, 1, "promotion", "olga"),
        ("challenger", None, 2, "mlflow", "olga"),
        ("champion", 1, 2, "promotion", "olga"),
        ("challenger", 2, None, "mlflow", "olga"),
    ]  # fmt: skip
    why = good(owner.call("GET", f"{ROOT}/{name}/versions/champion/why"))
    assert (why["version"], why["move"]["reason"]) == (2, "better")
