"""The process dies after MLflow's database has changed and before ours has; the next start completes the change."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx2 as httpx
import pytest

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.principals import SYSTEM
from boathouse.models.gates.catalogue import GATES
from boathouse.models.repository import ModelRepository

if TYPE_CHECKING:
    from conftest import Person, Server

pytestmark = pytest.mark.server

USER = "bo"
Death = Callable[[str, Callable[["Person"], object]], "Person"]


@pytest.fixture(scope="module")
def bo(own_server: Server) -> Callable[[], Person]:
    """A user who may make models; not an administrator, so that ownership shows."""
    own_server.catalog.identities.create_user(SYSTEM, USER)
    own_server.grant(USER, SecurableKind.CATALOG, "dev", Privilege.USE_CATALOG)
    own_server.grant(USER, SecurableKind.SCHEMA, "dev.lab", Privilege.USE_SCHEMA, Privilege.CREATE_MODEL)
    return lambda: own_server.person(own_server.token(USER))


@pytest.fixture
def dies_in(own_server: Server, bo: Callable[[], Person]) -> Death:
    """Let Bo do something during which the server dies in a verb; start it again and answer Bo at its door."""

    def die(verb: str, act: Callable[[Person], object]) -> Person:
        bo().http.post("/die-in", params={"verb": verb}).raise_for_status()
        with pytest.raises(httpx.TransportError):
            act(bo())
        assert own_server.process is not None
        assert own_server.process.wait(30) == 9
        assert open_intents(own_server) != []
        own_server.start()
        assert open_intents(own_server) == []
        return bo()

    return die


def open_intents(server: Server) -> list[str]:
    return [each.kind.value for each in ModelRepository(server.database).open_intents()]


def told(server: Server, model: str) -> list[str]:
    """The events of a model, by whoever caused them."""
    events = [each for each in server.catalog.events.settled_after(0, 100_000) if each.subject == model]
    assert {each.principal for each in events} <= {USER}
    return [each.type for each in events]


def test_a_new_model_belongs_to_who_asked_for_it(
    own_server: Server, dies_in: Death, new_name: Callable[[str], str]
) -> None:
    model = f"dev.lab.{new_name('m')}"

    again = dies_in("register", lambda bo: bo.model(model))

    assert own_server.catalog.securables.get(SYSTEM, SecurableKind.REGISTERED_MODEL, model).owner == USER
    assert again.get("registered-models/get", name=model)["registered_model"]["name"] == model


def test_a_new_experiment_is_there_once_and_owned(
    own_server: Server, dies_in: Death, new_name: Callable[[str], str]
) -> None:
    name = new_name("e")

    again = dies_in("register", lambda bo: bo.experiment(name))

    experiment = again.get("experiments/get-by-name", experiment_name=name)["experiment"]["experiment_id"]
    assert own_server.catalog.securables.get(SYSTEM, SecurableKind.EXPERIMENT, experiment).owner == USER
    assert again.run(experiment)


def test_a_moved_alias_is_in_the_history(
    own_server: Server, bo: Callable[[], Person], dies_in: Death, new_name: Callable[[str], str]
) -> None:
    model = bo().model(f"dev.lab.{new_name('m')}")
    bo().version(model, bo().run(bo().experiment(new_name("e"))))

    again = dies_in("record_moves", lambda person: person.alias(model, "champion", 1))

    moves = again.call("GET", f"/api/boathouse/v1/models/{model}/history").json()["moves"]
    assert [(each["alias"], each["from_version"], each["to_version"], each["principal"]) for each in moves] == [
        ("champion", None, 1, USER)
    ]
    assert told(own_server, model) == ["model_version.created", "model_version_alias.moved"]


def test_a_new_version_is_known_and_its_number_is_not_given_again(
    own_server: Server, bo: Callable[[], Person], dies_in: Death, new_name: Callable[[str], str]
) -> None:
    model, run = bo().model(f"dev.lab.{new_name('m')}"), bo().run(bo().experiment(new_name("e")))

    again = dies_in("add_source", lambda person: person.version(model, run))

    assert ModelRepository(own_server.database).versions_of(model) == [1]
    assert again.version(model, run) == 2
    assert told(own_server, model) == ["model_version.created"] * 2


def test_a_deleted_model_leaves_no_securable_behind(
    bo: Callable[[], Person], dies_in: Death, new_name: Callable[[str], str]
) -> None:
    model = bo().model(f"dev.lab.{new_name('m')}")

    again = dies_in("forget", lambda person: person.delete("registered-models/delete", {"name": model}))

    assert again.call("GET", "/api/2.0/mlflow/registered-models/get", name=model).status_code == 404
    assert again.model(model) == model


def test_a_promotion_keeps_its_decision_and_its_reason(
    bo: Callable[[], Person], dies_in: Death, new_name: Callable[[str], str]
) -> None:
    model, root = bo().model(f"dev.lab.{new_name('m')}"), "/api/boathouse/v1/models"
    bo().version(model, bo().run(bo().experiment(new_name("e"))))
    said = {
        "objective": "Warn of late flights", "decision": "The desk rebooks passengers", "owner": "bo",
        "success": {"metric": "missed connections", "proxy": "log_loss"}, "approval": {"count": 0},
        "evaluation": {"table": "dev.lab.judged", "label": "late"},
        "gates": {each.name: {"enabled": False, "reason": "not in this test"} for each in GATES},
    }  # fmt: skip
    bo().call("PUT", f"{root}/{model}/requirements", {"requirements": said}).raise_for_status()
    measured = {"gate": "metric", "metric": "log_loss", "value": 0.4, "rows": 5000}
    bo().call("POST", f"{root}/{model}/versions/1/evaluations", {"measurements": [measured]}).raise_for_status()

    again = dies_in(
        "record_moves", lambda bo: bo.call("POST", f"{root}/{model}/versions/1/promote", {"reason": "better on May"})
    )

    why = again.call("GET", f"{root}/{model}/versions/champion/why").json()
    assert (why["version"], why["move"]["reason"], why["move"]["principal"]) == (1, "better on May", USER)
    assert (why["move"]["through"], why["decided"]["kind"]) == ("reconciled", "promotion")
    assert why["decided"]["document"]["standing"] == "may_be_promoted"


def test_what_comes_first_after_a_start_may_be_a_version_of_a_logged_model(own_server: Server) -> None:
    ada = own_server.admin()
    experiment = ada.experiment("/first")
    logged = ada.post("logged-models", {"experiment_id": experiment, "name": "inner"})["model"]["info"]["model_id"]
    ada.call("PATCH", f"/api/2.0/mlflow/logged-models/{logged}", {"status": 2})
    ada.model("dev.lab.first")

    own_server.stop()
    own_server.start()

    body = {"name": "dev.lab.first", "source": f"models:/{logged}", "model_id": logged}
    assert own_server.admin().post("model-versions/create", body)["model_version"]["version"] == "1"
