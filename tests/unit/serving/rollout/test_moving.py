"""Traffic that somebody moves: for a reason, by whoever may, and not under what counts on it."""

from typing import Any

import pytest

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.errors import Conflict, Denied, InvalidInput, NotFound
from boathouse.foundation.principals import SYSTEM
from boathouse.serving.endpoints.nouns import EntityKind, Route, ServedEntity, Wanted
from boathouse.serving.rollout.moving import Traffic, TrafficHeld

MODEL = "prod.flights.late"


@pytest.fixture
def traffic(house: Any) -> Traffic:
    entities = (
        ServedEntity("late", EntityKind.MODEL, MODEL, alias="champion"),
        ServedEntity("next", EntityKind.MODEL, MODEL, version=2),
    )
    house.endpoints.update_config(SYSTEM, "late", Wanted(entities, (Route("late", 100), Route("next", 0))))
    return Traffic(house.database, house.endpoints)


def test_traffic_moves_and_the_reason_is_kept(house: Any, traffic: Traffic) -> None:
    moved = traffic.move(SYSTEM, "late", {"late": 80, "next": 20}, " a look at version 2 ")

    assert [(each.entity, each.percent) for each in moved.config.routes] == [("late", 80.0), ("next", 20.0)]
    newest, before, _ = house.endpoints.configs(SYSTEM, "late")
    assert (newest.version, newest.reason, before.reason) == (3, "a look at version 2", None)
    told = [each for each in house.catalog.events.settled_after(0) if each.type == "endpoint.changed"][-1]
    assert told.data == {"config_version": 3, "reason": "a look at version 2"}


@pytest.mark.parametrize(
    ("shares", "reason", "says"),
    [
        ({"late": 80, "next": 30}, "x", "The shares sum to 110 %"),
        ({"late": 100, "newt": 0}, "x", "'newt' is not served here. Did you mean next?"),
        ({"late": 120, "next": -20}, "x", "120 % is no share of the traffic"),
        ({"late": float("nan"), "next": 100}, "x", "nan % is no share of the traffic"),
        ({"late": 50, "next": 50}, "  ", "Traffic is moved for a reason"),
    ],
)
def test_what_makes_no_sense_is_refused(traffic: Traffic, shares: dict[str, float], reason: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        traffic.move(SYSTEM, "late", shares, reason)


def test_who_may_not_manage_the_endpoint_moves_nothing(house: Any, traffic: Traffic) -> None:
    house.catalog.identities.create_user(SYSTEM, "bob")
    bob = house.catalog.identities.principal("bob")
    with pytest.raises(NotFound):
        traffic.move(bob, "late", {"late": 0, "next": 100}, "mine")
    house.catalog.grants.grant(SYSTEM, "bob", [Privilege.BROWSE], SecurableKind.ENDPOINT, "late")
    with pytest.raises(Denied):
        traffic.move(bob, "late", {"late": 0, "next": 100}, "mine")


def test_somebody_elses_change_is_not_run_over(traffic: Traffic) -> None:
    traffic.move(SYSTEM, "late", {"late": 80, "next": 20}, "one", seen=2)
    with pytest.raises(Conflict, match="was changed meanwhile"):
        traffic.move(SYSTEM, "late", {"late": 0, "next": 100}, "two", seen=2)


def test_a_rollout_under_way_holds_the_shares(house: Any, traffic: Traffic) -> None:
    house.endpoint = house.endpoints.get(SYSTEM, "late")
    policy = house.endpoints.policy(SYSTEM, "late")
    for champion in (1, 2):
        house.rollouts.standings(house.endpoint, policy, {"late": champion, "next": 2})

    said = traffic.held_by(SYSTEM, "late")
    assert said is not None
    assert said.startswith("Version 2 is on its way to the traffic of late")
    with pytest.raises(TrafficHeld):
        traffic.move(SYSTEM, "late", {"late": 0, "next": 100}, "now")
    house.rollouts.abort(SYSTEM, "late", "enough")
    assert traffic.held_by(SYSTEM, "late") is None
