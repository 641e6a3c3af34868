"""How people name a model version."""

import pytest

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import ModelName
from boathouse.models.addresses import ModelAddress, parse_address, version_of

DELAY = ModelName.parse("prod.flights.delay")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("prod.flights.delay", ModelAddress(DELAY)),
        ("prod.flights.delay@3", ModelAddress(DELAY, 3)),
        ("prod.flights.delay@v3", ModelAddress(DELAY, 3)),
        ("prod.flights.delay/3", ModelAddress(DELAY, 3)),
        ("PROD.Flights.delay@champion", ModelAddress(DELAY, alias="champion")),
        ("models:/prod.flights.delay/12", ModelAddress(DELAY, 12)),
        ("models:/prod.flights.delay@champion", ModelAddress(DELAY, alias="champion")),
        ("prod.flights.delay/latest", ModelAddress(DELAY, alias="latest")),
        ("prod.`flights`.delay@3", ModelAddress(DELAY, 3)),
    ],
)
def test_an_address_is_read(text: str, expected: ModelAddress) -> None:
    assert parse_address(text) == expected


@pytest.mark.parametrize(
    "text", ["", "delay", "delay@3", "a.b.c@", "a.b.c@0", "a.b.c/", "a.b.c@3/4", "a.b.c@ü?", "a.b.c@../x", "a.b.c@-1 "]
)
def test_what_is_no_address_says_how_to_write_one(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_address(text)
    assert caught.value.hint


def test_a_stage_stands_for_its_alias_unless_an_alias_has_that_name() -> None:
    aliases, stages = {"champion": 3, "staging": 4}, {"production": "champion", "staging": "pre"}

    assert version_of(parse_address("prod.flights.delay@production"), aliases, stages) == 3
    assert version_of(parse_address("prod.flights.delay@staging"), aliases, stages) == 4
    assert version_of(parse_address("prod.flights.delay@nowhere"), aliases, stages) is None
    assert version_of(parse_address("prod.flights.delay@7"), aliases, stages) == 7
