"""What endpoints mean: aliases become versions, rights are looked at again, what is missing is said."""

from typing import Any

import pytest

from boathouse.catalog import LineageNode, NodeKind, Privilege, SecurableKind
from boathouse.catalog.repository.records import EdgeFilter
from boathouse.foundation.names import ModelName
from boathouse.serving.rollout.plan import Standing

MODEL = "dev.lab.delay"


def test_an_endpoint_waits_for_its_model_its_alias_and_comes_alive(house: Any) -> None:
    house.make()
    assert "There is no registered model dev.lab.delay yet" in (house.live().why or "")
    house.model()
    house.version(1)
    assert "has no alias champion yet" in (house.live().why or "")
    assert house.live().routes == ()
    house.alias("champion", 1)
    live = house.live()
    assert (live.why, [each.percent for each in live.routes]) == (None, [100.0])
    assert live.entities[0].folder == str(house.home.artifacts / "models" / MODEL / "1")
    assert house.events()[-1] == "endpoint.ready"


def test_an_alias_that_moves_takes_the_endpoint_along(house: Any) -> None:
    house.model()
    house.version(1, alias="champion")
    house.make()
    assert house.answering() == {1: 100.0}
    house.version(2, alias="champion")
    assert house.answering() == {2: 100.0}
    assert house.events()[-1] == "endpoint.changed"


def test_an_alias_that_moves_to_what_cannot_answer_leaves_the_old_version_answering(house: Any) -> None:
    house.model()
    house.version(1, alias="champion")
    house.make()
    house.live()
    house.models.repository.add_source(MODEL, 2, None, None)
    house.alias("champion", 2)
    assert house.answering() == {1: 100.0}
    assert "Version 1 goes on answering" in house.live().why
    house.alias("champion", None)
    assert house.answering() == {1: 100.0}


def test_a_lost_right_of_the_owner_ends_the_endpoint_and_a_regained_one_brings_it_back(house: Any) -> None:
    house.model()
    house.version(1, alias="champion")
    house.may_use("bob")
    house.make(who=house.bob)
    assert house.answering() == {1: 100.0}
    house.catalog.grants.revoke(house.ada, "bob", [Privilege.EXECUTE], SecurableKind.REGISTERED_MODEL, MODEL)
    assert "bob, who owns the endpoint" in house.live().why
    assert house.live().routes == ()
    house.may_use("bob")
    assert house.answering() == {1: 100.0}


def test_a_configuration_that_cannot_answer_yet_leaves_the_one_before_answering(house: Any) -> None:
    house.model()
    house.version(1)
    house.make("delays", {"name": "a", "entity_name": MODEL, "entity_version": 1})
    assert house.answering() == {1: 100.0}
    other = house.wanted("delays", {"name": "b", "entity_name": MODEL, "entity_version": 2})
    house.endpoints.update_config(house.ada, "delays", other)
    assert house.answering() == {1: 100.0}
    live = house.live()
    assert live.config_version == 1
    assert "has no version 2" in live.why
    assert "Configuration 1 goes on answering" in live.why
    house.version(2)
    assert house.answering() == {2: 100.0}
    assert (house.live().config_version, house.live().why) == (2, None)


def test_a_configuration_whose_rights_are_lost_does_not_go_on_answering(house: Any) -> None:
    house.model()
    house.version(1)
    house.may_use("bob")
    house.make("delays", {"name": "a", "entity_name": MODEL, "entity_version": 1}, who=house.bob)
    assert house.answering() == {1: 100.0}
    other = house.wanted("delays", {"name": "b", "entity_name": MODEL, "entity_version": 2})
    house.endpoints.update_config(house.bob, "delays", other)
    assert house.answering() == {1: 100.0}
    house.catalog.grants.revoke(house.ada, "bob", [Privilege.EXECUTE], SecurableKind.REGISTERED_MODEL, MODEL)
    assert house.live().routes == ()
    house.may_use("bob")
    assert house.answering() == {1: 100.0}


def test_who_may_ask_stands_in_the_snapshot(house: Any) -> None:
    house.make()
    house.grant("bob", Privilege.EXECUTE, SecurableKind.ENDPOINT, "delays")
    assert house.live().callers >= {"ada", "bob"}
    house.catalog.grants.revoke(house.ada, "bob", [Privilege.EXECUTE], SecurableKind.ENDPOINT, "delays")
    assert "bob" not in house.live().callers


def test_valid_tokens_stand_in_the_snapshot_with_all_their_names(house: Any) -> None:
    house.catalog.identities.create_group(house.ada, "pilots")
    house.catalog.identities.add_member(house.ada, "pilots", "bob")
    issued = house.catalog.identities.issue_token(house.ada, "bob", lifetime_seconds=60)
    house.writer.look()
    (token,) = [each for each in house.snapshot().tokens.values() if each.principal == "bob"]
    assert token.identities == {"bob", "pilots", "account users"}
    assert (token.is_admin, token.expires_at) == (False, issued.expires_at)
    house.catalog.identities.revoke_token(house.ada, issued.token_id)
    house.writer.look()
    assert not [each for each in house.snapshot().tokens.values() if each.principal == "bob"]


def test_nothing_is_written_while_nothing_changes(house: Any) -> None:
    house.model()
    house.version(1, alias="champion")
    house.make()
    house.live()
    before = house.snapshot()
    house.writer.look()
    assert not house.writer.look()
    assert house.snapshot() == before


def test_a_version_keeps_its_identity_over_configurations(house: Any) -> None:
    house.model()
    house.version(1, alias="champion")
    house.make("delays", {"name": "a", "entity_name": MODEL, "entity_version": "champion"})
    before = house.live().entities[0].entity_id
    house.endpoints.update_config(house.ada, "delays", _two(house))
    after = {each.name: each.entity_id for each in house.live().entities}
    assert after["a"] == before != after["b"]
    assert house.live().config_version == 2


def test_the_ladder_has_the_rungs_that_are_there(house: Any) -> None:
    house.model()
    for number in (1, 2, 3):
        house.version(number, alias="champion")
    house.alias("champion", 2)
    house.make(policy={"fallback": [{"kind": "previous"}, {"kind": "version", "version": 9},
                                    {"kind": "constant", "value": 0.5}]})  # fmt: skip
    live = house.live()
    versions = {each.entity_id: each.version for each in live.entities}
    assert [(rung.kind, versions.get(rung.entity_id or ""), rung.value) for rung in live.ladder] == [
        ("previous", 1, None), ("constant", None, 0.5),
    ]  # fmt: skip
    assert "has no version 9" in live.why


def test_what_an_alias_has_left_for_the_first_version_is_no_rung_below_it(house: Any) -> None:
    house.model()
    for number in (1, 2):
        house.version(number, alias="champion")
    house.alias("champion", 1)
    house.make(policy={"fallback": [{"kind": "previous"}]})
    live = house.live()
    assert live.ladder == ()
    assert "has none before it" in live.why


def test_a_shadow_sees_what_its_alias_means(house: Any) -> None:
    house.model()
    house.version(1, alias="champion")
    house.make(policy={"shadow": {"alias": "challenger", "percent": 10}})
    assert house.live().shadows == ()
    house.version(2, alias="challenger")
    (shadow,) = house.live().shadows
    assert shadow.percent == 10
    assert [each.version for each in house.live().entities if each.entity_id == shadow.entity_id] == [2]


@pytest.mark.parametrize("shadow", [{"alias": "challenger"}, {"version": 1}])
def test_a_version_does_not_shadow_itself(house: Any, shadow: dict[str, Any]) -> None:
    house.model()
    house.version(1, alias="champion")
    house.alias("challenger", 1)
    house.make(policy={"shadow": shadow})
    assert house.live().shadows == ()
    assert "Nobody shadows dev.lab.delay" in house.live().why
    assert len(house.live().entities) == 1
    house.version(2, alias="champion")
    assert [each.percent for each in house.live().shadows] == [100.0]
    assert house.live().why is None


def test_what_boathouse_yml_says_of_the_model_is_the_default(house: Any) -> None:
    house.model()
    house.version(1, alias="champion")
    asked = {
        "objective": "o", "decision": "d", "owner": "ada", "risk_tier": "low",
        "success": {"metric": "m", "proxy": "log_loss"}, "evaluation": {"table": "dev.lab.judged", "label": "late"},
        "rollout": {"steps": [5, 50, 100], "step_minutes": 2}, "fallback": ["constant:0.2"],
    }  # fmt: skip
    from boathouse.models.requirements import Requirements

    house.models.requirements.put(house.ada, ModelName.parse(MODEL), Requirements.model_validate(asked))
    house.make()
    policy = house.live().policy
    assert policy.canary is not None
    assert (policy.canary.steps, policy.canary.bake) == ([5, 50], "120s")
    assert [rung.value for rung in house.live().ladder] == [0.2]
    house.make("fixed", {"entity_name": MODEL, "entity_version": 1})
    assert house.live("fixed").policy.canary is None


def test_a_canary_and_what_it_replaces_stand_side_by_side(house: Any) -> None:
    class AtFive:
        def standings(self, *_: object) -> dict[str, Standing]:
            return {"delay-champion": Standing(1, canary=2, percent=5.0)}

    house.model()
    house.version(1)
    house.version(2, alias="champion")
    house.rollouts = AtFive()
    house.make()
    assert house.answering() == {2: 5.0, 1: 95.0}
    assert {route.role for route in house.live().routes} == {"canary", "primary"}


def test_versions_that_answer_are_drawn_into_the_lineage(house: Any) -> None:
    house.model()
    house.version(1, alias="champion")
    house.make()
    house.live()
    wanted = EdgeFilter(source=LineageNode(NodeKind.MODEL_VERSION, MODEL, 1))
    (edge,) = [each.edge for each in house.catalog.lineage.edges(house.ada, wanted)]
    assert (edge.operation, edge.target) == ("SERVES", LineageNode(NodeKind.ENDPOINT, "delays", 1))


def test_what_nobody_asks_by_makes_no_new_snapshot(house: Any) -> None:
    house.model()
    house.version(1, alias="champion")
    house.make()
    house.live()
    generation = house.snapshot().generation
    house.endpoints.describe(house.ada, "delays", "Delays")
    house.writer.look()
    assert house.snapshot().generation == generation


@pytest.mark.parametrize("text", ["{}", "not json"])
def test_a_broken_snapshot_is_written_anew(house: Any, text: str) -> None:
    from boathouse.serving.snapshot.files import snapshot_file

    house.home.serving.mkdir()
    snapshot_file(house.home).write_text(text)
    house.make()
    assert house.live().name == "delays"


def _two(house: Any) -> Any:
    from boathouse.foundation.shapes import fit
    from boathouse.serving.endpoints.given import ConfigGiven, wanted_of

    given = {
        "served_entities": [
            {"name": "a", "entity_name": MODEL, "entity_version": "champion"},
            {"name": "b", "entity_name": MODEL, "entity_version": 1},
        ],
        "traffic_config": {"routes": [
            {"served_entity_name": "a", "traffic_percentage": 50},
            {"served_entity_name": "b", "traffic_percentage": 50},
        ]},
    }  # fmt: skip
    return wanted_of(fit(ConfigGiven, given, what="The configuration"), "delays")
