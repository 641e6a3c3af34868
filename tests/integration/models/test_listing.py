"""Lists of registered models, page by page."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.principals import SYSTEM

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


@pytest.fixture
def seen(server: Server, ada: Person, new_name: Callable[[str], str]) -> tuple[str, list[str]]:
    """Somebody's name, and those of nine models of which they may use every third; each has a tag and two versions."""
    run = ada.run(ada.experiment(new_name("e")))
    prefix = f"dev.lab.{new_name('seen')}"
    models = [ada.model(f"{prefix}_{number}") for number in range(9)]
    for number, model in enumerate(models):
        ada.post("registered-models/set-tag", {"name": model, "key": "place", "value": f"n{number}"})
        ada.post("registered-models/set-tag", {"name": model, "key": "batch", "value": prefix})
        ada.version(model, run)
        ada.post("model-versions/set-tag", {"name": model, "version": str(ada.version(model, run)), "key": "batch",
                                            "value": prefix})  # fmt: skip
        ada.alias(model, "champion", 2)
    name = new_name("ida")
    server.user(name)
    for model in models[::3]:
        server.catalog.grants.grant(SYSTEM, name, [Privilege.EXECUTE], SecurableKind.REGISTERED_MODEL, model)
    server.grant(name, SecurableKind.CATALOG, "dev", Privilege.USE_CATALOG)
    server.grant(name, SecurableKind.SCHEMA, "dev.lab", Privilege.USE_SCHEMA)
    return name, models


def test_mlflows_client_pages_through_what_its_user_may_see(
    server: Server, seen: tuple[str, list[str]], tmp_path: Path
) -> None:
    name, models = seen
    told = json.loads(server.run_script(_PAGED.replace("BATCH", models[0].removesuffix("_0")), server.token(name),
                                        tmp_path).splitlines()[-1])  # fmt: skip
    mine = models[::3]

    assert told["by name"] == [mine[:2], mine[2:]]
    assert told["by name, backwards"] == [mine[:0:-1], mine[:1]]
    assert told["last changed first"] == [mine[:0:-1], mine[:1]]
    assert told["with a tag"] == [[mine[1]]]
    assert told["tags and aliases"] == [[["batch", "place"], {"champion": "2"}]] * 3
    assert told["versions"] == [[[mine[0], "2"], [mine[0], "1"], [mine[1], "2"], [mine[1], "1"]],
                                [[mine[2], "2"], [mine[2], "1"]]]  # fmt: skip
    assert told["tagged versions"] == [[[each, "2"] for each in mine]]
    assert told["of one"] == [[[mine[1], "2"], [mine[1], "1"]]]
    assert told["of one that is hidden"] == [[]]


def test_a_search_that_mlflow_refuses_is_refused_to_whoever_sees_less(
    seen: tuple[str, list[str]], server: Server
) -> None:
    person = server.user(seen[0])
    for query in ({"filter": "colour = 'red'"}, {"order_by": "colour"}, {"max_results": 100_000}, {"page_token": "x"}):
        answer = person.call("GET", "/api/2.0/mlflow/registered-models/search", **query)
        assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE"), query


def test_two_people_at_once_are_each_answered_their_own(
    server: Server, ada: Person, seen: tuple[str, list[str]], new_name: Callable[[str], str]
) -> None:
    name, models = seen
    askers = {
        "some": (server.user(name), models[::3]),
        "none": (server.user(new_name("nil")), []),
        "all": (ada, models),
    }
    condition = f"name LIKE '{models[0].removesuffix('_0')}%'"

    def ask(who: str) -> tuple[str, list[str]]:
        found = askers[who][0].get("registered-models/search", filter=condition, max_results=100)
        return who, [each["name"] for each in found.get("registered_models", [])]

    with ThreadPoolExecutor(6) as pool:
        for who, found in pool.map(ask, list(askers) * 10):
            assert found == askers[who][1]


_PAGED = """
import json
from mlflow import MlflowClient

client = MlflowClient()
MINE = "name LIKE 'BATCH%'"


def pages(search, show, **how):
    found, token = [], None
    while True:
        page = search(page_token=token, **how)
        found.append([show(each) for each in page])
        token = page.token
        if not token:
            return found


def models(**how):
    return pages(client.search_registered_models, lambda each: each.name, max_results=2, **how)


def versions(**how):
    return pages(client.search_model_versions, lambda each: [each.name, str(each.version)],
                 order_by=["name ASC", "version_number DESC"], max_results=4, **how)


print(json.dumps({
    "by name": models(filter_string=MINE),
    "by name, backwards": models(filter_string=MINE, order_by=["name DESC"]),
    "last changed first": models(filter_string=MINE, order_by=["last_updated_timestamp DESC"]),
    "with a tag": models(filter_string=MINE + " AND tags.place = 'n3'"),
    "tags and aliases": [each for page in pages(
        client.search_registered_models, lambda each: [sorted(each.tags), each.aliases], max_results=2,
        filter_string=MINE) for each in page],
    "versions": versions(filter_string=MINE),
    "tagged versions": versions(filter_string="tags.batch = 'BATCH'"),
    "of one": versions(filter_string="name = 'BATCH_3'"),
    "of one that is hidden": versions(filter_string="name = 'BATCH_1'"),
}))
"""


def test_a_page_may_be_of_a_catalog_or_of_what_has_a_text_in_its_name(
    ada: Person, new_name: Callable[[str], str]
) -> None:
    word = new_name("Needle")
    mine = sorted(ada.model(f"dev.lab.{word}{number}").lower() for number in range(2))

    found = ada.call("GET", ROOT, containing=word.upper()).raise_for_status().json()["models"]
    assert [each["name"] for each in found] == mine
    for asked in ({"catalog": "dev"}, {"catalog": "prod"}, {"catalog": "d_v"}):
        found = ada.call("GET", ROOT, containing=word, **asked).raise_for_status().json()["models"]
        assert [each["name"] for each in found] == (mine if asked == {"catalog": "dev"} else [])
