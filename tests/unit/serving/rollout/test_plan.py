"""Each served entity's share is divided between what stands and what comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boathouse.serving.endpoints.nouns import Endpoint, EndpointConfig, EntityKind, Route, ServedEntity
from boathouse.serving.endpoints.policy import EndpointPolicy, Experiment
from boathouse.serving.rollout.plan import Live, Standing, routes_of
from boathouse.serving.snapshot.nouns import LiveEntity, LiveRoute


def endpoint(shares: dict[str, float]) -> Endpoint:
    entities = tuple(ServedEntity(name, EntityKind.MODEL, f"a.b.{name}", alias="champion") for name in shares)
    routes = tuple(Route(name, share) for name, share in shares.items())
    return Endpoint("e", "flights", EndpointConfig(1, entities, routes, None, 0, "ann"), "ann", 0, 0)


def live(*keys: tuple[str, int]) -> Live:
    return {
        key: LiveEntity(f"{key[0]}@{key[1]}", key[0], EntityKind.MODEL, f"a.b.{key[0]}", key[1], None) for key in keys
    }


def test_without_a_rollout_the_routes_are_those_of_the_configuration() -> None:
    found = routes_of(endpoint({"m": 100}), EndpointPolicy(), live(("m", 1)), {"m": Standing(1)})
    assert found == (LiveRoute("m@1", 100),)


def test_a_canary_takes_its_share_of_what_its_entity_gets() -> None:
    standings = {"m": Standing(1, 2, 25), "n": Standing(4)}
    found = routes_of(endpoint({"m": 80, "n": 20}), EndpointPolicy(), live(("m", 1), ("m", 2), ("n", 4)), standings)
    assert found == (LiveRoute("m@2", 20, "canary"), LiveRoute("m@1", 60), LiveRoute("n@4", 20))


def test_entities_of_an_experiment_have_its_roles() -> None:
    policy = EndpointPolicy(
        experiment=Experiment(key=["id"], control="old", outcomes="a.b.c", outcome="y", outcome_time="t")
    )
    found = routes_of(
        endpoint({"old": 50, "new": 50}), policy, live(("old", 1), ("new", 1)), {"old": Standing(1), "new": Standing(1)}
    )
    assert [route.role for route in found] == ["control", "treatment"]


@given(share=st.floats(0, 100), percent=st.floats(0.1, 99.9))
def test_shares_sum_to_a_hundred(share: float, percent: float) -> None:
    standings = {"m": Standing(1, 2, percent), "n": Standing(1)}
    asked = endpoint({"m": share, "n": 100 - share})
    found = routes_of(asked, EndpointPolicy(), live(("m", 1), ("m", 2), ("n", 1)), standings)
    assert sum(route.percent for route in found) == pytest.approx(100)
