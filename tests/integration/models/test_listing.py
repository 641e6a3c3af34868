"""Lists of registered models, page by page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from boathouse.catalog import Privilege, SecurableKind

if TYPE_CHECKING:
    from conftest import Person, Server

pytestmark = pytest.mark.server

ROOT = "/api/boathouse/v1/models"


def pages(person: Person, size: int) -> list[list[dict[str, Any]]]:
    found: list[list[dict[str, Any]]] = []
    token: str | None = ""
    while token is not None:
        query: dict[str, Any] = {"max_results": size} | ({"page_token": token} if token else {})
        page = person.call("GET", ROOT, **query).raise_for_status().json()
        found.append(page["models"])
        token = page["next_page_token"]
    return found


def test_pages_come_to_the_whole_list(ada: Person, new_name: Callable[[str], str]) -> None:
    mine = sorted(ada.model(f"dev.lab.{new_name('page')}") for _ in range(5))

    for size in (1, 2, 3, 1000):
        found = pages(ada, size)
        names = [each["name"] for page in found for each in page]
        assert [name for name in names if name in mine] == mine
        assert len(names) == len(set(names))
        assert all(len(page) == size for page in found[:-1])


def test_pages_hold_what_one_may_see_and_tell_of_nothing_else(
    server: Server, ada: Person, new_name: Callable[[str], str]
) -> None:
    models = [ada.model(f"dev.lab.{new_name(f'p{number}')}") for number in range(6)]
    name = new_name("eva")
    eva = server.user(name)
    for model in models[::2]:
        server.grant(name, SecurableKind.REGISTERED_MODEL, model, Privilege.EXECUTE)
    server.grant(name, SecurableKind.CATALOG, "dev", Privilege.USE_CATALOG)
    server.grant(name, SecurableKind.SCHEMA, "dev.lab", Privilege.USE_SCHEMA)

    found = eva.call("GET", ROOT, max_results=2).raise_for_status().json()

    assert [each["name"] for each in found["models"]] == models[:4:2]
    assert found["next_page_token"] == models[2]  # not the name of one that it may not see
    assert [len(page) for page in pages(eva, 2)] == [2, 1]


def test_a_model_is_listed_with_its_aliases_tags_and_comment(ada: Person, new_name: Callable[[str], str]) -> None:
    name = ada.model(f"dev.lab.{new_name('m')}")
    ada.version(name, ada.run(ada.experiment(new_name("e"))))
    ada.alias(name, "champion", 1)
    ada.post("registered-models/set-tag", {"name": name, "key": "team", "value": "flights"})

    [found] = [each for page in pages(ada, 100) for each in page if each["name"] == name]

    assert (found["aliases"], found["tags"]) == ({"champion": 1}, {"team": "flights"})
