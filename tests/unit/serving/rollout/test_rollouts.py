"""A version that takes over an alias comes by steps; every step is written down, and nobody steps twice."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.principals import SYSTEM, Principal
from boathouse.serving.endpoints.nouns import EntityKind, Route, ServedEntity, Wanted
from boathouse.serving.endpoints.policy import EndpointPolicy
from boathouse.serving.endpoints.service import NewEndpoint
from boathouse.serving.rollout import repository as rows
from boathouse.serving.rollout.controller import Controller
from boathouse.serving.rollout.nouns import RolloutState
from boathouse.serving.rollout.plan import Standing
from boathouse.serving.rollout.rollouts import NoRollout, RolloutMoved

from .conftest import MODEL, POLICY, House, Watched, events_of


def controller(house: House, watched: Watched) -> Controller:
    return Controller(house.database, house.rollouts, watched, house.clock)


def states(house: House) -> list[RolloutState]:
    return [rollout.state for rollout, _ in house.rollouts.of(SYSTEM, "late")]


# --- what begins


def test_the_first_version_has_all_of_the_traffic(house: House) -> None:
    assert house.means(1) == Standing(1)
    assert house.means(1) == Standing(1)
    assert states(house) == []


def test_a_version_that_takes_over_the_alias_begins_with_the_first_step(house: House) -> None:
    house.means(1)
    assert house.means(2) == Standing(1, 2, 5)
    assert house.means(2) == Standing(1, 2, 5), "asked again, it does not begin again"
    ((kind, data),) = events_of(house)
    assert kind == "rollout.stepped"
    assert (data["from_version"], data["to_version"], data["to_percent"]) == (1, 2, 5)


def test_without_a_canary_it_takes_over_at_once(house: House) -> None:
    house.means(1, EndpointPolicy())
    assert house.means(2, EndpointPolicy()) == Standing(2)


def test_yet_another_version_takes_the_place_of_the_one_under_way(house: House) -> None:
    house.means(1)
    house.means(2)
    assert house.means(3) == Standing(1, 3, 5)
    assert sorted(states(house)) == [RolloutState.RUNNING, RolloutState.SUPERSEDED]


def test_an_alias_that_goes_back_ends_the_rollout(house: House) -> None:
    house.means(1)
    house.means(2)
    assert house.means(1) == Standing(1)
    assert states(house) == [RolloutState.SUPERSEDED]


def test_an_entity_that_is_named_after_its_version_is_the_same_one(house: House) -> None:
    house.means(1)
    (entity,) = house.endpoint.config.entities
    config = replace(house.endpoint.config, entities=(replace(entity, name="late-2"),))
    renamed = replace(house.endpoint, config=config)
    assert house.rollouts.standings(renamed, POLICY, {"late-2": 2}) == {"late-2": Standing(1, 2, 5)}


# --- by hand


def test_somebody_advances_and_the_last_step_lets_the_new_version_stand(house: House) -> None:
    house.means(1)
    house.means(2)
    assert house.rollouts.advance(SYSTEM, "late").percent == 50
    assert house.means(2) == Standing(1, 2, 50)
    assert house.rollouts.advance(SYSTEM, "late").state is RolloutState.DONE
    assert house.means(2) == Standing(2)
    with pytest.raises(NoRollout):
        house.rollouts.advance(SYSTEM, "late")
    assert {"advanceRollout"} <= {each.action for each in house.catalog.audit.events()}


def test_an_abort_gives_the_traffic_back_and_is_not_forgotten(house: House) -> None:
    house.means(1)
    house.means(2)
    house.rollouts.abort(SYSTEM, "late", "answers are odd")
    assert house.means(2) == Standing(1), "the alias still means version 2"
    assert house.means(1) == Standing(1)
    assert house.means(2) == Standing(1, 2, 5), "it left, and came again"


def test_an_abort_needs_a_reason(house: House) -> None:
    house.means(1)
    house.means(2)
    with pytest.raises(InvalidInput, match="for a reason"):
        house.rollouts.abort(SYSTEM, "late", " ")


def test_what_was_aborted_may_be_tried_again(house: House) -> None:
    house.means(1)
    house.means(2)
    house.rollouts.abort(SYSTEM, "late", "not yet")
    assert house.rollouts.retry(SYSTEM, "late").to_version == 2
    assert house.means(2) == Standing(1, 2, 5)


def test_what_is_tried_again_is_what_was_asked_for_though_another_entity_is_under_way(house: House) -> None:
    served = tuple(ServedEntity(name, EntityKind.MODEL, MODEL, alias=name) for name in ("morning", "evening"))
    wanted = Wanted(served, (Route("morning", 50), Route("evening", 50)), None)
    endpoint = house.endpoints.create(SYSTEM, NewEndpoint("both", wanted, policy=POLICY))
    for version in (1, 2):
        house.rollouts.standings(endpoint, POLICY, {"morning": version, "evening": version})
    house.rollouts.abort(SYSTEM, "both", "not yet", entity="evening")
    house.clock.advance(timedelta(minutes=1))
    again = house.rollouts.retry(SYSTEM, "both", entity="evening")
    assert (again.served.entity, again.state, again.percent) == ("evening", RolloutState.RUNNING, 5)
    assert again in house.rollouts.running()


def test_whoever_may_not_manage_the_endpoint_moves_nothing(house: House) -> None:
    house.means(1)
    house.means(2)
    with pytest.raises(Exception, match="no endpoint late"):
        house.rollouts.advance(Principal("eve"), "late")
    assert house.means(2) == Standing(1, 2, 5)


def test_of_two_who_have_seen_the_same_only_one_steps(house: House) -> None:
    house.means(1)
    house.means(2)
    (seen,) = house.rollouts.running()
    house.rollouts.step(SYSTEM, seen)
    with pytest.raises(RolloutMoved):
        house.rollouts.step(SYSTEM, seen)
    with pytest.raises(RolloutMoved):
        house.rollouts.end(SYSTEM, seen, reason="late to the party")
    assert house.means(2) == Standing(1, 2, 50)


# --- by itself


def test_a_good_canary_gets_all_of_the_traffic_by_itself(house: House) -> None:
    house.means(1)
    house.means(2)
    watched = Watched(house)
    looks = controller(house, watched)
    for answered in (0, 100, 100, 300):
        watched.answers(answered, 20 * answered)
        looks.look()
        house.clock.advance(timedelta(seconds=61))
    assert house.means(2) == Standing(2)
    assert [kind for kind, _ in events_of(house)] == ["rollout.stepped", "rollout.stepped", "rollout.done"]

    percents = [measured.value for _, found in watched.recorded.values() for measured in found[:1]]
    assert percents == [5, 50, 100]
    assert {evaluation.version for evaluation, _ in watched.recorded.values()} == {2}


def test_without_answers_it_waits_forever(house: House) -> None:
    house.means(1)
    house.means(2)
    looks = controller(house, Watched(house))
    for _ in range(20):
        looks.look()
        house.clock.advance(timedelta(days=1))
    (rollout,) = house.rollouts.running()
    assert rollout.percent == 5
    assert "answered 0 requests; a step needs 50" in (rollout.why or "")


def test_a_bad_canary_loses_its_traffic_within_a_look(house: House) -> None:
    house.means(1)
    house.means(2)
    watched = Watched(house)
    looks = controller(house, watched)
    looks.look()
    watched.answers(5, 500, errors=40)
    looks.look()
    assert house.means(2) == Standing(1)
    kind, data = events_of(house)[-1]
    assert kind == "rollout.aborted"
    assert "40 of 45 answers of the canary failed" in data["reason"]
    assert watched.rolled_back == [], "the policy does not say so"


def test_a_control_plane_that_dies_goes_on_where_it_was(house: House) -> None:
    house.means(1)
    house.means(2)
    watched = Watched(house)
    controller(house, watched).look()
    watched.answers(30, 500)
    controller(house, watched).look()
    house.clock.advance(timedelta(seconds=61))
    controller(house, watched).look()
    assert house.means(2) == Standing(1, 2, 5), "30 answers are too few"
    watched.answers(60, 500)
    controller(house, watched).look()
    assert house.means(2) == Standing(1, 2, 50)


def test_the_alias_goes_back_if_the_policy_says_so_even_after_a_death(house: House) -> None:
    assert POLICY.canary is not None
    policy = POLICY.model_copy(update={"canary": POLICY.canary.model_copy(update={"roll_back_alias": True})})
    house.means(1, policy)
    house.means(2, policy)
    house.rollouts.abort(SYSTEM, "late", "no good")
    watched = Watched(house)
    controller(house, watched).move_aliases()
    controller(house, watched).move_aliases()
    assert watched.rolled_back == [1], "once"


def test_a_rollout_that_is_not_automatic_waits_for_somebody(house: House) -> None:
    assert POLICY.canary is not None
    policy = POLICY.model_copy(update={"canary": POLICY.canary.model_copy(update={"automatic": False})})
    house.means(1, policy)
    house.means(2, policy)
    watched = Watched(house)
    looks = controller(house, watched)
    looks.look()
    house.clock.advance(timedelta(seconds=61))
    watched.answers(100, 500)
    looks.look()
    (rollout,) = house.rollouts.running()
    assert (rollout.percent, rollout.why) == (5, "ready for the next step")


def test_with_its_endpoint_a_rollout_ends(house: House) -> None:
    house.means(1)
    house.means(2)
    (rollout,) = house.rollouts.running()
    assert not house.rollouts.forget(rollout)
    house.endpoints.delete(SYSTEM, "late")
    assert house.rollouts.forget(rollout)
    assert house.rollouts.running() == []


def test_two_rollouts_of_one_entity_cannot_be_under_way(house: House) -> None:
    house.means(1)
    house.means(2)
    (rollout,) = house.rollouts.running()
    with pytest.raises(IntegrityError), house.database.write() as connection:
        rows.add(connection, replace(rollout, rollout_id="another"))
