"""The process dies after MLflow's database has changed and before ours has; the next start completes the change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.principals import SYSTEM
from boathouse.models.repository import ModelRepository

if TYPE_CHECKING:
    from conftest import Person, Server

pytestmark = pytest.mark.server

USER = "bo"


@pytest.fixture
def bo(own_server: Server) -> Person:
    """A user who may make models; not an administrator, so that ownership shows."""
    own_server.catalog.identities.create_user(SYSTEM, USER)
    own_server.grant(USER, SecurableKind.CATALOG, "dev", Privilege.USE_CATALOG)
    own_server.grant(USER, SecurableKind.SCHEMA, "dev.lab", Privilege.USE_SCHEMA, Privilege.CREATE_MODEL)
    return own_server.person(own_server.token(USER))


def again(server: Server) -> Person:
    """A new start, and Bo at its door."""
    assert server.process is not None
    assert server.process.wait(30) == 9
    server.start()
    return server.person(server.token(USER))


def at(server: Server) -> Person:
    return server.person(server.token(USER))


def open_intents(server: Server) -> list[str]:
    return [each.kind.value for each in ModelRepository(server.database).open_intents()]


def test_a_new_model_belongs_to_who_asked_for_it(own_server: Server, bo: Person) -> None:
    own_server.start()
    own_server.stop()
    own_server.start("register")
    with pytest.raises(httpx.TransportError):
        at(own_server).model("dev.lab.delay")
    begun = open_intents(own_server)

    bo_again = again(own_server)

    assert begun == ["create_model"]
    assert open_intents(own_server) == []
    found = own_server.catalog.securables.get(SYSTEM, SecurableKind.REGISTERED_MODEL, "dev.lab.delay")
    assert found.owner == USER
    assert bo_again.get("registered-models/get", name="dev.lab.delay")["registered_model"]["name"] == "dev.lab.delay"


def test_a_new_experiment_is_there_once_and_owned(own_server: Server, bo: Person) -> None:
    own_server.start()
    own_server.stop()
    own_server.start("register")
    with pytest.raises(httpx.TransportError):
        at(own_server).experiment("delay")

    bo_again = again(own_server)

    experiment = bo_again.get("experiments/get-by-name", experiment_name="delay")["experiment"]["experiment_id"]
    assert own_server.catalog.securables.get(SYSTEM, SecurableKind.EXPERIMENT, experiment).owner == USER
    assert bo_again.run(experiment)


def test_a_moved_alias_is_in_the_history(own_server: Server, bo: Person) -> None:
    own_server.start()
    person = at(own_server)
    model = person.model("dev.lab.delay")
    person.version(model, person.run(person.experiment("delay")))
    own_server.stop()
    own_server.start("record_moves")
    with pytest.raises(httpx.TransportError):
        at(own_server).alias(model, "champion", 1)

    bo_again = again(own_server)

    moves = bo_again.call("GET", f"/api/boathouse/v1/models/{model}/history").json()["moves"]
    assert [(each["alias"], each["from_version"], each["to_version"], each["principal"]) for each in moves] == [
        ("champion", None, 1, USER)
    ]


def test_a_new_version_is_known_and_its_number_is_not_given_again(own_server: Server, bo: Person) -> None:
    own_server.start()
    person = at(own_server)
    model = person.model("dev.lab.delay")
    run = person.run(person.experiment("delay"))
    own_server.stop()
    own_server.start("add_source")
    with pytest.raises(httpx.TransportError):
        at(own_server).version(model, run)

    bo_again = again(own_server)

    assert ModelRepository(own_server.database).versions_of(model) == [1]
    assert bo_again.version(model, run) == 2


def test_a_deleted_model_leaves_no_securable_behind(own_server: Server, bo: Person) -> None:
    own_server.start()
    model = at(own_server).model("dev.lab.delay")
    own_server.stop()
    own_server.start("forget")
    with pytest.raises(httpx.TransportError):
        at(own_server).delete("registered-models/delete", {"name": model})

    bo_again = again(own_server)

    assert bo_again.call("GET", "/api/2.0/mlflow/registered-models/get", name=model).status_code == 404
    assert bo_again.model(model) == model
