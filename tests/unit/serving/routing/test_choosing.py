"""Shares hold, keys stick, and a canary that grows keeps whom it has."""

from math import sqrt

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boathouse.serving.endpoints.nouns import EntityKind
from boathouse.serving.endpoints.policy import EndpointPolicy, Experiment
from boathouse.serving.routing.choosing import NotServed, Router, choose, sticky_key
from boathouse.serving.scoring.nouns import Payload, Shape
from boathouse.serving.snapshot.nouns import LiveEndpoint, LiveEntity, LiveRoute

EXPERIMENT = EndpointPolicy(
    experiment=Experiment(key=["tail"], control="old", outcomes="a.b.c", outcome="late", outcome_time="known_at")
)


def endpoint(*routes: LiveRoute, policy: EndpointPolicy | None = None, names: dict[str, str] | None = None):
    ids = dict.fromkeys(route.entity_id for route in routes)
    entities = [LiveEntity(each, (names or {}).get(each, each), EntityKind.MODEL, "a.b.c", 1, None) for each in ids]
    return LiveEndpoint("e-1", "flights", 1, tuple(entities), routes, frozenset(), policy or EndpointPolicy())


def canary_at(percent: float) -> Router:
    names = {"v1": "flights", "v2": "flights"}
    return Router(endpoint(LiveRoute("v1", 100 - percent), LiveRoute("v2", percent, "canary"), names=names))


@settings(deadline=None, max_examples=30)
@given(shares=st.lists(st.integers(1, 100), min_size=1, max_size=5), salt=st.integers(0, 10**9))
def test_each_route_gets_its_share_within_what_chance_allows(shares: list[int], salt: int) -> None:
    whole = sum(shares)
    router = Router(endpoint(*(LiveRoute(str(at), 100 * share / whole) for at, share in enumerate(shares))))
    asked = 4000
    chosen = [router.choose(f"{salt}-{each}").entity_id for each in range(asked)]

    for at, share in enumerate(shares):
        expected = asked * share / whole
        five_sigma = 5 * sqrt(expected * (1 - share / whole))
        assert abs(chosen.count(str(at)) - expected) <= five_sigma + 1


@given(request=st.text())
def test_the_same_request_always_takes_the_same_route(request: str) -> None:
    router = canary_at(30)
    assert router.choose(request) == router.choose(request) == canary_at(30).choose(request)


@given(requests=st.lists(st.text(), max_size=50), smaller=st.floats(1, 99), larger=st.floats(1, 99))
def test_whoever_is_in_a_canary_stays_in_it_when_it_grows(requests: list[str], smaller: float, larger: float) -> None:
    smaller, larger = sorted((smaller, larger))
    before = {each for each in requests if canary_at(smaller).choose(each).role == "canary"}
    after = {each for each in requests if canary_at(larger).choose(each).role == "canary"}
    assert before <= after


@given(requests=st.lists(st.text(), max_size=50))
def test_a_canary_of_one_entity_moves_nobody_of_another(requests: list[str]) -> None:
    names = {"a1": "a", "a2": "a", "b1": "b"}
    b = LiveRoute("b1", 40)
    whole = Router(endpoint(LiveRoute("a1", 60), b, names=names))
    split = Router(endpoint(LiveRoute("a2", 6, "canary"), LiveRoute("a1", 54), b, names=names))
    assert {each for each in requests if whole.choose(each) == b} == {
        each for each in requests if split.choose(each) == b
    }


def test_a_treatment_that_grows_keeps_its_keys() -> None:
    keys = [f"N{each}" for each in range(2000)]

    def treated(percent: float) -> set[str]:
        routes = (LiveRoute("old", 100 - percent, "control"), LiveRoute("new", percent, "treatment"))
        router = Router(endpoint(*routes, policy=EXPERIMENT))
        return {key for key in keys if router.choose("any", key).role == "treatment"}

    assert treated(10) < treated(50)


def test_a_key_takes_its_route_whatever_the_request_is() -> None:
    routes = (LiveRoute("old", 50, "control"), LiveRoute("new", 50, "treatment"))
    router = Router(endpoint(*routes, policy=EXPERIMENT))
    for key in ("N1", "N2", "N3", "N4"):
        assert len({router.choose(str(each), key).entity_id for each in range(50)}) == 1


def test_whoever_brings_no_key_gets_the_control_and_is_not_counted() -> None:
    routes = (LiveRoute("old", 50, "control"), LiveRoute("new", 50, "treatment"))
    router = Router(endpoint(*routes, policy=EXPERIMENT))
    chosen = {router.choose(str(each)) for each in range(50)}
    assert {(route.entity_id, route.role) for route in chosen} == {("old", "primary")}


def test_a_caller_may_name_an_entity_even_one_without_traffic() -> None:
    asked = endpoint(LiveRoute("champion", 100), LiveRoute("challenger", 0))
    assert choose(asked, "r", named="challenger").entity_id == "challenger"
    assert {choose(asked, str(each)).entity_id for each in range(100)} == {"champion"}


def test_whoever_picks_an_entity_takes_no_part_in_an_experiment() -> None:
    routes = (LiveRoute("old", 50, "control"), LiveRoute("new", 50, "treatment"))
    chosen = choose(endpoint(*routes, policy=EXPERIMENT), "r", "N1", "new")
    assert (chosen.entity_id, chosen.role) == ("new", "primary")


def test_an_unknown_name_gets_the_closest_one() -> None:
    with pytest.raises(NotServed, match="Did you mean champion"):
        choose(endpoint(LiveRoute("champion", 100)), "r", named="champoin")


@pytest.mark.parametrize(
    "payload",
    [
        Payload(Shape.SPLIT, 2, ["tail", "x"], [["N1", 1], ["N1", 2]]),
        Payload(Shape.RECORDS, 2, ["tail", "x"], [{"tail": "N1", "x": 1}, {"tail": "N1", "x": 2}]),
        Payload(Shape.INPUTS, 2, ["tail", "x"], {"tail": ["N1", "N1"], "x": [1, 2]}),
        Payload(Shape.ARROW, 2, ["tail", "x"], pa.table({"tail": ["N1", "N1"], "x": [1, 2]})),
    ],
    ids=lambda payload: payload.shape.value,
)
def test_a_key_is_found_in_every_shape(payload: Payload) -> None:
    assert sticky_key(payload, ["tail"]) == "N1"
    assert sticky_key(payload, ["x"]) is None, "rows have several keys"
    assert sticky_key(payload, ["other"]) is None


@given(value=st.integers(-(2**50), 2**50))
def test_a_number_is_the_same_key_in_all_its_spellings(value: int) -> None:
    keys = {sticky_key(Payload(Shape.SPLIT, 1, ["id"], [[each]]), ["id"]) for each in (value, float(value), str(value))}
    assert len(keys) == 1
