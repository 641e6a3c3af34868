"""Thirty-two writers at once: no version number twice, no alias lost, no move of an alias forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Person, Server

pytestmark = pytest.mark.server

WRITERS = 32


@pytest.fixture
def model(ada: Person, new_name: Callable[[str], str]) -> str:
    return ada.model(f"dev.lab.{new_name('raced')}")


def test_concurrent_versions_get_numbers_of_their_own(
    server: Server, ada: Person, model: str, new_name: Callable[[str], str]
) -> None:
    run = ada.run(ada.experiment(new_name("raced")))

    with ThreadPoolExecutor(WRITERS) as writers:
        numbers = list(writers.map(lambda _: server.admin().version(model, run), range(WRITERS)))

    assert sorted(numbers) == list(range(1, WRITERS + 1))


def test_concurrent_moves_of_an_alias_leave_an_unbroken_history(
    server: Server, ada: Person, model: str, new_name: Callable[[str], str]
) -> None:
    run = ada.run(ada.experiment(new_name("raced")))
    versions = [ada.version(model, run) for _ in range(4)]

    def move(number: int) -> None:
        server.admin().alias(model, "champion", versions[number % 4])
        server.admin().alias(model, f"own_{number}", versions[number % 4])

    with ThreadPoolExecutor(WRITERS) as writers:
        list(writers.map(move, range(WRITERS)))

    aliases = {
        each["alias"]: int(each["version"])
        for each in ada.get("registered-models/get", name=model)["registered_model"]["aliases"]
    }
    moves = ada.call("GET", f"/api/boathouse/v1/models/{model}/history", alias="champion").json()["moves"][::-1]
    assert {name for name in aliases if name.startswith("own_")} == {f"own_{each}" for each in range(WRITERS)}
    assert moves[0]["from_version"] is None
    assert all(later["from_version"] == earlier["to_version"] for earlier, later in pairwise(moves))
    assert moves[-1]["to_version"] == aliases["champion"]


def test_of_those_who_compare_and_set_one_wins(
    server: Server, ada: Person, model: str, new_name: Callable[[str], str]
) -> None:
    run = ada.run(ada.experiment(new_name("raced")))
    ada.version(model, run)
    ada.version(model, run)
    ada.alias(model, "champion", 1)
    body = {"version": 2, "expected": 1, "reason": "better on May"}

    with ThreadPoolExecutor(WRITERS) as writers:
        answers = list(
            writers.map(
                lambda _: server.admin().call("PUT", f"/api/boathouse/v1/models/{model}/aliases/champion", body),
                range(WRITERS),
            )
        )

    assert Counter(each.status_code for each in answers) == {200: 1, 409: WRITERS - 1}
    winner = next(each.json() for each in answers if each.status_code == 200)
    assert (winner["from_version"], winner["to_version"], winner["reason"]) == (1, 2, "better on May")
    assert "points at version 2, not at version 1" in next(each.text for each in answers if each.status_code == 409)


def test_an_alias_that_must_not_exist_yet_is_made_once(
    server: Server, ada: Person, model: str, new_name: Callable[[str], str]
) -> None:
    ada.version(model, ada.run(ada.experiment(new_name("raced"))))
    body = {"version": 1, "expected": None}

    first = ada.call("PUT", f"/api/boathouse/v1/models/{model}/aliases/champion", body)
    second = ada.call("PUT", f"/api/boathouse/v1/models/{model}/aliases/champion", body)

    assert (first.status_code, second.status_code) == (200, 409)


def test_an_alias_cannot_point_at_a_version_that_is_not_there(ada: Person, model: str) -> None:
    answer = ada.call("PUT", f"/api/boathouse/v1/models/{model}/aliases/champion", {"version": 7})

    assert answer.status_code == 404
    assert "has no version 7" in answer.json()["message"]
