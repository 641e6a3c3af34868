"""The verbs on endpoints: made, changed, asked about at any time, and who may."""

from typing import Any

import pytest

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.errors import AlreadyExists, Denied, InvalidInput, NotFound
from boathouse.foundation.names import ModelName
from boathouse.foundation.shapes import fit
from boathouse.serving.endpoints.asking import Served, endpoints_asking, require_unasked
from boathouse.serving.endpoints.given import ConfigGiven, RateLimitGiven, wanted_of
from boathouse.serving.endpoints.policy import EndpointPolicy
from boathouse.serving.endpoints.service import with_rate_limits
from boathouse.serving.endpoints.system_tables import ServingTables

MODEL = "dev.lab.delay"


def config(*versions: object, **more: object) -> Any:
    given = {"served_entities": [{"entity_name": MODEL, "entity_version": each} for each in versions], **more}
    return wanted_of(fit(ConfigGiven, given, what="The configuration"), "delays")


def test_an_endpoint_has_one_name_and_comes_back_as_it_was_made(house: Any) -> None:
    made = house.make(tags={"team": "flights"}, description="Delays")
    assert house.endpoints.get(house.ada, "delays") == made
    assert (made.config.version, made.creator, made.tags, made.description) == (1, "ada", {"team": "flights"}, "Delays")
    assert [(each.name, each.alias, each.version) for each in made.config.entities] == [
        ("delay-champion", "champion", None)
    ]
    with pytest.raises(AlreadyExists, match="There is an endpoint delays already"):
        house.make()


@pytest.mark.parametrize("name", ["", "two words", "-dash", "a" * 64, "ü", "a/b"])
def test_odd_names_are_refused(house: Any, name: str) -> None:
    with pytest.raises(InvalidInput, match="is no name for an endpoint"):
        house.make(name)


def test_only_who_may_make_endpoints_makes_one_and_only_of_what_they_may_use(house: Any) -> None:
    house.model()
    house.grant("bob", Privilege.USE_CATALOG, SecurableKind.CATALOG, "dev")
    house.grant("bob", Privilege.USE_SCHEMA, SecurableKind.SCHEMA, "dev.lab")
    house.grant("bob", Privilege.BROWSE, SecurableKind.REGISTERED_MODEL, MODEL)
    with pytest.raises(Denied):
        house.make(who=house.bob)
    house.may_use("bob")
    house.make(who=house.bob)
    everyone = "account users"
    house.catalog.grants.revoke(house.ada, everyone, [Privilege.CREATE_ENDPOINT], SecurableKind.METASTORE, "metastore")
    with pytest.raises(Denied):
        house.make("others", who=house.bob)


def test_a_model_without_a_version_is_no_feature_spec(house: Any) -> None:
    house.model()
    with pytest.raises(InvalidInput, match="no version is named"):
        house.make("delays", {"entity_name": MODEL})


def test_only_a_change_makes_a_new_configuration(house: Any) -> None:
    house.make()
    assert house.endpoints.update_config(house.ada, "delays", config("champion")).config.version == 1
    assert house.endpoints.update_config(house.ada, "delays", config(3)).config.version == 2


def test_what_answered_is_told_of_any_time(house: Any) -> None:
    house.model()
    house.version(1, alias="champion")
    before = house.later(minutes=1) - 1
    house.make()
    house.live()
    first = house.later(minutes=1) - 1
    house.version(2, alias="champion")
    house.live()
    second = house.later(minutes=1) - 1
    house.endpoints.update_config(house.ada, "delays", config(1))
    house.endpoints.put_policy(house.ada, "delays", EndpointPolicy.model_validate({"limits": {"rows": 5}}))
    house.live()
    house.later(minutes=1)
    house.endpoints.delete(house.ada, "delays")
    versions = {
        at: [each.version for each in house.endpoints.at(house.ada, "delays", at).standing.entities]
        for at in (first, second)
    }
    assert versions == {first: [1], second: [2]}
    gone = house.endpoints.at(house.ada, "delays", second + 60_000)
    assert (gone.config.version, gone.policy.limits.rows) == (2, 5)
    assert house.endpoints.at(house.ada, "delays", second).policy == EndpointPolicy()
    with pytest.raises(NotFound):
        house.endpoints.at(house.ada, "delays", before)
    with pytest.raises(NotFound):  # what is deleted is told to administrators only
        house.endpoints.at(house.bob, "delays", first)


def test_the_name_of_a_deleted_endpoint_is_free_and_its_history_stays_apart(house: Any) -> None:
    house.make()
    first = house.later(minutes=1) - 1
    house.endpoints.delete(house.ada, "delays")
    house.later(minutes=1)
    again = house.make("delays", {"entity_name": MODEL, "entity_version": 7})
    assert again.config.version == 1
    assert house.endpoints.at(house.ada, "delays", first).endpoint_id != again.endpoint_id
    assert "endpoint.deleted" in house.events()


def test_a_policy_makes_a_revision_where_it_says_something_new(house: Any) -> None:
    house.make()
    put, ada = house.endpoints.put_policy, house.ada
    strict = EndpointPolicy.model_validate({"limits": {"rows": 5}})
    assert put(ada, "delays", strict).policy_revision == 1
    assert put(ada, "delays", EndpointPolicy.model_validate({"limits": {"rows": 5}})).policy_revision == 1
    assert put(ada, "delays", with_rate_limits(strict, [RateLimitGiven(calls=60)])).policy_revision == 2
    assert house.endpoints.policy(ada, "delays").limits.requests_per_second == 1.0
    assert put(ada, "delays", None).policy_revision is None
    assert house.endpoints.policy(ada, "delays") == EndpointPolicy()


def test_an_endpoint_is_hidden_from_whom_it_was_not_shared_with(house: Any) -> None:
    house.make()
    assert house.endpoints.list(house.bob) == []
    for verb in (house.endpoints.get, house.endpoints.delete, house.endpoints.policy):
        with pytest.raises(NotFound):
            verb(house.bob, "delays")
    house.endpoints.access.change_permissions(house.ada, "delays", {"bob": "CAN_QUERY"}, only=False)
    assert [each.name for each in house.endpoints.list(house.bob)] == ["delays"]
    with pytest.raises(Denied):
        house.endpoints.delete(house.bob, "delays")
    house.endpoints.access.change_permissions(house.ada, "delays", {"bob": "CAN_MANAGE"}, only=False)
    assert house.endpoints.access.permissions(house.ada, "delays") == {"ada": "CAN_MANAGE", "bob": "CAN_MANAGE"}
    house.endpoints.set_tags(house.bob, "delays", {"by": "bob"})
    house.endpoints.access.change_permissions(house.ada, "delays", {}, only=True)
    assert house.endpoints.access.permissions(house.ada, "delays") == {"ada": "CAN_MANAGE"}


def test_there_are_three_levels(house: Any) -> None:
    house.make()
    with pytest.raises(InvalidInput, match="Did you mean CAN_QUERY"):
        house.endpoints.access.change_permissions(house.ada, "delays", {"bob": "CAN_QUERRY"}, only=False)


def test_what_an_endpoint_asks_cannot_go(house: Any) -> None:
    house.model()
    house.version(1)
    house.version(2, alias="champion")
    house.make(policy={"fallback": [{"kind": "version", "version": 1}]})
    house.live()
    name = ModelName.parse(MODEL)
    assert list(endpoints_asking(house.database, MODEL, 2)) == [("delays", "answers by it")]
    assert list(endpoints_asking(house.database, MODEL, 1)) == [("delays", "falls back to it, or lets it watch")]
    assert not list(endpoints_asking(house.database, MODEL, 3))
    with pytest.raises(Served, match="cannot be deleted or renamed while endpoints ask it: delays"):
        require_unasked(house.database, name)
    house.endpoints.delete(house.ada, "delays")
    require_unasked(house.database, name)


def test_every_verb_is_audited(house: Any) -> None:
    house.make()
    house.endpoints.update_config(house.ada, "delays", config(3))
    house.endpoints.delete(house.ada, "delays")
    actions = {each.action for each in house.catalog.audit.events() if each.service == "serving"}
    assert actions >= {"createServingEndpoint", "updateServingEndpointConfig", "deleteServingEndpoint"}


def test_an_inference_table_lies_where_its_maker_may_make_tables(house: Any) -> None:
    house.may_use("bob", house.model())
    capture = {"auto_capture_config": {"catalog_name": "dev", "schema_name": "lab"}}
    with pytest.raises(Denied):
        house.make(who=house.bob, config=capture)
    made = house.make(config=capture)
    assert (made.config.capture.catalog, made.config.capture.prefix) == ("dev", "delays")
    with pytest.raises(InvalidInput, match="cannot lie in dev"):
        house.make("others", config={"auto_capture_config": {"catalog_name": "dev", "schema_name": "nowhere"}})


def test_the_system_table_tells_each_version_once_to_those_who_may_see_its_endpoint(house: Any) -> None:
    house.model()
    house.version(1, alias="champion")
    house.make()
    house.live()
    house.version(2, alias="champion")
    house.live()
    house.endpoints.put_policy(house.ada, "delays", EndpointPolicy.model_validate({"limits": {"rows": 5}}))
    house.live()
    served = ServingTables(house.database, house.catalog).served_entities
    assert [(row["entity_version"], row["endpoint_config_version"]) for row in served(house.ada)] == [
        ("1", 1),
        ("2", 1),
    ]
    assert list(served(house.bob)) == []
    house.endpoints.access.change_permissions(house.ada, "delays", {"bob": "CAN_VIEW"}, only=False)
    assert len(list(served(house.bob))) == 2
    house.endpoints.delete(house.ada, "delays")
    assert list(served(house.bob)) == []
    assert {row["endpoint_delete_time"] is None for row in served(house.ada)} == {False}
