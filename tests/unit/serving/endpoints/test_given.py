"""Configurations as clients send them: what they mean, and everything that is wrong at once."""

from typing import Any

import pytest
from hypothesis import given as over
from hypothesis import strategies as st

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.shapes import DoesNotFit, dotted, fit, unused_fields
from boathouse.serving.endpoints.defaults import rungs_of
from boathouse.serving.endpoints.given import ConfigGiven, EndpointGiven, wanted_of
from boathouse.serving.endpoints.nouns import EntityKind, Wanted


def read(config: dict[str, Any]) -> Wanted:
    return wanted_of(fit(ConfigGiven, config, what="The configuration"), "delays")


def entity(**said: object) -> dict[str, Any]:
    return {"served_entities": [{"entity_name": "prod.flights.delay", **said}]}


@pytest.mark.parametrize(
    ("said", "version", "alias", "name"),
    [
        ({"entity_version": "3"}, 3, None, "delay-3"),
        ({"entity_version": 3}, 3, None, "delay-3"),
        ({"entity_version": "champion"}, None, "champion", "delay-champion"),
        ({"entity_alias": "champion", "name": "main"}, None, "champion", "main"),
    ],
)
def test_a_version_is_a_number_or_an_alias(
    said: dict[str, object], version: int | None, alias: str | None, name: str
) -> None:
    (found,) = read(entity(**said)).entities
    assert (found.kind, found.version, found.alias, found.name) == (EntityKind.MODEL, version, alias, name)


def test_what_has_neither_is_a_feature_spec() -> None:
    (found,) = read(entity()).entities
    assert (found.kind, found.name) == (EntityKind.FEATURE_SPEC, "delay")


def test_the_older_spelling_means_the_same() -> None:
    older = {"served_models": [{"model_name": "prod.flights.delay", "model_version": "3", "workload_size": "Small"}],
             "traffic_config": {"routes": [{"served_model_name": "delay-3", "traffic_percentage": 100}]}}  # fmt: skip
    assert read(older) == read(entity(entity_version=3))


def test_all_that_is_wrong_is_told_at_once() -> None:
    wrong = {
        "served_entities": [
            {"entity_name": "delay", "entity_version": 1},
            {"name": "a", "entity_name": "prod.flights.delay", "entity_version": 1},
            {"name": "a", "entity_name": "prod.flights.delay", "entity_version": 0},
            {"name": "b", "entity_name": "prod.flights.delay", "entity_version": 1, "entity_alias": "x"},
        ],
        "traffic_config": {"routes": [
            {"served_entity_name": "a", "traffic_percentage": 50},
            {"served_entity_name": "c", "traffic_percentage": 10},
        ]},
    }  # fmt: skip
    with pytest.raises(DoesNotFit) as raised:
        read(wrong)
    assert [dotted(each.path) for each in raised.value.problems] == [
        "served_entities[0]", "served_entities[2]", "served_entities[3]", "traffic_config.routes[1]",
        "traffic_config.routes",
    ]  # fmt: skip


def test_somebody_else_s_models_are_refused_and_their_machines_reported() -> None:
    with pytest.raises(DoesNotFit, match="no models of somebody else's"):
        read({"served_entities": [{"external_model": {"name": "gpt"}}]})
    given = fit(EndpointGiven, {"name": "delays", "config": entity(entity_version=1, workload_size="Small")}, what="It")
    assert [dotted(path) for path in unused_fields(given)] == ["config.served_entities[0].workload_size"]


@over(st.lists(st.integers(0, 100), min_size=1, max_size=6))
def test_shares_are_taken_exactly_if_they_sum_to_100(shares: list[int]) -> None:
    config = {
        "served_entities": [
            {"name": f"e{at}", "entity_name": "prod.flights.delay", "entity_version": at + 1}
            for at in range(len(shares))
        ],
        "traffic_config": {
            "routes": [{"served_entity_name": f"e{at}", "traffic_percentage": share} for at, share in enumerate(shares)]
        },
    }
    if sum(shares) == 100:
        assert [route.percent for route in read(config).routes] == shares
    else:
        with pytest.raises(DoesNotFit, match="must sum to 100"):
            read(config)


def test_words_of_a_fallback_become_rungs() -> None:
    found = rungs_of(["previous", "baseline", "constant:0.5", "constant: late", "prod.flights.rules"])
    assert [(rung.kind.value, rung.value, rung.function) for rung in found] == [
        ("previous", None, None), ("baseline", None, None), ("constant", 0.5, None), ("constant", "late", None),
        ("rules", None, "prod.flights.rules"),
    ]  # fmt: skip
    for word in ("constant:", "constant:null", "nobody"):
        with pytest.raises(InvalidInput):
            rungs_of([word])
